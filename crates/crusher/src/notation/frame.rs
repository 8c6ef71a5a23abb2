//! Frames: what stood in the place of a marker, a table or a document.

use crate::json::spelling::Spelling;

/// What stood in the place of a reserved string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frame {
    /// A JSON value: the content itself.
    #[default]
    Value,
    /// A JSON string with this content, and one newline behind it if `newline`.
    String {
        /// The string ends with a newline that isn't part of the content.
        newline: bool,
        /// How the string is spelled.
        spelling: Spelling,
    },
}

impl Frame {
    /// Appends the flags; `Value` has none.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        if let Self::String { newline, spelling } = self {
            out.push(b's');
            if newline {
                out.push(b'n');
            }
            spelling.write(out);
        }
    }

    /// Reads the flags at the start of `text`; no flag means `Value`. Returns the frame and the rest.
    pub(crate) fn read(text: &[u8]) -> (Self, &[u8]) {
        let Some(rest) = text.strip_prefix(b"s") else {
            return (Self::Value, text);
        };
        let (newline, rest) = rest.strip_prefix(b"n").map_or((false, rest), |rest| (true, rest));
        let (spelling, rest) = Spelling::read(rest);
        (Self::String { newline, spelling }, rest)
    }
}
