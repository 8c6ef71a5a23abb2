//! Restores records that were padded with blanks to their old length.
//!
//! The blanks stand between a compacted record and the whitespace that was behind it before. Where that begins
//! with blanks as well, nobody sees how many are the padding's. But a padded record is as long as it was, and
//! the rest of it is known once it is restored. So the blanks that it had are those that fill this length.

use crate::error::Result;
use crate::lookup::Lookup;
use crate::restore::record::restore_record;

/// Restores one compacted record that may have been padded, as `restore_record` does.
///
/// # Errors
/// As `restore_record`.
///
/// # Examples
/// ```
/// use headroom_crusher::{Originals, restore_padded_record};
/// let mut restored = Vec::new();
/// let padded = br#""[2]{id,ok=true}\n1\n2"                "#;
/// restore_padded_record(padded, &Originals::default(), &mut restored)?;
/// assert_eq!(restored, br#"[{"id":1,"ok":true},{"id":2,"ok":true}]"#);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
pub fn restore_padded_record(padded: &[u8], originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let (text, whitespace) = padded.split_at(end_of_text(padded));
    let blanks = whitespace.iter().take_while(|byte| **byte == b' ').count();
    let behind = whitespace.get(blanks..).unwrap_or_default();
    let start = out.len();
    restore_record(text, originals, out)?;
    let missing = padded.len().saturating_sub(out.len() - start + behind.len());
    // A record that has become longer wasn't padded: all blanks are its own.
    out.resize(out.len() + missing.min(blanks), b' ');
    out.extend_from_slice(behind);
    Ok(())
}

/// Returns where the whitespace behind a record begins.
pub(crate) fn end_of_text(record: &[u8]) -> usize {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r');
    record.iter().rposition(is_text).map_or(0, |at| at + 1)
}
