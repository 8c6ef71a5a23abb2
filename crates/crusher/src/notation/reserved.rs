//! Reserved text: what reads as a marker or as a header, in this version of the notation or in a later one.

use wide::u8x16;

use crate::json::bytes::{CHUNK, chunk_at};
use crate::json::spelling::decode;
use crate::notation::header::{MAX_HEADER_BYTES, loose_header};
use crate::notation::marker::OPEN;

/// True for decoded text that reads as a marker or a header, in this version or a later one: such user text
/// gets `LITERAL` before it.
#[must_use]
pub fn is_reserved(text: &[u8]) -> bool {
    text.starts_with(OPEN) || loose_header(text).is_some()
}

/// True where the raw string (without its quotes) decodes to reserved text.
#[must_use]
pub fn is_reserved_raw(raw: &[u8]) -> bool {
    match raw.first() {
        Some(b'<' | b'[' | b'\\') => {}
        _ => return false,
    }
    // The raw text of one without escapes in its first characters is its text.
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
    // Only the first few characters matter; a cut inside an escape leaves a tail that decodes to something
    // harmless.
    let mut start = Vec::with_capacity(raw.len().min(6 * (MAX_HEADER_BYTES + 4)));
    decode_prefix(raw, &mut start);
    is_reserved(&start)
}

/// Decodes as much of the start of a raw string as a header can take, up to the first lone surrogate.
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

/// The place, from `at` on, of the next quote in JSON text that opens a string which may be reserved: one
/// whose first raw byte is `<`, `[` or a backslash. An escaped quote stands behind a backslash, and no
/// closing one stands before such a byte.
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

/// True for a quote that a backslash stands before.
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
