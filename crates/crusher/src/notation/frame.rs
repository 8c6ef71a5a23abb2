//! Frames: what stood in the place of a marker, a table or a document.

use crate::json::bytes::string_length;
use crate::json::spelling::{self, Spelling};

/// Strings inside one another that a frame can tell of.
pub(crate) const MAX_STRINGS: usize = 8;

/// A JSON string that a content stood in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StringFrame {
    /// The string ends with a newline that isn't part of the content.
    pub newline: bool,
    /// How the string is spelled.
    pub spelling: Spelling,
}

/// What stood in the place of a reserved string: the content itself, or a JSON string with that content. This
/// string may have been the content of another one, and so on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The innermost string first; those behind `count` are the default.
    strings: [StringFrame; MAX_STRINGS],
    count: usize,
}

impl Frame {
    /// A JSON value: the content itself.
    pub const VALUE: Self = Self {
        strings: [StringFrame {
            newline: false,
            spelling: Spelling::MINIMAL,
        }; MAX_STRINGS],
        count: 0,
    };

    /// Returns the frame of one JSON string with nothing behind the content.
    #[must_use]
    pub fn string(spelling: Spelling) -> Self {
        let mut frame = Self::VALUE;
        if let Some(first) = frame.strings.first_mut() {
            first.spelling = spelling;
            frame.count = 1;
        }
        frame
    }

    /// Returns the strings, innermost first; none for a value.
    #[must_use]
    pub fn strings(&self) -> &[StringFrame] {
        self.strings.get(..self.count).unwrap_or_default()
    }

    /// Returns the same frame, with or without a newline behind the content. A value stays a value.
    pub(crate) fn ending(mut self, newline: bool) -> Self {
        if let Some(innermost) = self.strings.first_mut() {
            innermost.newline = newline && self.count > 0;
        }
        self
    }

    /// Returns the strings of `inner` with these around them, none if they are too many.
    pub(crate) fn around(self, inner: Self) -> Option<Self> {
        let mut frame = inner;
        for string in self.strings() {
            *frame.strings.get_mut(frame.count)? = *string;
            frame.count += 1;
        }
        Some(frame)
    }

    /// Appends the flags; a value has none.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        for (number, string) in self.strings().iter().enumerate() {
            out.push(letter(number));
            if string.newline {
                out.push(b'n');
            }
            string.spelling.write(out);
        }
    }

    /// Reads the flags at the start of `text`; no flag means a value. Returns the frame and the rest.
    pub(crate) fn read(mut text: &[u8]) -> (Self, &[u8]) {
        let mut frame = Self::VALUE;
        while let Some(slot) = frame.strings.get_mut(frame.count)
            && let Some(rest) = text.strip_prefix(&[letter(frame.count)])
        {
            let (newline, rest) = rest.strip_prefix(b"n").map_or((false, rest), |rest| (true, rest));
            let (spelling, rest) = Spelling::read(rest);
            *slot = StringFrame { newline, spelling };
            frame.count += 1;
            text = rest;
        }
        (frame, text)
    }

    /// Returns the content of a text in this frame, none if the frame doesn't give that text again.
    pub(crate) fn content(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut content: Option<Vec<u8>> = None;
        for string in self.strings().iter().rev() {
            let token = content.as_deref().unwrap_or(text);
            let raw = inside(token)?;
            let mut decoded = Vec::with_capacity(raw.len());
            if !spelling::decode_as(raw, string.spelling, &mut decoded, &mut Vec::new()) {
                return None;
            }
            if string.newline {
                decoded.pop_if(|last| *last == b'\n')?;
            }
            content = Some(decoded);
        }
        content
    }
}

/// Returns what the flags of a string begin with: `s` for the innermost, `o` for those around it.
fn letter(number: usize) -> u8 {
    if number == 0 { b's' } else { b'o' }
}

/// Returns the inside of a text that is one string token and nothing else.
pub(crate) fn inside(token: &[u8]) -> Option<&[u8]> {
    let is_token = token.starts_with(b"\"") && string_length(token) == Some(token.len());
    is_token.then(|| token.get(1..token.len() - 1)).flatten()
}
