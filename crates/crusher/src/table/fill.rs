//! A row's cells as they were read, and the texts that templates make of them.

use super::cells::{Parse, Reader, TOO_LARGE, is_string};
use super::shape::{Print, Segment, Shape};
use super::{Place, is_bare, is_bare_text};
use crate::spelling;

/// A cell as it stands, or as JSON that was read from it.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Missing,
    /// A number, a word or a text without quotes.
    Bare(&'a [u8]),
    /// A string with its quotes.
    Quoted(&'a [u8]),
    /// Bytes of the row's JSON.
    Json(usize, usize),
    /// Texts that fill a template, in the row's list of them.
    Filled(usize),
    /// Levels up, and bytes of the row's JSON.
    Override(usize, usize, usize),
}

/// The memory of a row.
#[derive(Default)]
pub(super) struct Row<'a> {
    pub cells: Vec<Cell<'a>>,
    /// Texts that fill templates, with quotes or without.
    pub holes: Vec<&'a [u8]>,
    /// Values that were read before their turn.
    pub json: Vec<u8>,
    /// The text of the row's key.
    pub key: Vec<u8>,
    pub key_is_text: bool,
    /// A text that a template makes.
    pub text: Vec<u8>,
    /// Groups that are open while the row is written.
    pub open: Vec<usize>,
}

/// What fills a hole, with its quotes if it has some.
pub(super) fn hole<'a>(reader: &mut Reader<'a>, place: Place) -> Parse<&'a [u8]> {
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
pub(super) fn fill(
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
            Segment::Key if !row.key_is_text => return Err("a template that names a key which is no text"),
            Segment::Key => text.extend_from_slice(&row.key),
            Segment::Hole => {
                let hole = holes.next().copied().unwrap_or_default();
                if hole.starts_with(b"\"") {
                    decode(hole, text)?;
                } else {
                    text.extend_from_slice(hole);
                }
            }
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
        (Cell::Quoted(quoted), _) => decode(quoted, text),
        (Cell::Bare(bare), _) if is_bare(bare, Place::Cell) => {
            text.extend_from_slice(bare);
            Ok(())
        }
        (Cell::Json(start, end), _) => match row.json.get(start..end) {
            Some(quoted @ [b'"', ..]) => decode(quoted, text),
            _ => Err("a template that names a value which is no text"),
        },
        // Such a template names no column in its turn.
        (Cell::Filled(first), Print::Template(segments)) => {
            fill(shape, segments, first, row, max_bytes, text)
        }
        _ => Err("a template that names a value which is no text"),
    }
}

/// Appends the text of a string token.
pub(super) fn decode(quoted: &[u8], text: &mut Vec<u8>) -> Parse<()> {
    let raw = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if spelling::decode(raw, text) {
        Ok(())
    } else {
        Err("a text that can't be decoded")
    }
}
