//! The cells of a row that has templates, and the texts that the templates make of them.

use crate::json::spelling;
use crate::notation::grammar::{Place, is_bare, is_bare_text};
use crate::notation::read::columns::{ColumnFormat, ParsedPart, Shape};
use crate::notation::read::cursor::{Cursor, Parse, TOO_LARGE, is_string};

/// What a row has in a column.
#[derive(Clone, Copy)]
pub(crate) enum FoundCell {
    /// No value.
    Missing,
    /// A value from the header, from a section line or from a template. The texts for a template's holes
    /// begin at this position in `Row::holes`.
    Filled(usize),
    /// A value, which begins at this byte of the text.
    Value(usize),
    /// An override of the group so many levels up. Its value begins at this byte of the text.
    Override(usize, usize),
}

/// The cells of a row that has to be read before it is written.
#[derive(Default)]
pub(crate) struct Row<'a> {
    pub line: Cursor<'a>,
    /// The row's key in a map, in quotes or bare.
    pub key: &'a [u8],
    pub cells: Vec<FoundCell>,
    /// The texts for the holes of templates, in quotes or bare.
    pub holes: Vec<&'a [u8]>,
    /// Scratch: a text that a template makes.
    pub text: Vec<u8>,
}

/// Reads the text for a hole, its quotes included if it has some.
pub(crate) fn hole<'a>(cursor: &mut Cursor<'a>, place: Place) -> Parse<&'a [u8]> {
    if cursor.peek() == Some(b'"') {
        // No later scan checks this string, because a template decodes it.
        let quoted = cursor.quoted()?;
        return if is_string(quoted) {
            Ok(quoted)
        } else {
            Err("a quoted text that is no JSON string")
        };
    }
    let text = cursor.until(place);
    if is_bare_text(text, place) {
        Ok(text)
    } else {
        Err("a text that needs quotes")
    }
}

/// Makes the text of a template, from the row's holes from `first` on. It may have `max_bytes`: a template
/// may name a long text many times.
pub(crate) fn fill(
    shape: &Shape<'_>,
    parts: &[ParsedPart<'_>],
    first: usize,
    row: &Row<'_>,
    max_bytes: usize,
    text: &mut Vec<u8>,
) -> Parse<()> {
    let mut holes = row.holes.iter().skip(first);
    for part in parts {
        match part {
            ParsedPart::Fixed(fixed) => text.extend_from_slice(fixed),
            ParsedPart::Key => read(row.key, text)?,
            ParsedPart::Hole => read(holes.next().copied().unwrap_or_default(), text)?,
            ParsedPart::Column(at) => named(shape, *at, row, max_bytes, text)?,
            ParsedPart::Named(_) => return Err("a template that names no column"),
        }
        if text.len() > max_bytes {
            return Err(TOO_LARGE);
        }
    }
    Ok(())
}

/// Appends the text of the column that a back-reference names.
fn named(shape: &Shape<'_>, at: usize, row: &Row<'_>, max_bytes: usize, text: &mut Vec<u8>) -> Parse<()> {
    let column = shape.columns.get(at).ok_or("a template that names no column")?;
    match (
        row.cells.get(at).copied().unwrap_or(FoundCell::Missing),
        &column.format,
    ) {
        (FoundCell::Value(start), _) => {
            let mut cursor = Cursor {
                at: start,
                ..row.line
            };
            if cursor.peek() == Some(b'"') {
                return read(cursor.quoted()?, text);
            }
            let bare = cursor.until(Place::Cell);
            if !is_bare(bare, Place::Cell) {
                return Err("a template that names a value which is no text");
            }
            text.extend_from_slice(bare);
            Ok(())
        }
        // The template of a named column names no column itself, so this calls itself only once.
        (FoundCell::Filled(first), ColumnFormat::Template(parts)) => {
            fill(shape, parts, first, row, max_bytes, text)
        }
        _ => Err("a template that names a value which is no text"),
    }
}

/// Appends the text of a string that stands in quotes or bare.
#[inline]
fn read(string: &[u8], text: &mut Vec<u8>) -> Parse<()> {
    if !string.starts_with(b"\"") {
        text.extend_from_slice(string);
        return Ok(());
    }
    let raw = string.get(1..string.len() - 1).unwrap_or_default();
    if spelling::decode(raw, text) {
        Ok(())
    } else {
        Err("a text that can't be decoded")
    }
}
