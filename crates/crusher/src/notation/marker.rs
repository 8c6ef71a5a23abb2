//! Markers and heads: how a string says that it is ours, and what stood in its place. `docs/notation.md` is normative.

use crate::digest::is_hash;
use crate::error::{Error, Result};
use crate::json::layout::Layout;
use crate::json::spelling::Spelling;

/// What every marker begins with.
pub const OPEN: &[u8] = b"<<ccr:";
/// Stands before user text that would otherwise read as ours.
pub const LITERAL: &[u8] = b"<<ccr:lit>>";
/// The sole key of a sentinel.
pub const SENTINEL_KEY: &[u8] = b"_ccr_dropped";

const MAX_HEAD_BYTES: usize = 32;
/// Head of the commonest document, JSON as Python prints it: with the bracket behind it one token.
const COMMON: &[u8] = b"[]";

/// What stood in the place of a string of ours.
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
    fn write(self, out: &mut Vec<u8>) {
        if let Self::String { newline, spelling } = self {
            out.push(b's');
            if newline {
                out.push(b'n');
            }
            spelling.write(out);
        }
    }

    fn read(text: &[u8]) -> (Self, &[u8]) {
        let Some(rest) = text.strip_prefix(b"s") else {
            return (Self::Value, text);
        };
        let (newline, rest) = rest.strip_prefix(b"n").map_or((false, rest), |rest| (true, rest));
        let (spelling, rest) = Spelling::read(rest);
        (Self::String { newline, spelling }, rest)
    }
}

/// The bracket that a table (`rows` is some) or a document (`rows` is none) begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Rows that stand in the table; none for a document.
    pub rows: Option<u64>,
    /// `m`: the table is a map.
    pub map: bool,
    /// `j`: the elements of the array stood one a line, not in an array.
    pub lines: bool,
    /// Layout of the content.
    pub layout: Layout,
    /// Spelling of the strings that stand bare.
    pub cells: Spelling,
    /// What stood in the place of the string.
    pub frame: Frame,
}

impl Head {
    /// The document that `COMMON` stands before: spaced JSON in a string, or where no string stands around it, by itself.
    fn common(bare: bool) -> Self {
        let (newline, spelling) = (false, Spelling::MINIMAL);
        let frame = if bare {
            Frame::Value
        } else {
            Frame::String { newline, spelling }
        };
        Self {
            layout: Layout::Spaced,
            frame,
            ..Self::default()
        }
    }

    /// Appends the head, its closing bracket included. A document without a frame is a bare text.
    pub fn write(&self, out: &mut Vec<u8>) {
        if [true, false].map(Self::common).contains(self) {
            out.extend_from_slice(COMMON);
            return;
        }
        out.push(b'[');
        match self.rows {
            Some(rows) => out.extend_from_slice(rows.to_string().as_bytes()),
            None if self.is_plain() => out.push(b'd'),
            None => {}
        }
        if self.map {
            out.push(b'm');
        }
        if self.lines {
            out.push(b'j');
        }
        self.layout.write(out);
        self.cells.write(out);
        self.frame.write(out);
        out.push(b']');
    }

    /// True without flags: a document then has `d`.
    fn is_plain(&self) -> bool {
        !self.lines
            && self.layout == Layout::Compact
            && self.cells == Spelling::MINIMAL
            && self.frame == Frame::Value
    }

