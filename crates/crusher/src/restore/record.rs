//! Compacted → original bytes of one record.

use crate::error::Result;
use crate::json::output::Output;
use crate::lookup::Lookup;
use crate::notation::marker::{Marker, OPEN};
use crate::restore::restorer::{MarkerAction, Restorer};

/// Restores one compacted record, a JSON text, onto `out`.
///
/// # Errors
/// `Missing` for an original that `originals` doesn't have, `Format` for an unknown marker, header or table,
/// `InvalidPayload` for text that isn't JSON. `out` is then as it was.
pub fn restore_record(compacted: &[u8], originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Restorer::new(MarkerAction::Restore(originals), tapes, false)
        .record(compacted, out)
        .inspect_err(|_| out.truncate(mark))
}

/// Appends the hash of every marker that restoring the record would resolve, in order.
///
/// # Errors
/// As `restore_record`, except that nothing is missing.
pub fn markers_in_record(compacted: &[u8], found: &mut Vec<String>) -> Result<()> {
    Restorer::new(MarkerAction::List(found), &mut Vec::new(), false).record(compacted, &mut Vec::new())
}

impl Restorer<'_> {
    /// Appends the original of a compacted record.
    pub fn record(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if let Some(hashes) = raw_pieces(compacted)? {
            for hash in hashes {
                self.original(hash, None, out)?;
            }
            return Ok(());
        }
        self.json(compacted, out)
    }
}

/// The hashes of a line that consists of raw markers only, one for each piece of a line in the store.
fn raw_pieces(compacted: &[u8]) -> Result<Option<Vec<&str>>> {
    let Some(mut rest) = compacted
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return Ok(None);
    };
    if !rest.starts_with(OPEN) {
        return Ok(None);
    }
    let mut hashes = Vec::new();
    while !rest.is_empty() {
        match Marker::read(rest) {
            Ok(Some((Marker::Raw { hash }, length))) => {
                hashes.push(hash);
                rest = rest.get(length..).unwrap_or_default();
            }
            Err(error) if !hashes.is_empty() => return Err(error),
            _ => return Ok(None),
        }
    }
    Ok(Some(hashes))
}
