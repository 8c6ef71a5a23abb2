//! Decodes JSON strings, and encodes them again in the same spelling.
//!
//! A spelling is a small set of flags. It is guessed from a raw string, and then proved: the decoded text is
//! encoded again and compared. A string whose spelling can't be proved stays as it stands.

use memchr::memchr;

use crate::json::bytes::find_special;

/// How a string is spelled: which characters are escaped beside the ones that must be, and how. The default
/// is the minimal spelling.
///
/// # Examples
/// ```
/// use headroom_crusher::Spelling;
/// let spelling = Spelling::guess(br"caf\u00E9 a\/b");
/// assert_eq!(spelling, Spelling::ASCII.with(Spelling::SLASH).with(Spelling::UPPER));
/// let mut flags = Vec::new();
/// spelling.write(&mut flags);
/// assert_eq!(flags, b"alu");
/// assert_eq!(Spelling::read(b"alu]"), (spelling, &b"]"[..]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spelling(u8);

impl Spelling {
    /// Only what must be escaped is escaped, and `\u00xx` has lower-case digits (`serde_json`, JavaScript).
    pub const MINIMAL: Self = Self(0);
    /// `a`: everything outside printable ASCII as `\uxxxx` (Python's default).
    pub const ASCII: Self = Self(1);
    /// `h`: `<`, `>`, `&`, U+2028 and U+2029 as `\uxxxx` (Go's default).
    pub const HTML: Self = Self(2);
    /// `l`: `/` as `\/` (PHP's default).
    pub const SLASH: Self = Self(4);
    /// `u`: upper-case hexadecimal digits.
    pub const UPPER: Self = Self(8);
    /// `c`: backspace and form feed as `\u0008` and `\u000c`.
    pub const LONG: Self = Self(16);

    const LETTERS: [(u8, Self); 5] = [
        (b'a', Self::ASCII),
        (b'h', Self::HTML),
        (b'l', Self::SLASH),
        (b'u', Self::UPPER),
        (b'c', Self::LONG),
    ];

    /// Returns true if every flag of `other` is set.
    #[inline]
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Appends the flag letters, in the order `a h l u c`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend(
            Self::LETTERS
                .iter()
                .filter(|(_, flag)| self.has(*flag))
                .map(|(letter, _)| *letter),
        );
    }

    /// Reads flag letters from the start of `text`, in the same order. Returns the spelling and the rest.
    #[must_use]
    pub fn read(mut text: &[u8]) -> (Self, &[u8]) {
        let mut spelling = Self::MINIMAL;
        for (letter, flag) in Self::LETTERS {
            if let Some(rest) = text.strip_prefix(&[letter]) {
                spelling = spelling.with(flag);
                text = rest;
            }
        }
        (spelling, text)
    }

    /// Guesses the spelling of a raw string, given without its quotes, from its escapes.
    #[must_use]
    pub fn guess(raw: &[u8]) -> Self {
        let mut spelling = Self::MINIMAL;
        let mut rest = raw;
        while let Some(at) = memchr(b'\\', rest) {
            let escape = rest.get(at + 1..).unwrap_or_default();
            match escape.first() {
                Some(b'/') => spelling = spelling.with(Self::SLASH),
                Some(b'u') => {
                    let digits = escape.get(1..5).unwrap_or_default();
                    spelling = spelling.with(Self::of_unit(digits));
                }
                _ => {}
            }
            rest = escape.get(1..).unwrap_or_default();
        }
        spelling
    }

    /// Returns the flags that the digits of a `\u` escape show.
    fn of_unit(digits: &[u8]) -> Self {
        let mut spelling = Self::MINIMAL;
        if digits.iter().any(u8::is_ascii_uppercase) {
            spelling = spelling.with(Self::UPPER);
        }
        match unit(digits).unwrap_or(0) {
            0x08 | 0x0c => spelling = spelling.with(Self::LONG),
            0x3c | 0x3e | 0x26 | 0x2028 | 0x2029 => spelling = spelling.with(Self::HTML),
            0x7f.. => spelling = spelling.with(Self::ASCII),
            _ => {}
        }
        spelling
    }
}

