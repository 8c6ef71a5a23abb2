//! A row's cells as they were read, and the texts that templates make of them.

use crate::json::spelling;
use crate::notation::grammar::{Place, is_bare, is_bare_text};
use crate::notation::read::cursor::{Cursor, Parse, TOO_LARGE, is_string};
use crate::notation::read::header::{ColumnFormat, ParsedPart, Shape};

/// What a row has of a column.
#[derive(Clone, Copy)]
pub(crate) enum FoundCell {
    Missing,
    /// What stands in the header, on a line between the rows, or is made of texts: their place in the row's
    /// list of them.
    Filled(usize),
    /// A value, from this byte of the line on.
    Value(usize),
    /// A value so many levels up, from this byte of the line on.
    Override(usize, usize),
}

/// The cells of a row that has to be read before it is written.
#[derive(Default)]
pub(crate) struct Row<'a> {
    pub line: Cursor<'a>,
    /// The row's key, in quotes or not.
    pub key: &'a [u8],
    pub cells: Vec<FoundCell>,
    /// Texts that fill templates, with quotes or without.
    pub holes: Vec<&'a [u8]>,
    /// A text that a template makes.
    pub text: Vec<u8>,
}

/// What fills a hole, with its quotes if it has some.
pub(crate) fn hole<'a>(cursor: &mut Cursor<'a>, place: Place) -> Parse<&'a [u8]> {
    if cursor.peek() == Some(b'"') {
        // What is decoded here nobody looks at again.
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

/// Makes the text of a template, with the row's holes from `first` on; it may name a long text many times.
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

/// Appends the text of a column that a template names.
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
        // Such a template names no column in its turn.
        (FoundCell::Filled(first), ColumnFormat::Template(parts)) => {
            fill(shape, parts, first, row, max_bytes, text)
        }
        _ => Err("a template that names a value which is no text"),
    }
}

/// Appends the text of a string that stands in quotes or not.
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
