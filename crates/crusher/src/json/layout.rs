//! Layouts: the whitespace between the tokens of a JSON text.

/// A layout that many programs print.
///
/// # Examples
/// ```
/// use headroom_crusher::{Layout, json::scan::Tape};
/// let mut tape = Tape::default();
/// let doc = tape.scan(b"{\n  \"a\": 1\n}", 64)?;
/// let layout = Layout::proved(&doc, 0).ok_or("another layout")?;
/// let mut flag = Vec::new();
/// layout.write(&mut flag);
/// assert_eq!(flag, b"i2");
/// assert_eq!(Layout::read(b"i2s]"), (Layout::Indent(2), &b"s]"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// No whitespace.
    #[default]
    Compact,
    /// `, ` and `: `, as Python prints by default. Flag `p`.
    Spaced,
    /// One member on each line, indented for each level by so many spaces (1 to 8). Flag `i` and the digit.
    Indent(u8),
    /// One member on each line, indented for each level by a tab. Flag `it`.
    Tab,
    /// As `Indent`, with a carriage return before each line feed. Flag `r` and the digit.
    CrIndent(u8),
    /// As `Tab`, with a carriage return before each line feed. Flag `rt`.
    CrTab,
    /// What Python prints for lists and dictionaries, in place of JSON. Flag `q`. With tuples as the elements
    /// of the outermost list, flag `qt`.
    Python {
        /// The elements of the outermost list are tuples.
        tuples: bool,
    },
}

impl Layout {
    /// Appends the layout's flag; `Compact` has none.
    pub fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Compact => {}
            Self::Spaced => out.push(b'p'),
            Self::Indent(width) => out.extend_from_slice(&[b'i', b'0' + width]),
            Self::Tab => out.extend_from_slice(b"it"),
            Self::CrIndent(width) => out.extend_from_slice(&[b'r', b'0' + width]),
            Self::Python { tuples } => out.extend_from_slice(if tuples { b"qt" } else { b"q" }),
            Self::CrTab => out.extend_from_slice(b"rt"),
        }
    }

    /// Reads the flag at the start of `text`; no flag means `Compact`. Returns the layout and the rest.
    #[must_use]
    pub fn read(text: &[u8]) -> (Self, &[u8]) {
        match text {
            [b'p', rest @ ..] => (Self::Spaced, rest),
            [b'i', b't', rest @ ..] => (Self::Tab, rest),
            [b'i', width @ b'1'..=b'8', rest @ ..] => (Self::Indent(width - b'0'), rest),
            [b'q', b't', rest @ ..] => (Self::Python { tuples: true }, rest),
            [b'q', rest @ ..] => (Self::Python { tuples: false }, rest),
            [b'r', b't', rest @ ..] => (Self::CrTab, rest),
            [b'r', width @ b'1'..=b'8', rest @ ..] => (Self::CrIndent(width - b'0'), rest),
            _ => (Self::Compact, text),
        }
    }

    /// Returns true if each member stands on a line of its own.
    pub(super) fn is_broken(self) -> bool {
        !self.is_one_line()
    }

    /// Returns true if a text in this layout has no line breaks.
    #[must_use]
    pub fn is_one_line(self) -> bool {
        matches!(self, Self::Compact | Self::Spaced | Self::Python { .. })
    }
}
