//! Table text → compact JSON. Strict: what the encoder can't have written is an error, never a guess.

use super::cells::{Cell, Kind, Parse, cell, column_kind, json_length, key, string_length};
use super::{IRREGULAR, MAP_KEY};
use crate::error::{Error, Limit, Result};
use crate::marker::Head;
use crate::options::MAX_RECORD_BYTES;
use crate::spelling::{self, Spelling};

/// The last line of a table whose original is in the store.
pub type Tail<'a> = Option<&'a [u8]>;

/// Decodes a whole table, `text`, whose head has been read and ends at byte `at`. Appends compact JSON to `out`,
/// whose strings may still be markers, literals and heads. Gives the marker behind the rows, if there is one.
///
/// # Errors
/// `LimitExceeded` for a table that decodes to more than `max_bytes` (constants multiply), `Format` for anything but exactly one table: wrong row count, width, type or spelling.
pub fn decode<'a>(
    text: &'a [u8],
    head: &Head,
    at: usize,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<Tail<'a>> {
    let limit = out.len().saturating_add(max_bytes);
    let mut reader = Reader { text, at };
    let columns = Header::read(&mut reader, head)?;
    let rows = head.rows.unwrap_or(0);
    out.push(if head.map { b'{' } else { b'[' });
    let mut cells = Vec::with_capacity(columns.columns.len());
    for row in 0..rows {
        let line = reader
            .line()
            .ok_or(reader.error("fewer rows than the head says"))?;
        if row > 0 {
            out.push(b',');
        }
        columns
            .row(line, head, &mut cells, out)
            .map_err(|what| reader.error(what))?;
        if out.len() > limit {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: MAX_RECORD_BYTES,
            });
        }
    }
    out.push(if head.map { b'}' } else { b']' });
    let tail = reader.line();
    if tail.is_some_and(|tail| !tail.starts_with(crate::marker::OPEN)) || reader.at < text.len() {
        return Err(reader.error("more rows than the head says"));
    }
    Ok(tail)
}

/// Groups inside groups; the encoder writes far fewer, and each column keeps its own list of them.
const MAX_GROUPS: usize = 64;

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, what: &'static str) -> Error {
        Error::Format {
            what,
            offset: self.at,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text behind the next line break, up to the one after it.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest().strip_prefix(b"\n")?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += 1 + length;
        rest.get(..length)
    }
}

struct Column<'a> {
    /// The key with its quotes.
    key: Vec<u8>,
    /// Groups around it, outermost first.
    groups: Vec<usize>,
    kind: Kind,
    constant: Option<Cell<'a>>,
}

struct Header<'a> {
    columns: Vec<Column<'a>>,
    /// Keys of the groups, with their quotes.
    groups: Vec<Vec<u8>>,
    spelling: Spelling,
}

impl<'a> Header<'a> {
    fn read(reader: &mut Reader<'a>, head: &Head) -> Result<Self> {
        let mut header = Self {
            columns: Vec::new(),
            groups: Vec::new(),
            spelling: head.cells,
        };
        let rest = reader.rest();
        let length = header.parse(rest, head.map).map_err(|what| reader.error(what))?;
        reader.at += length;
        Ok(header)
    }

    /// Reads `{…}`; gives its length.
    fn parse(&mut self, text: &'a [u8], map: bool) -> Parse<usize> {
        let mut rest = text.strip_prefix(b"{").ok_or("expected the columns")?;
        if map {
            rest = rest.strip_prefix(&[MAP_KEY]).ok_or("expected the key column")?;
            rest = rest.strip_prefix(b",").ok_or("expected a column")?;
        }
        // Every group and column by the group around it, to find those that stand twice.
        let mut names: Vec<(Option<usize>, Vec<u8>)> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        loop {
            let mut path = Vec::new();
            loop {
                let (key, behind) = key(rest)?;
                path.push(key);
                rest = behind;
                match rest.split_first() {
                    Some((b'.', behind)) => rest = behind,
                    Some((b':', behind)) => {
                        rest = behind;
                        break;
                    }
                    _ => return Err("expected ':' behind a column's name"),
                }
            }
            let leaf = path.pop().unwrap_or_default();
            if path.len() > MAX_GROUPS {
                return Err("too many groups inside one another");
            }
            let is_open = |(group, key): &(&usize, &Vec<u8>)| self.groups.get(**group) == Some(*key);
            let shared = open.iter().zip(&path).take_while(is_open).count();
            open.truncate(shared);
            for group in path.into_iter().skip(shared) {
                names.push((open.last().copied(), group.clone()));
                open.push(self.groups.len());
                self.groups.push(group);
            }
            names.push((open.last().copied(), leaf.clone()));
            let groups = open.clone();
            let (kind, behind) = column_kind(rest)?;
            rest = behind;
            let mut constant = None;
            if let Some(behind) = rest.strip_prefix(b"=") {
                let (cell, behind) = cell(behind, kind, true)?;
                if matches!(cell, Cell::Missing | Cell::Override(..)) {
                    return Err("a constant without a value");
                }
                constant = Some(cell);
                rest = behind;
            }
            self.columns.push(Column {
                key: leaf,
                groups,
                kind,
                constant,
            });
            match rest.split_first() {
                Some((b',', behind)) => rest = behind,
                Some((b'}', behind)) => {
                    names.sort_unstable();
                    if names.windows(2).any(|pair| pair.first() == pair.last()) {
                        return Err("a column or a group of columns stands twice");
                    }
                    return Ok(text.len() - behind.len());
                }
                _ => return Err("expected ',' or '}' behind a column"),
            }
        }
    }

