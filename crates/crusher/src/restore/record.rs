//! Restores one compacted record.

use crate::error::Result;
use crate::json::output::Output;
use crate::lookup::Lookup;
use crate::notation::marker::{Marker, OPEN};
use crate::restore::restorer::{MarkerAction, Restorer};

/// Restores one compacted record, a JSON text, onto `out`.
///
/// # Errors
/// `Missing` for an original that `originals` doesn't have, `Format` for an unknown marker, header or table.
/// `InvalidPayload` or `InvalidUtf8` for text that isn't JSON, `LimitExceeded` for text that is nested too
/// deep or stands for too many bytes. `out` is then as it was.
///
/// # Examples
/// ```
/// use headroom_crusher::{Originals, restore_record};
/// let mut restored = Vec::new();
/// restore_record(br#"{"rows":"[2]{id,ok=true}\n1\n2"}"#, &Originals::default(), &mut restored)?;
/// assert_eq!(restored, br#"{"rows":[{"id":1,"ok":true},{"id":2,"ok":true}]}"#);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
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
/// As `restore_record`, but never `Missing`.
///
/// # Examples
/// ```
/// use headroom_crusher::markers_in_record;
/// let mut hashes = Vec::new();
/// markers_in_record(br#"["<<ccr:0123456789abcdef01234567,raw,2.0KB>>"]"#, &mut hashes)?;
/// assert_eq!(hashes, ["0123456789abcdef01234567"]);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
pub fn markers_in_record(compacted: &[u8], found: &mut Vec<String>) -> Result<()> {
    Restorer::new(MarkerAction::List(found), &mut Vec::new(), false).record(compacted, &mut Vec::new())
}

impl Restorer<'_> {
    /// Appends the original bytes of a compacted record.
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

/// Returns the hashes of a record that is a string of raw markers only. Each names a piece of the original
/// line.
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
