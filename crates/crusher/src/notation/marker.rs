//! Markers: the texts that stand for originals. `docs/notation.md`, section 3, is normative.

use crate::digest::is_hash;
use crate::error::{Error, Result};
use crate::json::spelling::Spelling;
use crate::notation::frame::Frame;

/// What every marker begins with.
pub const OPEN: &[u8] = b"<<ccr:";
/// The escape, which stands before user text that is reserved.
pub const LITERAL: &[u8] = b"<<ccr:lit>>";
/// The sole key of a sentinel.
pub const SENTINEL_KEY: &[u8] = b"_ccr_dropped";

/// A marker, read from the start of a decoded string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker<'a> {
    /// The rest of the string is user text.
    Literal,
    /// The original is the whole text of an array.
    Rows {
        /// 24 or 64 hexadecimal digits.
        hash: &'a str,
        /// What the marker stands for: the array, or a string with that content.
        frame: Frame,
    },
    /// The original is the decoded text of a string; an excerpt may follow the marker.
    Blob {
        /// 24 or 64 hexadecimal digits.
        hash: &'a str,
        /// How the string is spelled, and the strings that it stood in.
        frame: Frame,
    },
    /// The original takes the place of the whole token or line.
    Raw {
        /// 24 or 64 hexadecimal digits.
        hash: &'a str,
    },
}

/// The most bytes of a media type.
const MAX_MEDIA_TYPE_BYTES: usize = 80;

const BLOB_KINDS: [&[u8]; 5] = [b"string", b"base64", b"html", b"json", b"text"];

impl<'a> Marker<'a> {
    /// Reads a marker from the start of a decoded string. Returns the marker and its length in bytes, none
    /// for text that doesn't begin with `<<ccr:`.
    ///
    /// # Errors
    /// `Format` for text that begins with `<<ccr:` and is no known marker.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::notation::marker::Marker;
    /// let text = b"<<ccr:0123456789abcdef01234567,raw,2.0KB>>";
    /// let hash = "0123456789abcdef01234567";
    /// assert_eq!(Marker::read(text)?, Some((Marker::Raw { hash }, text.len())));
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
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
        let end = memchr::memmem::find(text.get(..256).unwrap_or(text), b">>").ok_or(unknown.clone())?;
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

    /// Reads what follows the hash of a rows marker.
    fn rows(hash: &'a str, text: &[u8]) -> Option<Self> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (count, rest) = text.split_at(digits);
        let rest = rest.strip_prefix(b"_rows_offloaded")?;
        let canonical = !count.is_empty() && (count == b"0" || count.first() != Some(&b'0'));
        let (frame, rest) = match rest.strip_prefix(b" ") {
            Some(flags) => match Frame::read(flags) {
                (Frame::VALUE, _) => return None,
                other => other,
            },
            None => (Frame::VALUE, rest),
        };
        (canonical && rest.is_empty()).then_some(Self::Rows { hash, frame })
    }

    /// Reads what follows the hash of a blob or raw marker.
    fn sized(hash: &'a str, text: &[u8]) -> Option<Self> {
        let mut fields = text.split(|byte| *byte == b',');
        let (kind, size, flags) = (fields.next()?, fields.next()?, fields.next());
        if fields.next().is_some() || !is_size(size) {
            return None;
        }
        if kind == b"raw" {
            return flags.is_none().then_some(Self::Raw { hash });
        }
        if !BLOB_KINDS.contains(&kind) && !is_media_type(kind) {
            return None;
        }
        let plain = Frame::string(Spelling::MINIMAL);
        let frame = match flags {
            None => plain,
            // The `s` of the innermost string isn't written.
            Some(flags) => match Frame::read(&[b"s", flags].concat()) {
                (frame, b"") if frame != plain && frame == frame.ending(false) => frame,
                _ => return None,
            },
        };
        Some(Self::Blob { hash, frame })
    }
}

/// Returns true for a media type in lower case without parameters, which may be the kind of a blob.
///
/// # Examples
/// ```
/// use headroom_crusher::notation::marker::is_media_type;
/// assert!(is_media_type(b"image/svg+xml"));
/// assert!(!is_media_type(b"text/plain;charset=utf-8"));
/// ```
#[must_use]
pub fn is_media_type(text: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        let is_inner = |byte: &u8| is_alphanumeric(*byte) || matches!(byte, b'.' | b'+' | b'-' | b'_');
        name.first().is_some_and(|byte| is_alphanumeric(*byte)) && name.iter().all(is_inner)
    };
    let mut names = text.split(|byte| *byte == b'/');
    let both = names.next().is_some_and(is_name) && names.next().is_some_and(is_name);
    both && names.next().is_none() && text.len() <= MAX_MEDIA_TYPE_BYTES
}

fn is_alphanumeric(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9')
}

/// Appends a rows marker for an array from which `dropped` rows were left out.
///
/// # Examples
/// ```
/// use headroom_crusher::notation::{frame::Frame, marker::write_rows};
/// let mut text = Vec::new();
/// write_rows("0123456789abcdef01234567", 58, Frame::VALUE, &mut text);
/// assert_eq!(text, b"<<ccr:0123456789abcdef01234567 58_rows_offloaded>>");
/// ```
pub fn write_rows(hash: &str, dropped: u64, frame: Frame, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<<ccr:{hash} {dropped}_rows_offloaded").as_bytes());
    if frame != Frame::VALUE {
        out.push(b' ');
        frame.write(out);
    }
    out.extend_from_slice(b">>");
}

/// Appends a blob marker for a string whose text has `size_bytes` bytes.
///
/// # Examples
/// ```
/// use headroom_crusher::{Spelling, notation::frame::Frame, notation::marker::write_blob};
/// let mut text = Vec::new();
/// write_blob("0123456789abcdef01234567", "text", 2048, Frame::string(Spelling::ASCII), &mut text);
/// assert_eq!(text, b"<<ccr:0123456789abcdef01234567,text,2.0KB,a>>");
/// ```
pub fn write_blob(hash: &str, kind: &str, size_bytes: usize, frame: Frame, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("<<ccr:{hash},{kind},{}", size(size_bytes)).as_bytes());
    let mut flags = Vec::new();
    frame.write(&mut flags);
    if let Some(flags @ [_, ..]) = flags.strip_prefix(b"s") {
        out.push(b',');
        out.extend_from_slice(flags);
    }
    out.extend_from_slice(b">>");
}

/// Returns a raw marker for an original of `size_bytes` bytes.
///
/// # Examples
/// ```
/// let hash = "0123456789abcdef01234567";
/// let marker = headroom_crusher::notation::marker::raw(hash, 12_600);
/// assert_eq!(marker, "<<ccr:0123456789abcdef01234567,raw,12.3KB>>");
/// ```
#[must_use]
pub fn raw(hash: &str, size_bytes: usize) -> String {
    format!("<<ccr:{hash},raw,{}>>", size(size_bytes))
}

/// Formats a number of bytes with one decimal, rounded half up: in KB of 1024 bytes below 1 MB, else in MB of
/// 1024 KB.
///
/// # Examples
/// ```
/// use headroom_crusher::notation::marker::size;
/// assert_eq!((size(1536), size(3 << 20)), ("1.5KB".to_owned(), "3.0MB".to_owned()));
/// ```
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

/// Returns true if a text is a size as `size` formats it.
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
