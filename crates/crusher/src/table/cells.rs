//! Values and names, read one at a time.

use super::{HOLE, Place, is_bare, is_bare_key, is_number, is_word};
use crate::marker::{LITERAL, is_reserved};
use crate::spelling::{self, Spelling};

/// A result whose error says which rule is broken.
pub(super) type Parse<T> = std::result::Result<T, &'static str>;

/// What a text is that decodes to more than it may.
pub(super) const TOO_LARGE: &str = "too much text";

/// Text that is read from its start to its end.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub text: &'a [u8],
    pub at: usize,
}

/// Compact JSON that is written, and what it is written with.
pub(super) struct Output<'o> {
    pub json: &'o mut Vec<u8>,
    pub spelling: Spelling,
    /// Some of it was copied: it must still be checked, and may be ours.
    pub copied: bool,
    /// Bytes that `json` may have: constants and templates multiply.
    pub max_bytes: usize,
    /// A space stands behind commas and colons.
    pub spaced: bool,
}

impl Output<'_> {
    /// A place for values that are read before their turn, under the same rules.
    pub fn aside<'a>(&self, json: &'a mut Vec<u8>) -> Output<'a> {
        Output {
            json,
            spelling: self.spelling,
            copied: false,
            max_bytes: self.max_bytes,
            spaced: self.spaced,
        }
    }

    /// Appends a key that stands so between quotes.
    #[inline]
    pub fn key(&mut self, key: &[u8]) {
        self.json.push(b'"');
        self.json.extend_from_slice(key);
        self.json.push(b'"');
    }

    #[inline]
    pub fn comma(&mut self) {
        self.json
            .extend_from_slice(if self.spaced { b", " } else { b"," });
    }

    #[inline]
    pub fn colon(&mut self) {
        self.json
            .extend_from_slice(if self.spaced { b": " } else { b":" });
    }

    /// Says no where too much was written.
    pub fn check(&self) -> Parse<()> {
        if self.json.len() > self.max_bytes {
            Err(TOO_LARGE)
        } else {
            Ok(())
        }
    }

    /// Appends a string of this text.
    #[inline]
    pub fn string(&mut self, text: &[u8]) {
        self.json.push(b'"');
        spelling::encode(text, self.spelling, self.json);
        self.json.push(b'"');
    }

    /// Appends a string of a text that a template makes, which is never ours.
    #[inline]
    pub fn text(&mut self, text: &[u8]) {
        if !is_reserved(text) {
            self.string(text);
            return;
        }
        // Whoever looks for strings of ours in the JSON takes the literal off.
        self.copied = true;
        self.json.push(b'"');
        self.json.extend_from_slice(LITERAL);
        spelling::encode(text, self.spelling, self.json);
        self.json.push(b'"');
    }

    /// Appends a value that stands bare: a number, a word or a string.
    #[inline]
    pub fn bare(&mut self, text: &[u8], place: Place) -> Parse<()> {
        let is_plain = match text.first() {
            Some(b'-' | b'0'..=b'9') => is_number(text),
            Some(b't' | b'f' | b'n') => is_word(text),
            _ => false,
        };
        if is_plain {
            self.json.extend_from_slice(text);
        } else if is_bare(text, place) {
            self.string(text);
        } else {
            return Err("a text that needs quotes");
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Takes a byte if it stands here.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The bytes up to the first that ends a bare value in this place.
    #[inline]
    pub fn until(&mut self, place: Place) -> &'a [u8] {
        let close = place.close();
        let rest = self.rest();
        let length = memchr::memchr2(b',', close, rest).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A string token, its quotes included.
    pub fn quoted(&mut self) -> Parse<&'a [u8]> {
        let length = string_length(self.rest()).ok_or("a string without its closing quote")?;
        let token = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        Ok(token)
    }

    /// A key as it stands between quotes, whether it has some or not.
    pub fn key(&mut self) -> Parse<&'a [u8]> {
        if self.peek() == Some(b'"') {
            let quoted = self.quoted()?;
            return Ok(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        }
        let rest = self.rest();
        let ends = |byte: &u8| matches!(byte, b':' | b',' | b'{' | b'}' | b'[' | b'=') || *byte < b' ';
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let bare = rest.get(..length).unwrap_or_default();
        if !is_bare_key(bare) {
            return Err("a name that needs quotes");
        }
        self.at += length;
        Ok(bare)
    }

    /// Reads a value onto `out` as compact JSON. `table` reads a table, should one stand here; where that can't be, it says no.
    pub fn value(
        &mut self,
        place: Place,
        out: &mut Output<'_>,
        table: &mut dyn FnMut(&mut Self, &mut Output<'_>) -> Parse<bool>,
    ) -> Parse<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            let place = match open.last() {
                None => place,
                Some(b'}') => Place::Object,
                Some(_) => Place::Array,
            };
            let mut is_table = false;
            match self.peek() {
                Some(b'"') => {
                    out.json.extend_from_slice(self.quoted()?);
                    out.copied = true;
                }
                Some(bracket @ (b'{' | b'[')) => {
                    is_table = bracket == b'[' && table(self, out)?;
                    if !is_table {
                        self.at += 1;
                        out.json.push(bracket);
                        let close = if bracket == b'{' { b'}' } else { b']' };
                        if self.take(close) {
                            out.json.push(close);
                        } else {
                            open.push(close);
                            self.member(close, out)?;
                            continue;
                        }
                    }
                }
                Some(b',' | b'}') if place == Place::Object => out.json.extend_from_slice(b"null"),
                _ => out.bare(self.until(place), place)?,
            }
            // A comma or the end of containers stands here.
            loop {
                let Some(close) = open.last().copied() else {
                    return Ok(());
                };
                // The line break behind a table stands for the comma.
                let ends = self.peek() == Some(close);
                if !ends && (std::mem::take(&mut is_table) || self.take(b',')) {
                    out.comma();
                    self.member(close, out)?;
                    break;
                }
                if !self.take(close) {
                    return Err("expected a comma or the end of a value");
                }
                is_table = false;
                out.json.push(close);
                open.pop();
            }
        }
    }

    /// Reads a key and its colon, where an object is open.
    fn member(&mut self, close: u8, out: &mut Output<'_>) -> Parse<()> {
        if close == b'}' {
            let quoted = self.peek() == Some(b'"');
            let key = self.key()?;
            out.key(key);
            out.copied |= quoted;
            if !self.take(b':') {
                return Err("expected ':' behind a key");
            }
            out.colon();
        }
        Ok(())
    }
}

/// True for the text behind `=` in a head that is a template.
pub(super) fn is_template(text: &[u8]) -> bool {
    !matches!(text.first(), Some(b'"' | b'[' | b'{')) && memchr::memchr(HOLE.0, text).is_some()
}

/// Length of the string token that `text` begins with, quotes included.
pub(super) fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    text.strip_prefix(b"\"")?;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// True for a string token whose characters and escapes are those of JSON.
pub(super) fn is_string(token: &[u8]) -> bool {
    let mut rest = token;
    while let Some((first, behind)) = rest.split_first() {
        let length = match (first, behind) {
            (b'\\', [b'u', digits @ ..]) => match digits.get(..4) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => 5,
                _ => return false,
            },
            (b'\\', [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => 1,
            (0..=0x1f | b'\\', _) => return false,
            _ => 0,
        };
        rest = behind.get(length..).unwrap_or_default();
    }
    true
}
