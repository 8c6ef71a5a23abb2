//! What stands behind a header: a table, or a value in which tables may stand.

use crate::notation::frame::Frame;
use crate::notation::grammar::Place;
use crate::notation::header::Header;
use crate::notation::marker::Marker;
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::sink::JsonSink;
use crate::notation::read::table::table;

/// Reads a table or document behind its header; gives the marker of a table whose rows are in the store.
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

/// Reads a table inside a document, if one stands here.
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