    fn row(&self, line: &'a [u8], head: &Head, cells: &mut Vec<Cell<'a>>, out: &mut Vec<u8>) -> Parse<()> {
        if let Some(json) = line.strip_prefix(&[IRREGULAR]) {
            let json = if head.map {
                let length = string_length(json).ok_or("expected a key")?;
                let (key, value) = json.split_at(length);
                out.extend_from_slice(key);
                out.push(b':');
                value.strip_prefix(b":").ok_or("expected ':' behind a key")?
            } else {
                json
            };
            return match json_length(json) {
                Some(length) if length == json.len() => {
                    out.extend_from_slice(json);
                    Ok(())
                }
                _ => Err("an irregular row that is no JSON value"),
            };
        }
        let mut rest = line;
        if head.map {
            let (map_key, behind) = cell(rest, Kind::String, false)?;
            match map_key {
                Cell::Bare(text) => self.bare(text, out),
                Cell::Json(text) if text.starts_with(b"\"") => out.extend_from_slice(text),
                _ => return Err("a row of a map without a key"),
            }
            out.push(b':');
            rest = behind;
        }
        cells.clear();
        let mut separated = !head.map;
        for column in &self.columns {
            if let Some(constant) = column.constant {
                cells.push(constant);
                continue;
            }
            if !separated {
                rest = rest.strip_prefix(b",").ok_or("a row with too few cells")?;
            }
            separated = false;
            let (cell, behind) = cell(rest, column.kind, false)?;
            cells.push(cell);
            rest = behind;
        }
        if !rest.is_empty() {
            return Err("a row with too many cells");
        }
        self.object(cells, out)
    }

    /// Prints the object of a row.
    fn object(&self, cells: &[Cell<'a>], out: &mut Vec<u8>) -> Parse<()> {
        out.push(b'{');
        let start = out.len();
        let mut open: Vec<usize> = Vec::new();
        let mut overridden = None;
        for (column, cell) in self.columns.iter().zip(cells) {
            if overridden.is_some_and(|group| column.groups.contains(&group)) {
                if !matches!(cell, Cell::Missing) {
                    return Err("a value inside a group that is overridden");
                }
                continue;
            }
            let (groups, key, value) = match *cell {
                Cell::Missing => continue,
                Cell::Override(levels, value) => {
                    let depth = column
                        .groups
                        .len()
                        .checked_sub(levels)
                        .ok_or("an override without a group")?;
                    let (outer, inner) = column.groups.split_at(depth);
                    let group = *inner.first().ok_or("an override without a group")?;
                    if open.contains(&group) {
                        return Err("an override inside its group");
                    }
                    overridden = Some(group);
                    (
                        outer,
                        self.groups.get(group).ok_or("an override without a group")?,
                        Cell::Json(value),
                    )
                }
                other => (column.groups.as_slice(), &column.key, other),
            };
            let shared = open
                .iter()
                .zip(groups)
                .take_while(|(open, group)| open == group)
                .count();
            out.extend(std::iter::repeat_n(b'}', open.len() - shared));
            open.truncate(shared);
            for group in groups.iter().skip(shared) {
                separate(out);
                out.extend_from_slice(self.groups.get(*group).map(Vec::as_slice).unwrap_or_default());
                out.extend_from_slice(b":{");
                open.push(*group);
            }
            separate(out);
            out.extend_from_slice(key);
            out.push(b':');
            match value {
                Cell::Bare(text) if column.kind == Kind::String => self.bare(text, out),
                Cell::Bare(text) | Cell::Json(text) => out.extend_from_slice(text),
                Cell::Missing | Cell::Override(..) => {}
            }
        }
        if out.len() == start {
            return Err("a row without a value");
        }
        out.extend(std::iter::repeat_n(b'}', open.len() + 1));
        Ok(())
    }

    fn bare(&self, text: &[u8], out: &mut Vec<u8>) {
        out.push(b'"');
        spelling::encode(text, self.spelling, out);
        out.push(b'"');
    }
}

fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}
