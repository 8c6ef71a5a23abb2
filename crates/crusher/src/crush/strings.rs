//! Strings that hold JSON, taken out of one another.

use crate::json::spelling;
use crate::notation::frame::{Frame, inside};

/// Bytes of the flags that tell of strings in one another, in the header of a table: its other flags need the
/// rest of what a header may have.
const MOST_FLAGS: usize = 14;

/// The text of a raw string, and the frame that gives the raw string again. The text is looked for inside
/// `strings` more strings, each of which is all that the one around it holds.
pub(crate) fn decoded(raw: &[u8], strings: usize) -> Option<(Vec<u8>, Frame)> {
    let (mut text, mut frame) = proved(raw)?;
    for _ in 0..strings {
        let (token, newline) = string_in(&text)?;
        let (inner, string) = proved(inside(token)?)?;
        frame = frame.ending(newline).around(string)?;
        text = inner;
    }
    let mut flags = Vec::new();
    frame.write(&mut flags);
    (strings == 0 || flags.len() <= MOST_FLAGS).then_some((text, frame))
}

/// The token of a text that is a JSON string, and whether a newline stands behind it.
pub(crate) fn string_in(text: &[u8]) -> Option<(&[u8], bool)> {
    let token = text.strip_suffix(b"\n").unwrap_or(text);
    inside(token)?;
    Some((token, token.len() < text.len()))
}

fn proved(raw: &[u8]) -> Option<(Vec<u8>, Frame)> {
    let mut text = Vec::with_capacity(raw.len());
    let spelling = spelling::decode_proved(raw, &mut text, &mut Vec::new())?;
    Some((text, Frame::string(spelling)))
}
