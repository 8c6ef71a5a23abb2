//! A row's cells as they were read, and the texts that templates make of them.

use crate::json::spelling;
use crate::notation::grammar::{Place, is_bare, is_bare_text};
use crate::notation::read::cursor::{Parse, Reader, TOO_LARGE, is_string};
use crate::notation::read::header::{Print, Segment, Shape};

/// What a row has of a column.
#[derive(Clone, Copy)]
pub(crate) enum Cell {
    Missing,
    /// What stands in the head, on a line between the rows, or is made of texts: their place in the row's list of them.
    Filled(usize),
    /// A value, from this byte of the line on.
    Value(usize),
    /// A value so many levels up, from this byte of the line on.
    Override(usize, usize),
}

/// The cells of a row that has to be read before it is written.
#[derive(Default)]
pub(crate) struct Row<'a> {
    pub line: Reader<'a>,
    /// The row's key, in quotes or not.
    pub key: &'a [u8],
    pub cells: Vec<Cell>,
    /// Texts that fill templates, with quotes or without.
    pub holes: Vec<&'a [u8]>,
    /// A text that a template makes.
    pub text: Vec<u8>,
}

/// What fills a hole, with its quotes if it has some.
pub(crate) fn hole<'a>(reader: &mut Reader<'a>, place: Place) -> Parse<&'a [u8]> {
    if reader.peek() == Some(b'"') {
        // What is decoded here nobody looks at again.
        let quoted = reader.quoted()?;
        return if is_string(quoted) {
            Ok(quoted)
        } else {
            Err("a quoted text that is no JSON string")
        };
    }
    let text = reader.until(place);
    if is_bare_text(text, place) {
        Ok(text)
    } else {
        Err("a text that needs quotes")
    }
}

/// Makes the text of a template, with the row's holes from `first` on; it may name a long text many times.
pub(crate) fn fill(
    shape: &Shape<'_>,
    segments: &[Segment<'_>],
    first: usize,
    row: &Row<'_>,
    max_bytes: usize,
    text: &mut Vec<u8>,
) -> Parse<()> {
    let mut holes = row.holes.iter().skip(first);
    for segment in segments {
        match segment {
            Segment::Fixed(fixed) => text.extend_from_slice(fixed),
            Segment::Key => read(row.key, text)?,
            Segment::Hole => read(holes.next().copied().unwrap_or_default(), text)?,
            Segment::Column(at) => named(shape, *at, row, max_bytes, text)?,
            Segment::Named(_) => return Err("a template that names no column"),
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
    match (row.cells.get(at).copied().unwrap_or(Cell::Missing), &column.print) {
        (Cell::Value(start), _) => {
            let mut reader = Reader {
                at: start,
                ..row.line
            };
            if reader.peek() == Some(b'"') {
                return read(reader.quoted()?, text);
            }
            let bare = reader.until(Place::Cell);
            if !is_bare(bare, Place::Cell) {
                return Err("a template that names a value which is no text");
            }
            text.extend_from_slice(bare);
            Ok(())
        }
        // Such a template names no column in its turn.
        (Cell::Filled(first), Print::Template(segments)) => {
            fill(shape, segments, first, row, max_bytes, text)
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
