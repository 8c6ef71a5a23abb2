//! Cuts long lines into pieces, and finds the patterns of lines.

use crate::excerpt::shorten::shorten;
use crate::hashing::hash;

/// Returns the first piece of a long line: up to the end of a sentence or clause, else a space, else
/// anywhere.
pub(crate) fn piece(line: &str, piece_bytes: usize) -> &str {
    let head = shorten(line, piece_bytes);
    let (mut best, mut end) = (0, head.len());
    let pairs = head.as_bytes().windows(2).enumerate().skip(piece_bytes / 2);
    for (at, pair) in pairs {
        let rank = match pair {
            [b'.' | b'!' | b'?' | b';', b' '] | [b'}', b','] => 2,
            [_, b' '] => 1,
            _ => 0,
        };
        if rank > 0 && rank >= best {
            (best, end) = (rank, at + 2);
        }
    }
    line.get(..end).unwrap_or(line)
}

/// The class of each byte in a line's pattern. All letters are one class, and all digits another.
const CLASS: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte = 0_u8;
    while let Some((entry, behind)) = rest.split_first_mut() {
        *entry = match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' | 0x80..=0xff => b'a',
            b'\t' => b' ',
            other => other,
        };
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    table
};

/// Returns a hash of a line's pattern: the classes of its bytes, where a run of one class counts once.
pub(crate) fn pattern_hash(line: &[u8]) -> u64 {
    let mut pattern = [0_u8; 48];
    let mut length = 0;
    let mut last = 0;
    for &byte in line {
        let class = CLASS.get(usize::from(byte)).copied().unwrap_or(0);
        if class != last {
            let Some(place) = pattern.get_mut(length) else {
                break;
            };
            *place = class;
            length += 1;
            last = class;
        }
    }
    hash(pattern.get(..length).unwrap_or_default())
}
