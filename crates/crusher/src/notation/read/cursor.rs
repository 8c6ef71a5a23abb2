//! A position in a text, and the smallest pieces that are read there: keys, quoted strings, bare values.

use crate::notation::grammar::{Place, bare_key_length, has_bare_ends};

/// A result whose error says which rule is broken.
pub(crate) type Parse<T> = std::result::Result<T, &'static str>;

/// The text decodes to more bytes than it may.
pub(crate) const TOO_LARGE: &str = "too much text";

/// Text that is read up to an end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub end: usize,
}

impl<'a> Cursor<'a> {
    /// Returns the text that isn't read yet.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// Returns the next byte, without reading it.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).filter(|_| self.at < self.end).copied()
    }

    /// Reads the next byte if it is this one.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    /// Returns true at the end.
    pub fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// Reads up to the first byte that ends a bare value in a place.
    #[inline]
    pub fn until(&mut self, place: Place) -> &'a [u8] {
        let close = place.close();
        let rest = self.rest();
        let length = memchr::memchr2(b',', close, rest).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Reads a string token, its quotes included.
    pub fn quoted(&mut self) -> Parse<&'a [u8]> {
        let length = string_length(self.rest()).ok_or("a string without its closing quote")?;
        let token = self.rest().get(..length).unwrap_or_default();
        self.at += length;
        Ok(token)
    }

    /// Reads a key in quotes or bare. Returns its raw text without quotes.
    pub fn key(&mut self) -> Parse<&'a [u8]> {
        if self.peek() == Some(b'"') {
            let quoted = self.quoted()?;
            return Ok(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        }
        let rest = self.rest();
        let length = bare_key_length(rest);
        let bare = rest.get(..length).unwrap_or_default();
        let ends = matches!(
            rest.get(length),
            None | Some(b':' | b',' | b'{' | b'}' | b'[' | b'=' | 0..b' ')
        );
        if !ends || !has_bare_ends(bare) {
            return Err("a key that needs quotes");
        }
        self.at += length;
        Ok(bare)
    }
}

/// Returns the length of the string token that `text` begins with, quotes included; none for anything else.
pub(crate) fn string_length(text: &[u8]) -> Option<usize> {
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

/// Returns true if all characters and escapes of a string token are those of JSON.
pub(crate) fn is_string(token: &[u8]) -> bool {
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
