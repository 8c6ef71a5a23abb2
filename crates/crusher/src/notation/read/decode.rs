//! Table or document text → compact JSON. Strict: what the writer can't have written is an error, never a guess.

use crate::error::{Error, Limit, Result};
use crate::json::layout::Layout;
use crate::notation::grammar::{NAMES, Place, SECTION};
use crate::notation::marker::{Frame, Head, Marker, OPEN};
use crate::notation::read::compare::{Comparing, Ours};
use crate::notation::read::cursor::{Parse, Reader, TOO_LARGE};
use crate::notation::read::header::Shape;
use crate::notation::read::rows::Rows;
use crate::notation::read::sink::{Memory, Style, Target};
use crate::options::MAX_RECORD_BYTES;

/// Shapes of one table; a writer makes far fewer.
const MAX_SHAPES: usize = 64;

/// What a text holds.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The last line of a table whose original is in the store; the rows above it were not read.
    pub tail: Option<&'a [u8]>,
    /// Parts of the JSON stood as JSON in the text: they aren't checked yet, and their strings may be ours.
    pub copied: bool,
}

/// Decodes the whole of `text`, whose head has been read and ends at byte `at`. Appends JSON to `out`, compact or, where the
/// head says so, spaced; its strings may still be markers, literals and heads.
///
/// # Errors
/// `LimitExceeded` for text that decodes to more than `max_bytes` (constants multiply), `Format` for anything but
/// exactly one table or document.
pub fn decode<'a>(
    text: &'a [u8],
    head: &Head,
    at: usize,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<Decoded<'a>> {
    let end = text.len();
    let mut reader = Reader { text, at, end };
    let max_bytes = out.len().saturating_add(max_bytes);
    let mut out = Memory {
        json: out,
        style: style(head),
        copied: false,
        max_bytes,
    };
    let result = content(&mut reader, head, &mut out);
    let copied = out.copied;
    match result {
        Ok(tail) if reader.is_done() => Ok(Decoded { tail, copied }),
        Err(TOO_LARGE) => Err(Error::LimitExceeded {
            limit: Limit::RecordBytes,
            maximum: MAX_RECORD_BYTES,
        }),
        Ok(_) => Err(Error::Format {
            what: "text behind the last line",
            offset: reader.at,
        }),
        Err(what) => Err(Error::Format {
            what,
            offset: reader.at,
        }),
    }
}

/// How many bytes of `expected` the whole of `text` decodes to, its head read and ending at byte `at`; `ours` tells what its strings
/// of ours stand for. None where they can't be compared without decoding, or the strict reader would refuse the text.
pub(crate) fn compare(
    text: &[u8],
    head: &Head,
    at: usize,
    expected: &[u8],
    ours: &mut Ours<'_>,
) -> Option<usize> {
    let end = text.len();
    let mut reader = Reader { text, at, end };
    let mut out = Comparing::new(expected, style(head), ours);
    let tail = content(&mut reader, head, &mut out).ok()?;
    (tail.is_none() && reader.is_done()).then_some(out.at)
}

fn style(head: &Head) -> Style {
    Style {
        spelling: head.cells,
        spaced: head.layout == Layout::Spaced,
    }
}

/// Reads a table or document behind its head; gives the marker of a table whose rows are in the store.
fn content<'a>(reader: &mut Reader<'a>, head: &Head, out: &mut impl Target) -> Parse<Option<&'a [u8]>> {
    match head.rows {
        Some(rows) => table(reader, rows, head.map, out),
        None => reader.value(Place::Cell, true, out).map(|()| None),
    }
}

/// Reads a table inside a document, if one stands here.
pub(crate) fn inline_table(reader: &mut Reader<'_>, out: &mut impl Target) -> Parse<bool> {
    let Some((rows, map, length)) = bracket(reader.rest()) else {
        return Ok(false);
    };
    reader.at += length;
    if let Some(marker) = table(reader, rows, map, out)? {
        let read = Marker::read(marker).ok().flatten();
        if !matches!(read, Some((Marker::Rows { frame: Frame::Value, .. }, length)) if length == marker.len())
        {
            return Err("an unknown marker behind a table");
        }
        out.offloaded(marker)?;
    }
    if reader.take(b'\n') {
        Ok(true)
    } else {
        Err("a table without a line break behind it")
    }
}

/// The count of rows, whether it is a map, and the length of `[…]` before the columns.
fn bracket(text: &[u8]) -> Option<(u64, bool, usize)> {
    let body = text.strip_prefix(b"[")?;
    let digits = body
        .iter()
        .take(20)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = body.split_at(digits);
    let (map, rest) = rest.strip_prefix(b"m").map_or((false, rest), |rest| (true, rest));
    let columns = rest.strip_prefix(b"]")?;
    if !matches!(columns.first(), Some(b'{' | b'[')) || matches!(number, [] | [b'0', ..]) {
        return None;
    }
    let rows = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((rows, map, text.len() - columns.len()))
}

/// Reads a table behind its bracket, up to the line break behind it; gives the marker of one whose rows are in the store.
fn table<'a>(
    reader: &mut Reader<'a>,
    rows: u64,
    map: bool,
    out: &mut impl Target,
) -> Parse<Option<&'a [u8]>> {
    let lists = reader.take(b'[');
    let mut shapes = Vec::new();
    while shapes.is_empty() || (reader.peek() == Some(b'{') && shapes.len() < MAX_SHAPES) {
        shapes.push(Shape::read(reader, map, out, 0)?);
    }
    if shapes.len() > 1 && shapes.iter().any(|shape| shape.sections > 0) {
        return Err("several shapes with sections");
    }
    let is_simple = matches!(shapes.as_slice(), [shape] if shape.is_simple());
    if lists && (map || !reader.take(b']') || !is_simple) {
        return Err("a table of lists with a key, sections or templates");
    }
    if let Some(tail) = tail(reader, rows) {
        return Ok(Some(tail));
    }
    let mut found = Rows::new(&shapes);
    out.push(if map { b"{" } else { b"[" })?;
    for row in 0..rows {
        let mut line = line(reader).ok_or("fewer rows than the head says")?;
        if found.section(line, out)? {
            line = self::line(reader).ok_or("fewer rows than the head says")?;
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

/// The text behind the next line break, up to the one after it.
fn line<'a>(reader: &mut Reader<'a>) -> Option<Reader<'a>> {
    let rest = reader.rest().strip_prefix(b"\n")?;
    let at = reader.at + 1;
    let end = at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    reader.at = end;
    Some(Reader { at, end, ..*reader })
}

/// The marker behind the rows, if there is one; then the rows are for the reader only.
fn tail<'a>(reader: &mut Reader<'a>, rows: u64) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    // Lines that say what stands in sections are no rows.
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
    *reader = ahead;
    Some(found)
}
