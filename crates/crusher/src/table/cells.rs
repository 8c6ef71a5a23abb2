//! The cells and names of a table, read one at a time.

use super::{JSON_CELL, OVERRIDE, is_bare, is_bare_key};

/// A result whose error says which rule is broken.
pub(super) type Parse<T> = std::result::Result<T, &'static str>;

/// The type of a column, which says how its bare cells read.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Int,
    Number,
    Bool,
    String,
    Any,
}

/// A cell as it is printed in JSON.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Missing,
    Bare(&'a [u8]),
    Json(&'a [u8]),
    /// Levels up, and the value.
    Override(usize, &'a [u8]),
}

/// A column's key, with quotes, from the start of `text`.
pub(super) fn key(text: &[u8]) -> Parse<(Vec<u8>, &[u8])> {
    if text.first() == Some(&b'"') {
        let length = string_length(text).ok_or("a column's name without its closing quote")?;
        let (quoted, rest) = text.split_at(length);
        if quoted.get(1..length - 1).is_some_and(is_bare_key) {
            return Err("a column's name in quotes that it doesn't need");
        }
        return Ok((quoted.to_vec(), rest));
    }
    let length = text
        .iter()
        .position(|byte| matches!(byte, b'.' | b':' | b',' | b'}' | b'\n'))
        .unwrap_or(text.len());
    let (bare, rest) = text.split_at(length);
    if !is_bare_key(bare) {
        return Err("a column's name that needs quotes");
    }
    Ok(([b"\"", bare, b"\""].concat(), rest))
}

pub(super) fn column_kind(text: &[u8]) -> Parse<(Kind, &[u8])> {
    let kinds: [(&[u8], Kind); 5] = [
        (b"int", Kind::Int),
        (b"number", Kind::Number),
        (b"bool", Kind::Bool),
        (b"string", Kind::String),
        (b"any", Kind::Any),
    ];
    let found = kinds
        .iter()
        .find_map(|(name, kind)| text.strip_prefix(*name).map(|rest| (*kind, rest)));
    found.ok_or("an unknown type of column")
}

/// Reads one cell up to its separator.
pub(super) fn cell(text: &[u8], kind: Kind, in_head: bool) -> Parse<(Cell<'_>, &[u8])> {
    let ends = |byte: &u8| *byte == b',' || (in_head && *byte == b'}');
    let (cell, length) = match text.first() {
        None => (Cell::Missing, 0),
        Some(byte) if ends(byte) => (Cell::Missing, 0),
        Some(b'"' | b'[' | b'{') if matches!(kind, Kind::String | Kind::Any) => {
            let length = json_length(text).ok_or("a cell that is no JSON value")?;
            (Cell::Json(text.get(..length).unwrap_or_default()), length)
        }
        Some(&JSON_CELL) if kind == Kind::String => {
            let value = text.get(1..).unwrap_or_default();
            let length = json_length(value).ok_or("a cell that is no JSON value")?;
            let value = value.get(..length).unwrap_or_default();
            if !is_number(value) && value != b"true" && value != b"false" {
                return Err("a cell behind '=' that is no number and no truth value");
            }
            (Cell::Json(value), length + 1)
        }
        Some(&OVERRIDE) => {
            let levels = text.iter().take_while(|byte| **byte == OVERRIDE).count();
            let value = text.get(levels..).unwrap_or_default();
            let length = json_length(value).ok_or("an override that is no JSON value")?;
            (
                Cell::Override(levels, value.get(..length).unwrap_or_default()),
                levels + length,
            )
        }
        Some(_) => {
            let length = text.iter().position(ends).unwrap_or(text.len());
            let bare = text.get(..length).unwrap_or_default();
            let fits = match kind {
                _ if bare == b"null" => {
                    return Ok((Cell::Json(bare), text.get(length..).unwrap_or_default()));
                }
                Kind::String => is_bare(bare, in_head),
                Kind::Int => is_number(bare) && !bare.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')),
                Kind::Number => is_number(bare),
                Kind::Bool => bare == b"true" || bare == b"false",
                Kind::Any => is_number(bare) || bare == b"true" || bare == b"false",
            };
            if !fits {
                return Err("a cell that isn't of its column's type");
            }
            (Cell::Bare(bare), length)
        }
    };
    let rest = text.get(length..).unwrap_or_default();
    if rest.first().is_some_and(|byte| !ends(byte)) {
        return Err("text behind a cell");
    }
    Ok((cell, rest))
}

/// Length of the JSON value that `text` begins with, by its brackets and quotes only; the caller scans the whole.
pub(super) fn json_length(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_length(text),
        b'[' | b'{' => {
            let mut depth = 0_usize;
            let mut at = 0;
            while let Some(byte) = text.get(at) {
                match byte {
                    b'"' => at += string_length(text.get(at..)?)? - 1,
                    b'[' | b'{' => depth += 1,
                    b']' | b'}' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            None
        }
        _ => {
            let length = text
                .iter()
                .position(|byte| matches!(byte, b',' | b'}'))
                .unwrap_or(text.len());
            let value = text.get(..length)?;
            (is_number(value) || value == b"true" || value == b"false" || value == b"null").then_some(length)
        }
    }
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

/// True for a number by RFC 8259.
fn is_number(text: &[u8]) -> bool {
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