/// Decodes a raw string, given without its quotes, onto `out`. Returns false for a lone surrogate, and leaves
/// `out` as it was.
#[must_use]
pub fn decode(raw: &[u8], out: &mut Vec<u8>) -> bool {
    let mark = out.len();
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at + 1..).unwrap_or_default();
        let mut length = 1;
        match escape.first() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'u') => {
                let Some((character, digits)) = unicode(escape) else {
                    out.truncate(mark);
                    return false;
                };
                length = digits;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(&other) => out.push(other),
            None => {}
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    true
}

/// Decodes `uXXXX`, or the surrogate pair `uXXXX\uXXXX`. Returns the character and how many bytes it took.
fn unicode(escape: &[u8]) -> Option<(char, usize)> {
    let high = unit(escape.get(1..5)?)?;
    if !(0xd800..0xe000).contains(&high) {
        return char::from_u32(high).map(|character| (character, 5));
    }
    let low = escape
        .get(5..11)
        .filter(|low| low.starts_with(b"\\u"))
        .and_then(|low| unit(low.get(2..)?))?;
    if high >= 0xdc00 || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).map(|character| (character, 11))
}

/// Reads the hexadecimal digits of one UTF-16 unit.
fn unit(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

const ESCAPE_ALWAYS: u8 = 1;
const ESCAPE_HTML: u8 = 2;
const ESCAPE_SLASH: u8 = 4;
const ESCAPE_HIGH: u8 = 8;
const ESCAPE_E2: u8 = 16;

/// Returns the classes of a byte: the reasons for which it may have to be escaped.
const fn class(byte: u8) -> u8 {
    match byte {
        b'"' | b'\\' | 0..=0x1f => ESCAPE_ALWAYS,
        b'<' | b'>' | b'&' => ESCAPE_HTML,
        b'/' => ESCAPE_SLASH,
        0xe2 => ESCAPE_HIGH | ESCAPE_E2,
        0x7f.. => ESCAPE_HIGH,
        _ => 0,
    }
}

/// Returns the classes of bytes that may have to be escaped in a spelling.
fn escaped(spelling: Spelling) -> u8 {
    let mut mask = ESCAPE_ALWAYS;
    if spelling.has(Spelling::HTML) {
        mask |= ESCAPE_HTML | ESCAPE_E2;
    }
    if spelling.has(Spelling::SLASH) {
        mask |= ESCAPE_SLASH;
    }
    if spelling.has(Spelling::ASCII) {
        mask |= ESCAPE_HIGH;
    }
    mask
}

/// Returns true if the text has no byte that may have to be escaped.
pub(crate) fn is_unescaped(text: &[u8], spelling: Spelling) -> bool {
    let mask = escaped(spelling);
    text.iter().all(|byte| class(*byte) & mask == 0)
}

/// Encodes UTF-8 text as the inside of a JSON string. This undoes `decode` for a string in that spelling.
pub fn encode(text: &[u8], spelling: Spelling, out: &mut Vec<u8>) {
    let mask = escaped(spelling);
    let mut rest = text;
    loop {
        let special = if mask == ESCAPE_ALWAYS {
            find_special(rest)
        } else {
            rest.iter().position(|byte| class(*byte) & mask != 0)
        };
        let Some(at) = special else {
            out.extend_from_slice(rest);
            return;
        };
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let length = escape(special, spelling, out);
        rest = special.get(length..).unwrap_or_default();
    }
}

/// Encodes the first character of `text`; returns its length in bytes.
fn escape(text: &[u8], spelling: Spelling, out: &mut Vec<u8>) -> usize {
    let first = text.first().copied().unwrap_or_default();
    let short = match first {
        b'"' => b'"',
        b'\\' => b'\\',
        b'/' => b'/',
        b'\n' => b'n',
        b'\t' => b't',
        b'\r' => b'r',
        8 if !spelling.has(Spelling::LONG) => b'b',
        12 if !spelling.has(Spelling::LONG) => b'f',
        _ => 0,
    };
    if short != 0 {
        out.extend_from_slice(&[b'\\', short]);
        return 1;
    }
    let length = match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    let bytes = text.get(..length).unwrap_or_default();
    let Some(character) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.chars().next())
    else {
        return 1;
    };
    let separator = matches!(character, '\u{2028}' | '\u{2029}');
    if first >= 0x80 && !spelling.has(Spelling::ASCII) && !separator {
        out.extend_from_slice(bytes);
        return length;
    }
    let digits = if spelling.has(Spelling::UPPER) {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            out.push(
                digits
                    .get(usize::from(*unit >> shift) & 15)
                    .copied()
                    .unwrap_or_default(),
            );
        }
    }
    length
}

