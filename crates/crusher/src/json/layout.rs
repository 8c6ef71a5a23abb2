//! How a JSON text is laid out: the whitespace between its tokens, as one of a few known layouts.

/// A layout that many programs print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// No whitespace.
    #[default]
    Compact,
    /// `, ` and `: `, as Python prints by default. Flag `p`.
    Spaced,
    /// One member a line, indented by so many spaces (1 to 8). Flag `i` and the digit.
    Indent(u8),
    /// One member a line, indented by tabs. Flag `it`.
    Tab,
}

impl Layout {
    /// Appends the flag.
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Compact => {}
            Self::Spaced => out.push(b'p'),
            Self::Indent(width) => out.extend_from_slice(&[b'i', b'0' + width]),
            Self::Tab => out.extend_from_slice(b"it"),
        }
    }

    /// Reads the flag from the start of `text`; gives the rest.
    #[must_use]
    pub fn read(text: &[u8]) -> (Self, &[u8]) {
        match text {
            [b'p', rest @ ..] => (Self::Spaced, rest),
            [b'i', b't', rest @ ..] => (Self::Tab, rest),
            [b'i', width @ b'1'..=b'8', rest @ ..] => (Self::Indent(width - b'0'), rest),
            _ => (Self::Compact, text),
        }
    }
}
