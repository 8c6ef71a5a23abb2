//! Headers: the bracket that a table or document begins with, and the flags in it.

use crate::error::{Error, Result};
use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::notation::frame::Frame;
use crate::notation::separator::Separator;

/// The most bytes between the brackets of a header.
pub(crate) const MAX_HEADER_BYTES: usize = 32;
/// The header of the most common document, JSON as Python prints it. Together with the bracket behind it, it
/// is one token.
pub(crate) const COMMON: &[u8] = b"[]";
/// What `COMMON` abbreviates in a string of a record. In a text by itself it stands for something else.
pub(crate) const COMMON_IN_STRING: &[u8] = b"[ps]";

/// What stands behind the bracket of a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    /// A table or a document.
    #[default]
    Value,
    /// `k`: JSON as it stood in a string, but for its reserved strings.
    Embedded,
    /// `t`: a text in which some JSON stands crushed.
    Mixed,
}

/// The bracket that a table (`rows` is some) or a document (`rows` is none) begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Number of rows in the table; none for a document.
    pub rows: Option<u64>,
    /// What stands behind the bracket.
    pub behind: Behind,
    /// `m`: the table is a map.
    pub map: bool,
    /// `j`: the elements of the array stood with this between them, without the array around them.
    pub lines: Option<Separator>,
    /// Layout of the content.
    pub layout: Layout,
    /// `w`: the strings `NaN`, `Infinity` and `-Infinity` stood without quotes.
    pub words: bool,
    /// Spelling of the strings that stand bare.
    pub cells: Spelling,
    /// What the table or document stands for: a value, or a string with that content.
    pub frame: Frame,
}

impl Header {
    /// Returns the header that `COMMON` abbreviates: spaced JSON in a string or, in a text by itself, spaced
    /// JSON alone.
    fn common(by_itself: bool) -> Self {
        let frame = if by_itself {
            Frame::VALUE
        } else {
            Frame::string(Spelling::MINIMAL)
        };
        Self {
            layout: Layout::Spaced,
            frame,
            ..Self::default()
        }
    }

    /// Appends the header, both brackets included. A document with the frame `Value` must be a text by
    /// itself.
    pub fn write(&self, out: &mut Vec<u8>) {
        if [true, false].map(Self::common).contains(self) {
            out.extend_from_slice(COMMON);
            return;
        }
        out.push(b'[');
        match self.rows {
            Some(rows) => out.extend_from_slice(rows.to_string().as_bytes()),
            None if self.is_plain() => out.push(b'd'),
            None => match self.behind {
                Behind::Value => {}
                Behind::Embedded => out.push(b'k'),
                Behind::Mixed => out.push(b't'),
            },
        }
        if self.map {
            out.push(b'm');
        }
        if let Some(separator) = self.lines {
            separator.write(out);
        }
        self.layout.write(out);
        if self.words {
            out.push(b'w');
        }
        self.cells.write(out);
        self.frame.write(out);
        out.push(b']');
    }

    /// Returns true if what it stands for, without its frame, is one JSON text.
    #[must_use]
    pub fn is_json(&self) -> bool {
        let is_python = matches!(self.layout, Layout::Python { .. });
        self.lines.is_none() && !self.words && !is_python && self.behind != Behind::Mixed
    }

    /// Returns true if there are no flags; a document then has `d`.
    fn is_plain(&self) -> bool {
        self.lines.is_none()
            && self.layout == Layout::Compact
            && !self.words
            && self.cells == Spelling::MINIMAL
            && self.frame == Frame::VALUE
            && self.behind == Behind::Value
    }

    /// Reads a header from the start of a decoded string or, with `by_itself`, of a text by itself. Returns
    /// the header and its length in bytes, none for text that doesn't begin like a header.
    ///
    /// # Errors
    /// `Format` for text that begins like a header, but like none of a released version.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::notation::header::Header;
    /// let (header, length) = Header::read(b"[20m]{*,name}", false)?.ok_or("no header")?;
    /// assert_eq!((header.rows, header.map, length), (Some(20), true, 5));
    /// assert_eq!(Header::read(b"[20] items", false)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(text: &[u8], by_itself: bool) -> Result<Option<(Self, usize)>> {
        let Some(end) = loose_header(text) else {
            return Ok(None);
        };
        if text.starts_with(COMMON) {
            return Ok(Some((Self::common(by_itself), COMMON.len())));
        }
        let unknown = Error::Format {
            what: "an unknown header",
            offset: 0,
        };
        let flags = text.get(1..end).unwrap_or_default();
        let digits = flags.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, flags) = flags.split_at(digits);
        let rows = match number {
            [] => None,
            [b'0', ..] => return Err(unknown),
            _ => match std::str::from_utf8(number).unwrap_or_default().parse() {
                Ok(rows) => Some(rows),
                Err(_) => return Err(unknown),
            },
        };
        let (document, flags) = flags
            .strip_prefix(b"d")
            .map_or((false, flags), |rest| (true, rest));
        let (behind, flags) = match flags {
            [b'k', rest @ ..] => (Behind::Embedded, rest),
            [b't', rest @ ..] => (Behind::Mixed, rest),
            _ => (Behind::Value, flags),
        };
        let (map, flags) = flags
            .strip_prefix(b"m")
            .map_or((false, flags), |rest| (true, rest));
        let (lines, flags) = Separator::read(flags);
        let (layout, flags) = Layout::read(flags);
        let (words, flags) = flags
            .strip_prefix(b"w")
            .map_or((false, flags), |rest| (true, rest));
        let (cells, flags) = Spelling::read(flags);
        let (frame, flags) = Frame::read(flags);
        let header = Self {
            rows,
            behind,
            map,
            lines,
            layout,
            words,
            cells,
            frame,
        };
        let fits = if behind != Behind::Value {
            // Nothing but the frame tells more of it; a newline behind the JSON or the text is part of it.
            let framed = Self {
                behind,
                frame,
                ..Self::default()
            };
            let is_alone = behind == Behind::Mixed && frame == Frame::VALUE;
            let is_framed = frame != Frame::VALUE && frame == frame.ending(false);
            !document && header == framed && (is_alone || is_framed)
        } else if rows.is_some() {
            !(document || map && lines.is_some())
        } else {
            !map && document == header.is_plain()
        };
        let is_python = matches!(layout, Layout::Python { .. });
        let is_printed = !(words && is_python) && (lines.is_none() || layout.is_one_line());
        if !flags.is_empty() || !fits || !is_printed {
            return Err(unknown);
        }
        Ok(Some((header, end + 1)))
    }
}

/// Returns where the bracket closes, if text begins like a header: `[`, up to 32 of `0-9a-z`, `]`, then `{`
/// or `[`.
pub(crate) fn loose_header(text: &[u8]) -> Option<usize> {
    let flags = text.strip_prefix(b"[")?;
    let length = flags
        .iter()
        .take(MAX_HEADER_BYTES + 1)
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
        .count();
    let closes = length <= MAX_HEADER_BYTES && flags.get(length) == Some(&b']');
    (closes && matches!(flags.get(length + 1), Some(b'{' | b'['))).then_some(length + 1)
}
