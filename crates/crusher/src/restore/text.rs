//! Compacted → original bytes of one text by itself.

use crate::error::{Error, Result};
use crate::json::output::Output;
use crate::lookup::Lookup;
use crate::notation::grammar::{NAMES, SECTION};
use crate::notation::header::Header;
use crate::notation::marker::{LITERAL, Marker, OPEN};
use crate::notation::reserved::is_reserved;
use crate::restore::restorer::{MarkerAction, Restorer};

/// Restores one text by itself, as `SmartCrusher` returns it and as it would stand inside a JSON string.
///
/// # Errors
/// As `restore_record`; text that is neither reserved nor JSON is its own original.
pub fn restore_text(compacted: &str, originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Restorer::new(MarkerAction::Restore(originals), tapes, false)
        .text(compacted.as_bytes(), out)
        .inspect_err(|_| out.truncate(mark))
}

/// As `markers_in_record`, for a text by itself.
///
/// # Errors
/// As `markers_in_record`.
pub fn markers_in_text(compacted: &str, found: &mut Vec<String>) -> Result<()> {
    Restorer::new(MarkerAction::List(found), &mut Vec::new(), false)
        .text(compacted.as_bytes(), &mut Vec::new())
}

impl Restorer<'_> {
    pub fn text(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if is_reserved(compacted) {
            if let Some(rest) = compacted.strip_prefix(LITERAL) {
                out.push(rest);
                return Ok(());
            }
            if let Some((Marker::Blob { hash, .. }, _)) = Marker::read(compacted)? {
                return self.original(hash, None, out);
            }
            let (reserved, space) = compacted.split_at(reserved_length(compacted)?);
            self.reserved(reserved, true, out)?;
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

/// Length of a reserved text without the JSON whitespace behind it, which stood behind the array or object.
fn reserved_length(text: &[u8]) -> Result<usize> {
    let mut least = 0;
    let header = Header::read(text, true)?;
    if let Some((Header { verbatim: true, .. }, _)) = header {
        // White space behind JSON that stood in a string stood in that string.
        return Ok(text.len());
    }
    if let Some((Header { rows: Some(rows), .. }, _)) = header {
        // The last rows of a table may be empty lines; behind the rows only names and a marker may follow. No
        // line ends with a blank. A section's line is no row.
        let mut ends = memchr::memchr_iter(b'\n', text)
            .filter(|at| text.get(at + 1) != Some(&SECTION))
            .chain([text.len()]);
        let mut end = ends
            .nth(usize::try_from(rows).unwrap_or(usize::MAX))
            .unwrap_or(text.len());
        for begin in [NAMES, OPEN] {
            if text.get(end + 1..).is_some_and(|rest| rest.starts_with(begin)) {
                end = ends.next().unwrap_or(text.len());
            }
        }
        least = end - trailing(text.get(..end).unwrap_or_default(), b" \r\t");
    }
    Ok(text.len() - trailing(text.get(least..).unwrap_or_default(), b" \n\r\t"))
}

/// How many of the last bytes are among `these`.
fn trailing(text: &[u8], these: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| these.contains(byte)).count()
}
