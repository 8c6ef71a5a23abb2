//! Makes small changes to a text. Texts that are nearly right are where parsers and decoders go wrong.

use super::random::Random;

/// Pieces with a meaning in JSON, in the notation, or to a reader of lines.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\"", "\\", "{", "}", "[", "]", ",", ":", "\n", "\\n", " ", "0", "1", "-", ".", "e", "E", "+", "null",
    "true", "~", "=", "|", "<<ccr:", "<<ccr:lit>>", ">>", "\\u", "\\ud800", "\\u003c", "\\\"", "[2]{a,b}",
    "[1]{a}", "<>", "<a>", "<*>", "\\n@x", "(", ")", "[(", ")]", "=null", "~~", "[d]", "j", "\u{feff}",
    "\u{e9}", "!", "@", "d", "s", "#", "*", "{}", "[]", "\"\"", "0000000000000000", "_rows_offloaded",
    ",raw,", ",string,", "KB", "\t", "\r", "\0",
];

/// Changes `text` in one to three places.
pub fn mutate(random: &mut Random, text: &mut Vec<u8>) {
    for _ in 0..random.within(1, 3) {
        once(random, text);
    }
}

fn once(random: &mut Random, text: &mut Vec<u8>) {
    let at = random.below(text.len() + 1);
    let to = (at + random.within(1, 6)).min(text.len());
    match random.below(9) {
        0 => drop(text.drain(at..to)),
        1 | 2 => drop(text.splice(at..at, random.pick(PIECES).bytes())),
        3 => drop(text.splice(at..to, random.pick(PIECES).bytes())),
        4 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        5 => {
            if let Some(byte) = text.get_mut(at) {
                *byte = *random.pick(b"019azAZ\"\\,:{}[]\n ~=|<>-.e");
            }
        }
        6 => text.truncate(at),
        7 => {
            let copy = text[at..to].to_vec();
            drop(text.splice(at..at, copy));
        }
        // A line is doubled or removed, which the count of rows must reveal.
        _ => {
            let breaks: Vec<usize> = text
                .windows(2)
                .enumerate()
                .filter(|(_, w)| *w == b"\\n")
                .map(|(i, _)| i)
                .collect();
            if breaks.len() >= 2 {
                let first = random.below(breaks.len() - 1);
                let line = text[breaks[first]..breaks[first + 1]].to_vec();
                if random.chance(50) {
                    drop(text.splice(breaks[first]..breaks[first], line));
                } else {
                    drop(text.drain(breaks[first]..breaks[first + 1]));
                }
            }
        }
    }
}
