//! The notation of values: JSON without the quotes that nobody needs, and lists of objects as tables.
//!
//! `docs/notation.md` is normative. Writing and `read::decode` are inverse: `decode` gives the compact JSON
//! text of what was written, key order, number spelling and escapes included. A value is written by
//! `write::value`; a list of objects whose columns were found (`write::columns`) and planned (`write::plan`)
//! by `write::rows`.

/// Begins a line that holds an irregular row.
pub(crate) const IRREGULAR: u8 = b'|';
/// Begins a line that says what stands in the section columns of the rows below it, and marks these columns
/// in the header.
pub(crate) const SECTION: u8 = b'@';
/// Begins the line before a rows marker that names rows which aren't there.
pub(crate) const NAMES: &[u8] = b"also ";
/// Begins a cell that is no text of its column's template but another value.
pub(crate) const EXPLICIT: u8 = b'=';
/// Begins a cell that stands for a whole group, one for each level.
pub(crate) const OVERRIDE: u8 = b'~';
/// Names the key column of a map.
pub(crate) const MAP_KEY: u8 = b'*';
/// Stand around the name of a column, or nothing, in a template.
pub(crate) const HOLE: (u8, u8) = (b'<', b'>');

/// Where a value stands, which says what ends it when it stands bare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a row of a table, or by itself.
    Cell,
    /// A member of an object.
    Object,
    /// An element of an array.
    Array,
    /// In a row inside a cell.
    Tuple,
    /// Behind `=` in the header of a table.
    Header,
}

impl Place {
    /// What ends a value here beside a comma.
    pub(crate) const fn close(self) -> u8 {
        match self {
            Self::Cell => b'\n',
            Self::Object | Self::Header => b'}',
            Self::Array => b']',
            Self::Tuple => b')',
        }
    }

    /// The classes of bytes that a bare text here is free of.
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

/// A comma or a control character.
pub(crate) const SEPARATES: u8 = 1;
pub(crate) const BRACE: u8 = 2;
pub(crate) const BRACKET: u8 = 4;
pub(crate) const PARENTHESIS: u8 = 8;
pub(crate) const ANGLE: u8 = 16;
/// A bare text doesn't begin with it.
pub(crate) const NOT_FIRST: u8 = 32;
/// A bare key may hold it.
pub(crate) const IN_KEY: u8 = 64;

/// What matters about each byte.
#[allow(clippy::indexing_slicing, reason = "the compiler does it")]
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

#[inline]
pub(crate) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// True where a string of this text may stand without quotes and still is read as a string.
pub(crate) fn is_bare(text: &[u8], place: Place) -> bool {
    stands_bare(text, place) && !is_other(text)
}

/// True for what isn't read as a string without quotes: numbers and words.
#[inline]
pub(crate) fn is_other(text: &[u8]) -> bool {
    match text.first() {
        Some(b'-' | b'0'..=b'9') => is_number(text),
        Some(b't' | b'f' | b'n') => is_word(text),
        _ => false,
    }
}

/// As `is_bare`, where everything is text: numbers and words need no quotes, except `null`.
pub(crate) fn is_bare_text(text: &[u8], place: Place) -> bool {
    stands_bare(text, place) && text != b"null"
}

#[inline]
pub(crate) fn stands_bare(text: &[u8], place: Place) -> bool {
    has_bare_ends(text) && text.iter().fold(0, |all, byte| all | class(*byte)) & place.ends() == 0
}

/// True for a text whose ends may be those of a bare text.
#[inline]
pub(crate) fn has_bare_ends(text: &[u8]) -> bool {
    let ([first, ..], [.., last]) = (text, text) else {
        return false;
    };
    class(*first) & NOT_FIRST == 0 && *last != b' ' && !text.starts_with(crate::notation::marker::OPEN)
}

/// True for `true`, `false` and `null`.
pub(crate) fn is_word(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null")
}

/// True for a number by RFC 8259.
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

/// How many bytes that a bare key may hold a text begins with.
#[inline]
pub(crate) fn bare_key_length(text: &[u8]) -> usize {
    let is_in = |byte: &u8| class(*byte) & IN_KEY != 0;
    text.iter().position(|byte| !is_in(byte)).unwrap_or(text.len())
}

/// True where a key's raw text may stand without quotes.
#[inline]
pub(crate) fn is_bare_key(key: &[u8]) -> bool {
    let ([first, ..], [.., last]) = (key, key) else {
        return false;
    };
    class(*first) & NOT_FIRST == 0
        && *last != b' '
        && key.iter().fold(IN_KEY, |all, byte| all & class(*byte)) != 0
}

/// True for text that may stand in a template.
pub(crate) fn is_fixed(text: &[u8]) -> bool {
    let means = |byte: &u8| *byte < b' ' || matches!(*byte, b',' | b'"' | b'{' | b'}') || *byte == HOLE.0;
    !text.iter().any(means)
}

/// True for the text behind `=` in a header that is a template.
pub(crate) fn is_template(text: &[u8]) -> bool {
    !matches!(text.first(), Some(b'"' | b'[' | b'{')) && memchr::memchr(HOLE.0, text).is_some()
}
