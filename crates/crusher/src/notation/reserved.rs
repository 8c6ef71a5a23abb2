//! Reserved text: text that begins like a marker or a header of this version of the notation or a later one.

use wide::u8x16;

use crate::json::bytes::{CHUNK, chunk_at};
use crate::json::spelling::decode;
use crate::notation::header::{MAX_HEADER_BYTES, loose_header};
use crate::notation::marker::OPEN;

/// Returns true if decoded text is reserved. User text that is gets `LITERAL` before it.
///
/// # Examples
/// ```
/// use headroom_crusher::notation::reserved::is_reserved;
/// assert!(is_reserved(b"<<ccr:anything"));
/// assert!(is_reserved(b"[2]{id,name}"));
/// assert!(!is_reserved(b"[2] items"));
/// ```
#[must_use]
pub fn is_reserved(text: &[u8]) -> bool {
    text.starts_with(OPEN) || loose_header(text).is_some()
}

/// Returns true if a raw string, given without its quotes, decodes to reserved text.
///
/// # Examples
/// ```
/// use headroom_crusher::notation::reserved::is_reserved_raw;
/// assert!(is_reserved_raw(br"\u003c<ccr:anything"));
/// ```
#[must_use]
pub fn is_reserved_raw(raw: &[u8]) -> bool {
    match raw.first() {
        Some(b'<' | b'[' | b'\\') => {}
        _ => return false,
    }
    // A raw string without escapes in its first characters is its own text there.
    if is_reserved(raw) {
        return true;
    }
    if !raw
        .iter()
        .take(6 * (MAX_HEADER_BYTES + 4))
        .any(|byte| *byte == b'\\')
    {
        return false;
    }
    // Only the first few characters decide.
    let mut start = Vec::with_capacity(raw.len().min(6 * (MAX_HEADER_BYTES + 4)));
    decode_prefix(raw, &mut start);
    is_reserved(&start)
}

/// Decodes as much of the start of a raw string as a header can take. Stops at a surrogate, which no header
/// holds.
fn decode_prefix(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while out.len() < MAX_HEADER_BYTES + 4 && !rest.is_empty() {
        let length = match rest {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 1,
        };
        let (one, tail) = rest.split_at(length.min(rest.len()));
        if one.starts_with(b"\\ud") || one.starts_with(b"\\uD") || !decode(one, out) {
            return;
        }
        rest = tail;
    }
}

/// Returns the position, from `at` on, of the next quote that opens a string which may be reserved. Such a
/// string begins with `<`, `[` or a backslash. Other quotes are told apart: an escaped quote stands behind a
/// backslash, and no closing quote stands before one of these three.
pub(crate) fn find_suspect(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some((chunk, next)) = chunk_at(text, at).zip(chunk_at(text, at + 1)) {
        let [quotes, next] = [chunk, next].map(|chunk| u8x16::new(*chunk));
        let opens = |byte| next.cmp_eq(u8x16::splat(byte));
        let suspects = quotes.cmp_eq(u8x16::splat(b'"')) & (opens(b'<') | opens(b'[') | opens(b'\\'));
        let mut bits = suspects.move_mask();
        while bits != 0 {
            let found = at + bits.trailing_zeros() as usize;
            if !is_escaped(text, found) {
                return Some(found);
            }
            bits &= bits - 1;
        }
        at += CHUNK;
    }
    let rest = text.get(at..)?.windows(2).enumerate();
    rest.filter(|(_, pair)| matches!(pair, [b'"', b'<' | b'[' | b'\\']))
        .map(|(found, _)| at + found)
        .find(|found| !is_escaped(text, *found))
}

/// Returns true if a backslash stands before a quote.
fn is_escaped(text: &[u8], quote: usize) -> bool {
    quote.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\\')
}

#[cfg(test)]
mod tests {
    use super::find_suspect;

    #[test]
    fn strings_that_may_be_reserved_are_found_wherever_they_stand() {
        for before in 0..40 {
            for behind in [0, 1, 2, 30] {
                let (before, behind) = ("x".repeat(before), " ".repeat(behind));
                for (text, found) in [
                    ("\"<\"", true),
                    ("\"[\"", true),
                    ("\"\\u003c\"", true),
                    ("\"a\"", false),
                ] {
                    let json = format!("[\"x{before}\\\"<\",{text}{behind}]");
                    let place = found.then_some(before.len() + 8);
                    assert_eq!(find_suspect(json.as_bytes(), 0), place, "{json}");
                }
            }
        }
    }
}