    /// Reads a head from the start of a decoded string, or of a `bare` text; gives its length in bytes. None for text that
    /// isn't reserved.
    ///
    /// # Errors
    /// `Format` for text in the reserved pattern that no released version writes.
    pub fn read(text: &[u8], bare: bool) -> Result<Option<(Self, usize)>> {
        let Some(end) = loose_head(text) else {
            return Ok(None);
        };
        if text.starts_with(COMMON) {
            return Ok(Some((Self::common(bare), COMMON.len())));
        }
        let unknown = Error::Format {
            what: "an unknown head",
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
        let (map, flags) = flags
            .strip_prefix(b"m")
            .map_or((false, flags), |rest| (true, rest));
        let (lines, flags) = flags
            .strip_prefix(b"j")
            .map_or((false, flags), |rest| (true, rest));
        let (layout, flags) = Layout::read(flags);
        let (cells, flags) = Spelling::read(flags);
        let (frame, flags) = Frame::read(flags);
        let head = Self {
            rows,
            map,
            lines,
            layout,
            cells,
            frame,
        };
        let fits = if rows.is_some() {
            !(document || map && lines)
        } else {
            !map && document == head.is_plain()
        };
        let one_line = matches!(layout, Layout::Compact | Layout::Spaced);
        if !flags.is_empty() || !fits || (lines && !one_line) {
            return Err(unknown);
        }
        Ok(Some((head, end + 1)))
    }
}

/// Where the bracket closes in text of the loose head pattern: `[`, up to 32 of `0-9a-z`, `]`, then `{` or `[`.
fn loose_head(text: &[u8]) -> Option<usize> {
    let flags = text.strip_prefix(b"[")?;
    let length = flags
        .iter()
        .take(MAX_HEAD_BYTES + 1)
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
        .count();
    let closes = length <= MAX_HEAD_BYTES && flags.get(length) == Some(&b']');
    (closes && matches!(flags.get(length + 1), Some(b'{' | b'['))).then_some(length + 1)
}

/// True for decoded text that reads as ours, in this version or a later one: such user text gets `LITERAL` before it.
#[must_use]
pub fn is_reserved(text: &[u8]) -> bool {
    text.starts_with(OPEN) || loose_head(text).is_some()
}

/// True where the raw string (without its quotes) decodes to reserved text.
#[must_use]
pub fn is_reserved_raw(raw: &[u8]) -> bool {
    match raw.first() {
        Some(b'<' | b'[' | b'\\') => {}
        _ => return false,
    }
    // The raw text of one without escapes in its first characters is its text.
    if is_reserved(raw) {
        return true;
    }
    if !raw
        .iter()
        .take(6 * (MAX_HEAD_BYTES + 4))
        .any(|byte| *byte == b'\\')
    {
        return false;
    }
    // Only the first few characters matter; a cut inside an escape leaves a tail that decodes to something harmless.
    let mut start = Vec::with_capacity(raw.len().min(6 * (MAX_HEAD_BYTES + 4)));
    decode_prefix(raw, &mut start);
    is_reserved(&start)
}

/// Decodes as much of the start of a raw string as a head can take, up to the first lone surrogate.
fn decode_prefix(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while out.len() < MAX_HEAD_BYTES + 4 && !rest.is_empty() {
        let length = match rest {
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 1,
        };
        let (one, tail) = rest.split_at(length.min(rest.len()));
        if one.starts_with(b"\\ud") || one.starts_with(b"\\uD") || !crate::json::spelling::decode(one, out) {
            return;
        }
        rest = tail;
    }
}

/// A marker, read from the start of a decoded string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker<'a> {
    /// The rest of the string is user text.
    Literal,
    /// The original is the whole text of an array.
    Rows {
        /// 24 or 64 digits.
        hash: &'a str,
        /// What the array stood in.
        frame: Frame,
    },
    /// The original is the decoded text of a string; an excerpt may follow.
    Blob {
        /// 24 or 64 digits.
        hash: &'a str,
        /// How the string is spelled.
        spelling: Spelling,
    },
    /// The original stands in place of the whole token or line.
    Raw {
        /// 24 or 64 digits.
        hash: &'a str,
    },
}

const BLOB_KINDS: [&[u8]; 5] = [b"string", b"base64", b"html", b"json", b"text"];

