//! Reads the text behind a header: a table, or a document in which inline tables may stand.

use crate::notation::frame::Frame;
use crate::notation::grammar::Place;
use crate::notation::header::Header;
use crate::notation::marker::Marker;
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::sink::JsonSink;
use crate::notation::read::table::table;

/// Reads a table or document behind its header. Returns the marker behind a table's rows, if there is one.
pub(crate) fn content<'a>(
    cursor: &mut Cursor<'a>,
    header: &Header,
    out: &mut impl JsonSink,
) -> Parse<Option<&'a [u8]>> {
    match header.rows {
        Some(rows) => table(cursor, rows, header.map, out),
        None => cursor.value_with(Place::Cell, out, inline_table).map(|()| None),
    }
}

/// Reads an inline table; returns false if none begins here.
fn inline_table(cursor: &mut Cursor<'_>, out: &mut impl JsonSink) -> Parse<bool> {
    let Some((rows, map, length)) = bracket(cursor.rest()) else {
        return Ok(false);
    };
    cursor.at += length;
    if let Some(marker) = table(cursor, rows, map, out)? {
        let read = Marker::read(marker).ok().flatten();
        if !matches!(read, Some((Marker::Rows { frame: Frame::VALUE, .. }, length)) if length == marker.len())
        {
            return Err("an unknown marker behind a table");
        }
        out.offloaded(marker)?;
    }
    if cursor.take(b'\n') {
        Ok(true)
    } else {
        Err("an inline table without a line feed behind it")
    }
}

/// Reads the `[…]` before the columns of an inline table. Returns the number of rows, whether the table is a
/// map, and the length of the bracket; none for anything else.
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
