//! The place in a text up to which it is read, and the smallest pieces: names, quoted strings, what ends a
//! value.

use crate::notation::grammar::{Place, bare_key_length, has_bare_ends};

/// A result whose error says which rule is broken.
pub(crate) type Parse<T> = std::result::Result<T, &'static str>;

/// What a text is that decodes to more than it may.
pub(crate) const TOO_LARGE: &str = "too much text";

/// Text that is read up to an end.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursor<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub end: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).filter(|_| self.at < self.end).copied()
    }

    /// Takes a byte if it stands here.
    #[inline]
    pub fn take(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.end
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
        let length = bare_key_length(rest);
        let bare = rest.get(..length).unwrap_or_default();
        let ends = matches!(
            rest.get(length),
            None | Some(b':' | b',' | b'{' | b'}' | b'[' | b'=' | 0..b' ')
        );
        if !ends || !has_bare_ends(bare) {
            return Err("a name that needs quotes");
        }
        self.at += length;
        Ok(bare)
    }
}

/// Length of the string token that `text` begins with, quotes included.
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

/// True for a string token whose characters and escapes are those of JSON.
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
