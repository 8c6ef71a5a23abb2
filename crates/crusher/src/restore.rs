//! Compacted → original bytes: one record, or one bare text.

use crate::error::{Error, Result};
use crate::marker::{Head, LITERAL, Marker, OPEN, is_reserved};
use crate::output::{Comparison, Output};
use crate::scan::Tape;
use crate::table::SECTION;
use crate::walker::{Sink, Walker};

/// Where originals come from.
pub trait Lookup {
    /// The bytes behind a hash of 24 or 64 digits; the caller answers for their digest.
    fn get(&self, hash: &str) -> Option<&[u8]>;
}

/// Restores one compacted record, a JSON text, onto `out`.
///
/// # Errors
/// `Missing` for an original that `originals` doesn't have, `Format` for an unknown marker, head or table,
/// `InvalidPayload` for text that isn't JSON. `out` is then as it was.
pub fn restore_record(compacted: &[u8], originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Walker::new(Sink::Restore(originals), tapes, false)
        .record(compacted, out)
        .inspect_err(|_| out.truncate(mark))
}

/// True if a text just written here, a record's token or a bare one (`bare`), restores to `original`.
pub(crate) fn restores(
    tapes: &mut Vec<Tape>,
    compacted: &[u8],
    bare: bool,
    originals: &dyn Lookup,
    original: &[u8],
) -> bool {
    let mut comparison = Comparison::new(original);
    let mut walker = Walker::new(Sink::Restore(originals), tapes, true);
    let result = if bare {
        walker.text(compacted, &mut comparison)
    } else {
        walker.record(compacted, &mut comparison)
    };
    result.is_ok() && comparison.is_same()
}

/// Restores one bare text, as `SmartCrusher` returns it and as it would stand inside a JSON string.
///
/// # Errors
/// As `restore_record`; text that is neither ours nor JSON is its own original.
pub fn restore_text(compacted: &str, originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Walker::new(Sink::Restore(originals), tapes, false)
        .text(compacted.as_bytes(), out)
        .inspect_err(|_| out.truncate(mark))
}

/// Appends the hash of every marker that restoring the record would resolve, in order.
///
/// # Errors
/// As `restore_record`, except that nothing is missing.
pub fn markers_in_record(compacted: &[u8], found: &mut Vec<String>) -> Result<()> {
    Walker::new(Sink::List(found), &mut Vec::new(), false).record(compacted, &mut Vec::new())
}

/// As `markers_in_record`, for a bare text.
///
/// # Errors
/// As `markers_in_record`.
pub fn markers_in_text(compacted: &str, found: &mut Vec<String>) -> Result<()> {
    Walker::new(Sink::List(found), &mut Vec::new(), false).text(compacted.as_bytes(), &mut Vec::new())
}

impl Walker<'_> {
    fn record(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if let Some(hashes) = raw_pieces(compacted)? {
            for hash in hashes {
                self.original(hash, None, out)?;
            }
            return Ok(());
        }
        self.json(compacted, out)
    }

    fn text(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if is_reserved(compacted) {
            if let Some(rest) = compacted.strip_prefix(LITERAL) {
                out.push(rest);
                return Ok(());
            }
            if let Some((Marker::Blob { hash, .. }, _)) = Marker::read(compacted)? {
                return self.original(hash, None, out);
            }
            let (ours, space) = compacted.split_at(ours_length(compacted)?);
            self.ours(ours, out)?;
            out.push(space);
            return Ok(());
        }
        if !matches!(compacted.trim_ascii_start().first(), Some(b'{' | b'[')) {
            out.push(compacted);
            return Ok(());
        }
        let start = out.position();
        match self.json(compacted, out) {
            Err(Error::InvalidPayload { .. }) => {
                out.rewind(start);
                out.push(compacted);
                Ok(())
            }
            result => result,
        }
    }
}

/// Length of a bare text without the JSON whitespace behind it, which stood behind the array or object.
fn ours_length(text: &[u8]) -> Result<usize> {
    let mut least = 0;
    if let Some((Head { rows: Some(rows), .. }, _)) = Head::read(text)? {
        // The last rows of a table may be empty lines; behind the rows only a marker may follow. No line ends with a blank.
        // A section's line is no row.
        let mut ends = memchr::memchr_iter(b'\n', text)
            .filter(|at| text.get(at + 1) != Some(&SECTION))
            .chain([text.len()]);
        let mut end = ends
            .nth(usize::try_from(rows).unwrap_or(usize::MAX))
            .unwrap_or(text.len());
        if text.get(end + 1..).is_some_and(|rest| rest.starts_with(OPEN)) {
            end = ends.next().unwrap_or(text.len());
        }
        least = end - trailing(text.get(..end).unwrap_or_default(), b" \r\t");
    }
    Ok(text.len() - trailing(text.get(least..).unwrap_or_default(), b" \n\r\t"))
}

/// How many of the last bytes are among `these`.
fn trailing(text: &[u8], these: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| these.contains(byte)).count()
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
