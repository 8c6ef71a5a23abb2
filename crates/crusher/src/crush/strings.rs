//! Strings that hold JSON, taken out of one another.

use crate::json::spelling;
use crate::notation::frame::{Frame, inside};

/// The most bytes that the flags of several strings may take in the header of a table. Its other flags need
/// the rest of the bytes of a header.
const MOST_FLAGS: usize = 14;
/// JSON is looked for in so many strings inside one another.
const MOST_DEEPER: usize = 3;

/// Returns the text of a raw string, and the frame that gives the raw string again. The text is that of the
/// innermost of `strings` more strings, each of which is all that the one around it holds.
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

/// As `decoded`, for JSON that stands in `strings` more strings, or in a few more than that.
pub(crate) fn json_in_strings(raw: &[u8], strings: usize) -> Option<(Vec<u8>, Frame)> {
    for strings in strings..strings + MOST_DEEPER {
        let (text, frame) = decoded(raw, strings)?;
        if begins_json(&text) {
            return Some((text, frame));
        }
        string_in(&text)?;
    }
    None
}

/// Returns true if a text begins like a JSON array or object.
pub(crate) fn begins_json(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'{' | b'['))
}

/// Returns the token of a text that is a JSON string, and whether a newline stands behind it.
pub(crate) fn string_in(text: &[u8]) -> Option<(&[u8], bool)> {
    let token = text.strip_suffix(b"\n").unwrap_or(text);
    inside(token)?;
    Some((token, token.len() < text.len()))
}

/// Returns the text of a raw string with its frame, none if no spelling gives the raw string again.
fn proved(raw: &[u8]) -> Option<(Vec<u8>, Frame)> {
    let mut text = Vec::with_capacity(raw.len());
    let spelling = spelling::decode_proved(raw, &mut text, &mut Vec::new())?;
    Some((text, Frame::string(spelling)))
}