/// Returns true if a raw string is in the minimal spelling: it has no needless escape, and every escape is in
/// its short form.
fn is_minimal(raw: &[u8]) -> bool {
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest) {
        let length = match rest.get(at + 1..).unwrap_or_default() {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return false,
        };
        rest = rest.get(at + length..).unwrap_or_default();
    }
    true
}

/// Decodes a raw string onto `out` if some spelling gives the same raw bytes again; returns that spelling.
/// Leaves `out` alone otherwise.
#[must_use]
pub fn decode_proved(raw: &[u8], out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Option<Spelling> {
    if is_minimal(raw) {
        return decode(raw, out).then_some(Spelling::MINIMAL);
    }
    let spelling = Spelling::guess(raw);
    decode_as(raw, spelling, out, scratch).then_some(spelling)
}

/// Decodes a raw string onto `out` if `spelling` gives the same raw bytes again. Leaves `out` alone and
/// returns false otherwise.
#[must_use]
pub fn decode_as(raw: &[u8], spelling: Spelling, out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> bool {
    let mark = out.len();
    if spelling == Spelling::MINIMAL {
        return is_minimal(raw) && decode(raw, out);
    }
    if !decode(raw, out) {
        return false;
    }
    scratch.clear();
    encode(out.get(mark..).unwrap_or_default(), spelling, scratch);
    if scratch.as_slice() != raw {
        out.truncate(mark);
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proved(raw: &str) -> Option<(String, Spelling)> {
        let mut out = Vec::new();
        let spelling = decode_proved(raw.as_bytes(), &mut out, &mut Vec::new())?;
        String::from_utf8(out).ok().map(|text| (text, spelling))
    }

    #[test]
    fn each_spelling_is_recognised() {
        let cases = [
            ("plain", "plain", Spelling::MINIMAL),
            ("a\\n\\\"b\\\\", "a\n\"b\\", Spelling::MINIMAL),
            ("caf\\u00e9 \\ud83d\\ude00", "café 😀", Spelling::ASCII),
            ("caf\\u00E9", "café", Spelling::ASCII.with(Spelling::UPPER)),
            ("\\u003cb\\u003e \\u2028é", "<b> \u{2028}é", Spelling::HTML),
            ("a\\/b", "a/b", Spelling::SLASH),
            ("\\u0008\\u000c", "\u{8}\u{c}", Spelling::LONG),
            ("\\u001f\\b", "\u{1f}\u{8}", Spelling::MINIMAL),
        ];
        for (raw, text, spelling) in cases {
            assert_eq!(proved(raw), Some((text.to_owned(), spelling)), "{raw}");
        }
    }

    #[test]
    fn mixed_spellings_and_lone_surrogates_are_refused() {
        for raw in [
            "\\u00e9 é",
            "a\\/b/c",
            "\\ud800",
            "\\udc00\\ud800",
            "\\ud800x",
            "\\u0041",
            "\\u00E9\\u00e9",
        ] {
            assert_eq!(proved(raw), None, "{raw}");
        }
    }
}
