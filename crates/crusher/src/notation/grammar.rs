//! The grammar that writing and reading share: the bytes with a meaning, and which texts stand bare.
//!
//! `docs/notation.md` is normative. `read::decode` undoes what `write` does: it gives the compact JSON text
//! of what was written, with its key order, number spelling and escapes.

/// Begins the line of an irregular row.
pub(crate) const IRREGULAR: u8 = b'|';
/// Begins a section line, and marks section columns in the header.
pub(crate) const SECTION: u8 = b'@';
/// Begins the line before a rows marker. That line has names that stand in rows which were left out.
pub(crate) const NAMES: &[u8] = b"also ";
/// Begins a cell that holds a value instead of text for its column's template.
pub(crate) const EXPLICIT: u8 = b'=';
/// Begins an override, a cell with the value of a whole group. It stands once for each level of groups.
pub(crate) const OVERRIDE: u8 = b'~';
/// Names the key column of a map.
pub(crate) const MAP_KEY: u8 = b'*';
/// Open and close a hole or a back-reference in a template.
pub(crate) const HOLE: (u8, u8) = (b'<', b'>');

/// Where a value stands. This decides what ends a bare value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a row of a table, or by itself.
    Cell,
    /// A member of an object.
    Object,
    /// An element of an array.
    Array,
    /// In a row in a cell.
    Tuple,
    /// Behind `=` in the header of a table.
    Header,
}

impl Place {
    /// Returns the byte that ends a value here, as a comma does.
    pub(crate) const fn close(self) -> u8 {
        match self {
            Self::Cell => b'\n',
            Self::Object | Self::Header => b'}',
            Self::Array => b']',
            Self::Tuple => b')',
        }
    }

    /// Returns the classes of bytes that a bare text here doesn't hold.
    const fn ends(self) -> u8 {
        match self {
            Self::Cell => SEPARATES,
            Self::Object => SEPARATES | BRACE,
            Self::Header => SEPARATES | BRACE | ANGLE,
            Self::Array => SEPARATES | BRACKET,
            Self::Tuple => SEPARATES | PARENTHESIS,
        }
    }
}

/// The class of commas and control characters.
pub(crate) const SEPARATES: u8 = 1;
pub(crate) const BRACE: u8 = 2;
pub(crate) const BRACKET: u8 = 4;
pub(crate) const PARENTHESIS: u8 = 8;
pub(crate) const ANGLE: u8 = 16;
/// The class of bytes that a bare text doesn't begin with.
pub(crate) const NOT_FIRST: u8 = 32;
/// The class of bytes that a bare key may hold.
pub(crate) const IN_KEY: u8 = 64;

/// The classes of each byte.
#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
pub(crate) const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < classes.len() {
        classes[at] = match at as u8 {
            0..=0x1f | b',' => SEPARATES | NOT_FIRST,
            b'}' => BRACE,
            b']' => BRACKET,
            b')' => PARENTHESIS,
            b'<' => ANGLE,
            b'"' | b'[' | b'{' | b'(' | EXPLICIT | OVERRIDE | IRREGULAR => NOT_FIRST,
            SECTION | b' ' => NOT_FIRST | IN_KEY,
            b'0'..=b'9'
            | b'A'..=b'Z'
            | b'a'..=b'z'
            | 0x80..
            | b'_'
            | b'-'
            | b'$'
            | b'/'
            | b'#'
            | b'+'
            | b'.' => IN_KEY,
            _ => 0,
        };
        at += 1;
    }
    classes
};

/// Returns the classes of a byte.
#[inline]
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Returns true if a string with this text may stand bare: without quotes, it is still read as a string.
pub(crate) fn is_bare(text: &[u8], place: Place) -> bool {
    stands_bare(text, place) && !is_number_or_word(text)
}

/// Returns true for a number and for `true`, `false` and `null`. As the text of a string, these need quotes.
#[inline]
pub(crate) fn is_number_or_word(text: &[u8]) -> bool {
    match text.first() {
        Some(b'-' | b'0'..=b'9') => is_number(text),
        Some(b't' | b'f' | b'n') => is_word(text),
        _ => false,
    }
}

/// As `is_bare`, for places where every value is text. Numbers and words need no quotes there, except `null`.
pub(crate) fn is_bare_text(text: &[u8], place: Place) -> bool {
    stands_bare(text, place) && text != b"null"
}

/// Returns true if nothing in a text needs quotes; a number or word may still need them.
#[inline]
pub(crate) fn stands_bare(text: &[u8], place: Place) -> bool {
    has_bare_ends(text) && text.iter().fold(0, |all, byte| all | class(*byte)) & place.ends() == 0
}

/// Returns true if a bare text may begin and end as this text does.
#[inline]
pub(crate) fn has_bare_ends(text: &[u8]) -> bool {
    let ([first, ..], [.., last]) = (text, text) else {
        return false;
    };
    class(*first) & NOT_FIRST == 0 && *last != b' ' && !text.starts_with(crate::notation::marker::OPEN)
}

/// Returns true for `true`, `false` and `null`.
pub(crate) fn is_word(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null")
}

/// Returns true for a number as RFC 8259 defines it.
pub(crate) fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    let (number, mut rest) = text.split_at(whole);
    if whole == 0 || (whole > 1 && number.first() == Some(&b'0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let exponent = exponent
            .strip_prefix(b"+")
            .or_else(|| exponent.strip_prefix(b"-"))
            .unwrap_or(exponent);
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

/// Returns the length of the longest start of a text that holds only bytes of a bare key.
#[inline]
pub(crate) fn bare_key_length(text: &[u8]) -> usize {
    let is_in = |byte: &u8| class(*byte) & IN_KEY != 0;
    text.iter().position(|byte| !is_in(byte)).unwrap_or(text.len())
}

/// Returns true if a key's raw text may stand without quotes.
#[inline]
pub(crate) fn is_bare_key(key: &[u8]) -> bool {
    let ([first, ..], [.., last]) = (key, key) else {
        return false;
    };
    class(*first) & NOT_FIRST == 0
        && *last != b' '
        && key.iter().fold(IN_KEY, |all, byte| all & class(*byte)) != 0
}

/// Returns true if text may stand in a template as fixed text.
pub(crate) fn is_fixed(text: &[u8]) -> bool {
    let means = |byte: &u8| *byte < b' ' || matches!(*byte, b',' | b'"' | b'{' | b'}') || *byte == HOLE.0;
    !text.iter().any(means)
}

/// Returns true if the text behind `=` in a header is a template, not a value.
pub(crate) fn is_template(text: &[u8]) -> bool {
    !matches!(text.first(), Some(b'"' | b'[' | b'{')) && memchr::memchr(HOLE.0, text).is_some()
}