impl<'a> Marker<'a> {
    /// Reads a marker from the start of a decoded string; gives its length in bytes. None for text that doesn't begin with `<<ccr:`.
    ///
    /// # Errors
    /// `Format` for anything else behind `<<ccr:`.
    pub fn read(text: &'a [u8]) -> Result<Option<(Self, usize)>> {
        if !text.starts_with(OPEN) {
            return Ok(None);
        }
        if text.starts_with(LITERAL) {
            return Ok(Some((Self::Literal, LITERAL.len())));
        }
        let unknown = Error::Format {
            what: "an unknown marker",
            offset: 0,
        };
        let end = memchr::memmem::find(text.get(..160).unwrap_or(text), b">>").ok_or(unknown.clone())?;
        let body = text.get(OPEN.len()..end).unwrap_or_default();
        let digits = body
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        let (hash, rest) = body.split_at(digits);
        let hash = std::str::from_utf8(hash)
            .ok()
            .filter(|hash| is_hash(hash.as_bytes()))
            .ok_or(unknown.clone())?;
        let marker = if let Some(rows) = rest.strip_prefix(b" ") {
            Self::rows(hash, rows)
        } else {
            rest.strip_prefix(b",").and_then(|rest| Self::sized(hash, rest))
        };
        Ok(Some((marker.ok_or(unknown)?, end + 2)))
    }

    fn rows(hash: &'a str, text: &[u8]) -> Option<Self> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (count, rest) = text.split_at(digits);
        let rest = rest.strip_prefix(b"_rows_offloaded")?;
        let canonical = !count.is_empty() && (count == b"0" || count.first() != Some(&b'0'));
        let (frame, rest) = match rest.strip_prefix(b" ") {
            Some(flags) => match Frame::read(flags) {
                (Frame::Value, _) => return None,
                other => other,
            },
            None => (Frame::Value, rest),
        };
        (canonical && rest.is_empty()).then_some(Self::Rows { hash, frame })
    }

    fn sized(hash: &'a str, text: &[u8]) -> Option<Self> {
        let mut fields = text.split(|byte| *byte == b',');
        let (kind, size, flags) = (fields.next()?, fields.next()?, fields.next());
        if fields.next().is_some() || !is_size(size) {
            return None;
        }
        if kind == b"raw" {
            return flags.is_none().then_some(Self::Raw { hash });
        }
        if !BLOB_KINDS.contains(&kind) {
            return None;
        }
        let spelling = match flags.map(Spelling::read) {
            None => Spelling::MINIMAL,
            Some((spelling, b"")) if spelling != Spelling::MINIMAL => spelling,
            Some(_) => return None,
        };
        Some(Self::Blob { hash, spelling })
    }
}

/// Appends a rows marker.
pub fn write_rows(hash: &str, dropped: u64, frame: Frame, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<<ccr:{hash} {dropped}_rows_offloaded").as_bytes());
    if frame != Frame::Value {
        out.push(b' ');
        frame.write(out);
    }
    out.extend_from_slice(b">>");
}

/// Appends a blob marker.
pub fn write_blob(hash: &str, kind: &str, size_bytes: usize, spelling: Spelling, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<<ccr:{hash},{kind},{}", size(size_bytes)).as_bytes());
    if spelling != Spelling::MINIMAL {
        out.push(b',');
        spelling.write(out);
    }
    out.extend_from_slice(b">>");
}

/// A raw marker.
///
/// # Examples
/// ```
/// let hash = "0123456789abcdef01234567";
/// assert_eq!(headroom_crusher::notation::marker::raw(hash, 12_600), "<<ccr:0123456789abcdef01234567,raw,12.3KB>>");
/// ```
#[must_use]
pub fn raw(hash: &str, size_bytes: usize) -> String {
    format!("<<ccr:{hash},raw,{}>>", size(size_bytes))
}

/// A size with one decimal, rounded half up: KB of 1024 bytes below 1 MB, MB of 1024 KB above.
#[must_use]
pub fn size(bytes: usize) -> String {
    let (unit, name) = if bytes < 1 << 20 {
        (1 << 10, "KB")
    } else {
        (1 << 20, "MB")
    };
    let tenths = (bytes as u128 * 10 + unit / 2) / unit;
    format!("{}.{}{name}", tenths / 10, tenths % 10)
}

fn is_size(text: &[u8]) -> bool {
    let Some(number) = text.strip_suffix(b"KB").or_else(|| text.strip_suffix(b"MB")) else {
        return false;
    };
    let [whole @ .., b'.', tenth] = number else {
        return false;
    };
    let canonical = !whole.is_empty() && whole.len() <= 12 && (whole == b"0" || whole.first() != Some(&b'0'));
    canonical && tenth.is_ascii_digit() && whole.iter().all(u8::is_ascii_digit)
}
