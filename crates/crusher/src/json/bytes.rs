//! Looking at many bytes of JSON text in one step.

use wide::u8x16;

/// Bytes looked at in one step: most strings end in their first, so that there is little to mispredict.
pub(crate) const CHUNK: usize = 16;

/// A bit for each byte that is a quote, a backslash or below 0x20.
#[inline]
pub(crate) fn specials(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let quote = bytes.cmp_eq(u8x16::splat(b'"'));
    let backslash = bytes.cmp_eq(u8x16::splat(b'\\'));
    let control = bytes.min(u8x16::splat(0x1f)).cmp_eq(bytes);
    (quote | backslash | control).move_mask().cast_unsigned()
}

/// A bit for each byte above 0x7f.
#[inline]
pub(crate) fn high(chunk: &[u8; CHUNK]) -> u32 {
    u8x16::new(*chunk).move_mask().cast_unsigned()
}

/// The place, from `at` on, of the next quote in JSON text that opens a string which may be ours: one whose first raw byte
/// is `<`, `[` or a backslash. An escaped quote stands behind a backslash, and no closing one stands before such a byte.
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

fn chunk_at(text: &[u8], at: usize) -> Option<&[u8; CHUNK]> {
    text.get(at..).and_then(<[u8]>::first_chunk)
}

/// The place of the first byte from `at` on that is no JSON whitespace.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    loop {
        match text.get(at) {
            Some(b' ' | b'\r' | b'\t') => at += 1,
            Some(b'\n') => {
                at += 1;
                // Indentation, eight spaces at a time.
                while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk) {
                    let others = u64::from_le_bytes(*word) ^ 0x2020_2020_2020_2020;
                    if others != 0 {
                        at += others.trailing_zeros() as usize / 8;
                        break;
                    }
                    at += 8;
                }
            }
            _ => return at,
        }
    }
}

/// Position of the first byte that JSON makes a string escape: a quote, a backslash or one below 0x20.
#[inline]
pub(crate) fn find_special(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    for (at, chunk) in chunks.iter().enumerate() {
        let special = specials(chunk);
        if special != 0 {
            return Some(at * CHUNK + special.trailing_zeros() as usize);
        }
    }
    let found = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    found.map(|at| chunks.len() * CHUNK + at)
}

/// Length of the string token that `text` begins with, quotes included; none if it doesn't end.
#[inline]
pub(crate) fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        at += find_special(rest)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, find_special, find_suspect, high, specials, string_length};

    #[test]
    fn every_byte_at_every_place_is_told_apart() {
        for byte in 0..=255_u8 {
            for place in 0..CHUNK {
                for others in [b'a', 0x20, 0xff] {
                    let mut chunk = [others; CHUNK];
                    if let Some(at) = chunk.get_mut(place) {
                        *at = byte;
                    }
                    let bits = |is: &dyn Fn(u8) -> bool| {
                        (0..CHUNK)
                            .zip(chunk)
                            .map(|(at, byte)| u32::from(is(byte)) << at)
                            .sum::<u32>()
                    };
                    let special = bits(&|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
                    assert_eq!(specials(&chunk), special, "{chunk:?}");
                    assert_eq!(high(&chunk), bits(&|byte| byte >= 0x80), "{chunk:?}");
                }
            }
        }
    }

    #[test]
    fn strings_that_may_be_ours_are_found_wherever_they_stand() {
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

    #[test]
    fn strings_end_at_their_own_quote() {
        for length in 0..40 {
            let text = format!("\"{}\\\\\",\"x\"", "\\\"".repeat(length));
            assert_eq!(string_length(text.as_bytes()), Some(2 * length + 4), "{text}");
            let open = "x".repeat(length);
            assert_eq!(string_length(format!("\"{open}").as_bytes()), None);
            assert_eq!(find_special(format!("{open}\n{open}").as_bytes()), Some(length));
        }
    }
}
