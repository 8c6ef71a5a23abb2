//! Reads one table behind its bracket: its columns, its rows, and the marker behind them.

use crate::notation::grammar::{NAMES, SECTION};
use crate::notation::marker::OPEN;
use crate::notation::read::columns::Shape;
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::rows::Rows;
use crate::notation::read::sink::JsonSink;

/// The most shapes of one table; the writer makes far fewer.
const MAX_SHAPES: usize = 64;

/// Reads a table behind its bracket, up to the line feed behind its last line. Returns the marker behind the
/// rows, if there is one; the rows are then not read.
pub(crate) fn table<'a>(
    cursor: &mut Cursor<'a>,
    rows: u64,
    map: bool,
    out: &mut impl JsonSink,
) -> Parse<Option<&'a [u8]>> {
    let lists = cursor.take(b'[');
    let mut shapes = Vec::new();
    while shapes.is_empty() || (cursor.peek() == Some(b'{') && shapes.len() < MAX_SHAPES) {
        shapes.push(Shape::read(cursor, map, out, 0)?);
    }
    if shapes.len() > 1 && shapes.iter().any(|shape| shape.sections > 0) {
        return Err("several shapes with section columns");
    }
    let is_simple = matches!(shapes.as_slice(), [shape] if shape.is_simple());
    if lists && (map || !cursor.take(b']') || !is_simple) {
        return Err("a table of lists with a key, shapes, section columns or templates");
    }
    if let Some(tail) = tail(cursor, rows) {
        return Ok(Some(tail));
    }
    let mut found = Rows::new(&shapes);
    out.push(if map { b"{" } else { b"[" })?;
    for row in 0..rows {
        let mut line = line(cursor).ok_or("fewer rows than the header says")?;
        if found.section(line, out)? {
            line = self::line(cursor).ok_or("fewer rows than the header says")?;
        }
        if row > 0 {
            out.separator(b',')?;
        }
        if lists {
            found.outer_list(&mut line, out)?;
            if !line.is_done() {
                return Err("text behind a cell");
            }
        } else {
            found.read(line, map, out)?;
        }
        out.check()?;
    }
    out.push(if map { b"}" } else { b"]" })?;
    Ok(None)
}

/// Reads the next line: the text between two line feeds.
fn line<'a>(cursor: &mut Cursor<'a>) -> Option<Cursor<'a>> {
    let rest = cursor.rest().strip_prefix(b"\n")?;
    let at = cursor.at + 1;
    let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    cursor.at = end;
    Some(Cursor { at, end, ..*cursor })
}

/// Reads the marker behind the rows, if there is one. The rows are informative then.
fn tail<'a>(cursor: &mut Cursor<'a>, rows: u64) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    // A section line is no row.
    let mut left = rows;
    while left > 0 {
        let line = line(&mut ahead)?;
        left -= u64::from(line.peek() != Some(SECTION));
    }
    let mut found = line(&mut ahead)?.rest();
    if found.starts_with(NAMES) {
        found = line(&mut ahead)?.rest();
    }
    if !found.starts_with(OPEN) {
        return None;
    }
    *cursor = ahead;
    Some(found)
}
