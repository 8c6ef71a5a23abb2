//! Looks at many bytes of JSON text in one step.

use wide::u8x16;

/// Bytes that are looked at in one step. Most strings end in their first chunk, so few branches are
/// mispredicted.
pub(crate) const CHUNK: usize = 16;

/// Returns a mask with a bit for each byte that is a quote, a backslash or below 0x20.
#[inline]
pub(crate) fn specials(chunk: &[u8; CHUNK]) -> u32 {
    let bytes = u8x16::new(*chunk);
    let quote = bytes.cmp_eq(u8x16::splat(b'"'));
    let backslash = bytes.cmp_eq(u8x16::splat(b'\\'));
    let control = bytes.min(u8x16::splat(0x1f)).cmp_eq(bytes);
    (quote | backslash | control).move_mask().cast_unsigned()
}

/// Returns a mask with a bit for each byte above 0x7f.
#[inline]
pub(crate) fn high(chunk: &[u8; CHUNK]) -> u32 {
    u8x16::new(*chunk).move_mask().cast_unsigned()
}

/// Returns the chunk that begins at a position, if the text has that many bytes left.
#[inline]
pub(crate) fn chunk_at(text: &[u8], at: usize) -> Option<&[u8; CHUNK]> {
    text.get(at..).and_then(<[u8]>::first_chunk)
}

/// Returns the position of the first byte, from `at` on, that isn't JSON whitespace.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    loop {
        match text.get(at) {
            Some(b' ' | b'\r' | b'\t') => at += 1,
            Some(b'\n') => {
                at += 1;
                // Skips indentation, eight spaces at a time.
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

/// Returns the position of the first byte that must be escaped in a string: a quote, a backslash, or a byte
/// below 0x20.
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

/// Returns the length of the string token that `text` begins with, quotes included; none if it doesn't end.
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
    use super::{CHUNK, find_special, high, specials, string_length};

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
