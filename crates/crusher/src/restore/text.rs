//! Restores one compacted text by itself.

use crate::error::{Error, Result};
use crate::json::output::Output;
use crate::lookup::Lookup;
use crate::notation::grammar::{NAMES, SECTION};
use crate::notation::header::{Behind, Header};
use crate::notation::marker::{LITERAL, Marker, OPEN};
use crate::notation::reserved::is_reserved;
use crate::restore::restorer::{MarkerAction, Restorer};

/// Restores one text by itself onto `out`: a text as `SmartCrusher` returns it, and as it would stand inside
/// a JSON string. Text that is neither reserved nor JSON is its own original.
///
/// # Errors
/// As `restore_record`, but never `InvalidPayload` or `InvalidUtf8`.
///
/// # Examples
/// ```
/// use headroom_crusher::{Originals, restore_text};
/// let mut restored = Vec::new();
/// restore_text("[]{page:1,next:}", &Originals::default(), &mut restored)?;
/// assert_eq!(restored, br#"{"page": 1, "next": null}"#);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
pub fn restore_text(compacted: &str, originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Restorer::new(MarkerAction::Restore(originals), tapes, false)
        .text(compacted.as_bytes(), out)
        .inspect_err(|_| out.truncate(mark))
}

/// Appends the hash of every marker that restoring a text by itself would resolve, in order.
///
/// # Errors
/// As `restore_text`, but never `Missing`.
///
/// # Examples
/// ```
/// use headroom_crusher::markers_in_text;
/// let mut hashes = Vec::new();
/// markers_in_text("<<ccr:0123456789abcdef01234567,text,2.0KB>> first lines", &mut hashes)?;
/// assert_eq!(hashes, ["0123456789abcdef01234567"]);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
pub fn markers_in_text(compacted: &str, found: &mut Vec<String>) -> Result<()> {
    Restorer::new(MarkerAction::List(found), &mut Vec::new(), false)
        .text(compacted.as_bytes(), &mut Vec::new())
}

impl Restorer<'_> {
    /// Appends the original bytes of a compacted text by itself.
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

/// Returns the length of a reserved text without the JSON whitespace behind it, which is copied.
fn reserved_length(text: &[u8]) -> Result<usize> {
    let mut least = 0;
    let header = Header::read(text, true)?;
    if header.is_some_and(|(header, _)| header.behind != Behind::Value) {
        // White space behind JSON that stood in a string stood in that string, and a text holds its own.
        return Ok(text.len());
    }
    if let Some((Header { rows: Some(rows), .. }, _)) = header {
        // The last rows of a table may be empty lines, so rows are counted. Only names and a marker may
        // follow them. No line ends with a blank. A section line is no row.
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

/// Returns how many bytes at the end are among `these`.
fn trailing(text: &[u8], these: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| these.contains(byte)).count()
}
