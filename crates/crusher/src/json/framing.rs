//! How a file holds its records, as its first bytes tell.
//!
//! A file is JSON Lines when its first line is a whole array or object, and a document when its first array or
//! object goes on beyond the line, or another one follows it on its line. Where the first text isn't JSON,
//! as behind a banner, the lines are counted: a file of JSON Lines has at least as many lines with an array or
//! object as other ones.

use crate::error::Error;
use crate::json::bytes::skip_space;
use crate::json::cut::container_end;
use crate::json::scan::Tape;

/// Nesting that is followed; what is deeper is found when it is crushed.
const MAX_DEPTH: usize = 256;
/// A word that the end of the bytes cuts looks like nonsense; none is longer.
const LONGEST_WORD: usize = 8;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a file holds its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Nothing but whitespace is there.
    Blank,
    /// A record in each line.
    Lines,
    /// JSON texts of any layout, one behind the other.
    Document,
    /// The first line doesn't end within these bytes: more of them must be seen.
    Unknown,
    /// No JSON.
    Other,
}

impl Framing {
    /// Its name in plans and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Lines => "lines",
            Self::Document => "document",
            Self::Unknown => "unknown",
            Self::Other => "other",
        }
    }
}

/// What the first text of a file is.
enum First {
    Whole(usize),
    Cut,
    Wrong,
}

/// Tells how a file holds its records.
///
/// `head` is how the file begins; `whole` is true when that is all of it.
///
/// # Examples
/// ```
/// use headroom_crusher::json::framing::{Framing, framing};
/// assert_eq!(framing(b"{\"a\":1}\n{\"a\":2}\n", true), Framing::Lines);
/// assert_eq!(framing(b"{\n  \"a\": 1,\n  \"b", false), Framing::Document);
/// assert_eq!(framing(b"[INFO] started\n", true), Framing::Other);
/// ```
#[must_use]
pub fn framing(head: &[u8], whole: bool) -> Framing {
    let text = head.strip_prefix(BOM).unwrap_or(head);
    let start = skip_space(text, 0);
    if start >= text.len() {
        return if whole { Framing::Blank } else { Framing::Unknown };
    }
    let first = text.get(start..).unwrap_or_default();
    let line_end = memchr::memchr(b'\n', first);
    match first_text(first) {
        First::Whole(end) => {
            let behind = skip_space(first, end);
            let next = first.get(behind).copied();
            let has_break = line_end.is_some_and(|line_end| line_end < behind);
            match (line_end, next) {
                (Some(line_end), _) if line_end < end => Framing::Document,
                (_, None) if whole || has_break => Framing::Lines,
                (_, None) => Framing::Unknown,
                (_, Some(_)) if has_break => Framing::Lines,
                (_, Some(b'{' | b'[')) => Framing::Document,
                _ => by_lines(text, whole),
            }
        }
        First::Cut if line_end.is_some() || whole => Framing::Document,
        First::Cut => Framing::Unknown,
        First::Wrong => by_lines(text, whole),
    }
}

/// Reads the array or object that a text begins with.
fn first_text(text: &[u8]) -> First {
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return First::Wrong;
    }
    let mut tape = Tape::default();
    if let Some(end) = container_end(text, 0) {
        let is_json = tape.scan(text.get(..end).unwrap_or_default(), MAX_DEPTH);
        return match is_json {
            Ok(_) | Err(Error::LimitExceeded { .. }) => First::Whole(end),
            Err(_) => First::Wrong,
        };
    }
    // The end of the bytes may cut a character.
    let valid = match std::str::from_utf8(text) {
        Ok(_) => text.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return First::Wrong,
    };
    let text = text.get(..valid).unwrap_or_default();
    match tape.scan(text, MAX_DEPTH) {
        Err(Error::InvalidPayload { line, column, .. }) => {
            if place(text, line, column) + LONGEST_WORD > text.len() {
                First::Cut
            } else {
                First::Wrong
            }
        }
        Err(Error::LimitExceeded { .. }) => First::Cut,
        _ => First::Wrong,
    }
}

/// The byte at a line and column, both counted from 1.
fn place(text: &[u8], line: usize, column: usize) -> usize {
    let before = match line.checked_sub(2) {
        None => 0,
        Some(breaks) => memchr::memchr_iter(b'\n', text)
            .nth(breaks)
            .map_or(0, |at| at + 1),
    };
    before + column - 1
}

/// Counts the lines that are arrays or objects, and the others.
fn by_lines(text: &[u8], whole: bool) -> Framing {
    let mut tape = Tape::default();
    let (mut records, mut others) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") && !whole {
            break;
        }
        match line.get(skip_space(line, 0)) {
            None => {}
            Some(b'{' | b'[') if tape.scan(line, MAX_DEPTH).is_ok() => records += 1,
            Some(_) => others += 1,
        }
    }
    if records > 0 && records >= others {
        Framing::Lines
    } else {
        Framing::Other
    }
}

#[cfg(test)]
mod tests {
    use super::{Framing, framing};

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        for (head, expected) in [
            ("", Framing::Blank),
            ("\u{feff} \r\n\n", Framing::Blank),
            ("{\"a\":1}", Framing::Lines),
            ("\n\n[1]\n", Framing::Lines),
            ("{\"a\":1} \r\n{\"a\":", Framing::Lines),
            ("{\"a\":1}\nnot JSON\n", Framing::Lines),
            ("banner\n{\"a\":1}\n{\"a\":1}\n", Framing::Lines),
            ("{\"broken\": \n{\"a\":1}\n{\"b\":1}\n", Framing::Lines),
            ("{\"a\":1}{\"b\":2}", Framing::Document),
            ("{\n\"a\":1}", Framing::Document),
            ("[\n", Framing::Document),
            ("{\"cut\": [1, tr", Framing::Document),
            ("{\n\"a\": \"é", Framing::Document),
            ("[INFO] one\n[INFO] two\n", Framing::Other),
            ("{% a template\nof two lines %}\n", Framing::Other),
            ("1\n2\n", Framing::Other),
            ("\"text\"", Framing::Other),
            ("{\n\"a\": NaN,\n\"b\": 1234567890}\n", Framing::Other),
        ] {
            assert_eq!(framing(head.as_bytes(), true), expected, "{head:?}");
        }
    }

    #[test]
    fn a_document_is_one_wherever_its_beginning_is_cut() {
        let text = "{\n \"key\": [true, false, null, -1.5e+3, \"é\\u00e9\", {\"x\": []}]\n}\n".as_bytes();
        for end in 2..=text.len() {
            let head = text.get(..end).unwrap_or_default();
            assert_eq!(framing(head, false), Framing::Document, "{end}");
        }
        let line = "{\"key\": [true, -1.5e+3, \"é\\u00e9\"]}".as_bytes();
        for end in 0..line.len() {
            let head = line.get(..end).unwrap_or_default();
            assert_eq!(framing(head, false), Framing::Unknown, "{end}");
        }
    }
}
