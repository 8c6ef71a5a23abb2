//! Reads the rows of a table as JSON.

use crate::notation::grammar::{EXPLICIT, IRREGULAR, OVERRIDE, Place, SECTION};
use crate::notation::read::columns::{ColumnFormat, HeaderColumn, Shape};
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::fill::{FoundCell, Row, fill, hole};
use crate::notation::read::memory::{Memory, Nowhere};
use crate::notation::read::sink::JsonSink;
use crate::notation::read::written_members::WrittenMembers;

/// Reads the rows of one table.
pub(crate) struct Rows<'a, 's> {
    shapes: &'s [Shape<'a>],
    /// The shape of the next row; none before the first section line of a table with several shapes.
    shape: Option<&'s Shape<'a>>,
    row: Row<'a>,
    /// The JSON of each value on the last section line.
    sections: Vec<Vec<u8>>,
}

impl<'a, 's> Rows<'a, 's> {
    pub fn new(shapes: &'s [Shape<'a>]) -> Self {
        Self {
            shapes,
            shape: shapes.first().filter(|_| shapes.len() == 1),
            row: Row::default(),
            sections: Vec::new(),
        }
    }

    /// Reads a line if it is a section line; returns false if it is a row.
    pub fn section(&mut self, mut cursor: Cursor<'a>, out: &mut impl JsonSink) -> Parse<bool> {
        if !cursor.take(SECTION) {
            return Ok(false);
        }
        if self.shapes.len() > 1 {
            let number = std::str::from_utf8(cursor.rest()).unwrap_or_default();
            let number: usize = number
                .parse()
                .map_err(|_| "a section line without the number of a shape")?;
            let shape = number.checked_sub(1).and_then(|at| self.shapes.get(at));
            self.shape = Some(shape.ok_or("a shape that isn't in the header")?);
            return Ok(true);
        }
        let sections = self.shape.map_or(0, |shape| shape.sections);
        if sections == 0 {
            return Err("a section line in a table without section columns");
        }
        self.sections.clear();
        for at in 0..sections {
            if at > 0 && !cursor.take(b',') {
                return Err("a section line with too few values");
            }
            let mut json = Vec::new();
            let mut value = Memory::aside(out, &mut json);
            cursor.value(Place::Cell, &mut value)?;
            if value.copied {
                out.note(&json)?;
            }
            self.sections.push(json);
        }
        if cursor.is_done() {
            Ok(true)
        } else {
            Err("a section line with too many values")
        }
    }

    /// Reads a line that is a row, in a map with its key.
    pub fn read(&mut self, mut cursor: Cursor<'a>, map: bool, out: &mut impl JsonSink) -> Parse<()> {
        let is_irregular = cursor.take(IRREGULAR);
        if map {
            if cursor.peek() == Some(b'"') {
                self.row.key = cursor.quoted()?;
                out.quoted_key(self.row.key)?;
            } else {
                let start = cursor.at;
                out.row_key(&mut cursor)?;
                self.row.key = cursor.text.get(start..cursor.at).unwrap_or_default();
            }
            out.separator(b':')?;
        }
        if is_irregular {
            if map && !cursor.take(b',') {
                return Err("expected ',' behind a key");
            }
            cursor.value(Place::Cell, out)?;
        } else {
            let shape = self.shape.ok_or("a row without its shape")?;
            if self.sections.len() < shape.sections {
                return Err("a row without its section");
            }
            if shape.has_templates {
                self.read_ahead(shape, &mut cursor, map, out)?;
                self.filled(shape, out)?;
            } else {
                self.object(shape, &mut cursor, Place::Cell, map, out)?;
            }
        }
        if cursor.is_done() {
            Ok(())
        } else {
            Err("a row with too many cells")
        }
    }

    /// Reads a line of a table whose rows are lists.
    pub fn outer_list(&mut self, cursor: &mut Cursor<'a>, out: &mut impl JsonSink) -> Parse<()> {
        match self.shape {
            Some(shape) if cursor.peek() == Some(b'[') => self.list(shape, cursor, out),
            _ => cursor.value(Place::Cell, out),
        }
    }

    /// Reads a cell with a list of rows.
    fn list(&self, shape: &Shape<'a>, cursor: &mut Cursor<'a>, out: &mut impl JsonSink) -> Parse<()> {
        if !cursor.take(b'[') {
            return Err("expected a list of rows");
        }
        out.push(b"[")?;
        let mut first = true;
        while !cursor.take(b']') {
            if !first {
                if !cursor.take(b',') {
                    return Err("expected ',' or ']' behind a row in a cell");
                }
                out.separator(b',')?;
            }
            first = false;
            if cursor.take(b'(') {
                self.object(shape, cursor, Place::Tuple, false, out)?;
                if !cursor.take(b')') {
                    return Err("a row in a cell with too many cells");
                }
            } else {
                cursor.value(Place::Array, out)?;
            }
        }
        out.push(b"]")
    }

    /// Reads a regular row of a shape without templates. `separated` says that a key stands before the first
    /// cell.
    fn object(
        &self,
        shape: &Shape<'a>,
        cursor: &mut Cursor<'a>,
        place: Place,
        mut separated: bool,
        out: &mut impl JsonSink,
    ) -> Parse<()> {
        let mut members = WrittenMembers::default();
        for (at, column) in shape.columns.iter().enumerate() {
            let mut cell = FoundCell::Filled(0);
            if column.cells > 0 {
                if separated && !cursor.take(b',') {
                    return Err(TOO_FEW);
                }
                separated = true;
                cell = self::cell(cursor, place);
            }
            if members.begin(shape, at, column, cell, out)? {
                self.value(column, cell, cursor, place, out)?;
                out.check()?;
            }
        }
        members.end(shape, out)
    }

    /// Finds the cells of a regular row before any is written: a template may name a column behind its own.
    fn read_ahead(
        &mut self,
        shape: &Shape<'a>,
        cursor: &mut Cursor<'a>,
        mut separated: bool,
        out: &impl JsonSink,
    ) -> Parse<()> {
        let mut row = std::mem::take(&mut self.row);
        row.line = *cursor;
        row.cells.clear();
        row.holes.clear();
        for column in &shape.columns {
            let mut cell = FoundCell::Filled(row.holes.len());
            for at in 0..column.cells {
                if separated && !cursor.take(b',') {
                    return Err(TOO_FEW);
                }
                separated = true;
                let is_template = matches!(column.format, ColumnFormat::Template(_));
                if at > 0 {
                    let is_missing = is_end(cursor, Place::Cell);
                    if matches!(cell, FoundCell::Filled(_)) {
                        row.holes.push(if is_missing {
                            b""
                        } else {
                            hole(cursor, Place::Cell)?
                        });
                    } else if !is_missing {
                        return Err("a value in a cell that must be empty");
                    }
                    continue;
                }
                let found = self::cell(cursor, Place::Cell);
                match found {
                    FoundCell::Value(_) if is_template && cursor.take(EXPLICIT) => {
                        cell = FoundCell::Value(cursor.at);
                    }
                    FoundCell::Value(_) if is_template => {
                        row.holes.push(hole(cursor, Place::Cell)?);
                        continue;
                    }
                    _ => cell = found,
                }
                if !matches!(cell, FoundCell::Missing) {
                    self.value(column, cell, cursor, Place::Cell, &mut Nowhere(out.style()))?;
                }
            }
            row.cells.push(cell);
        }
        self.row = row;
        Ok(())
    }

    /// Writes the row whose cells `read_ahead` found.
    fn filled(&mut self, shape: &Shape<'a>, out: &mut impl JsonSink) -> Parse<()> {
        let mut row = std::mem::take(&mut self.row);
        let mut members = WrittenMembers::default();
        for (at, column) in shape.columns.iter().enumerate() {
            let cell = row.cells.get(at).copied().unwrap_or(FoundCell::Missing);
            if !members.begin(shape, at, column, cell, out)? {
                continue;
            }
            if let (FoundCell::Filled(first), ColumnFormat::Template(parts)) = (cell, &column.format) {
                let mut text = std::mem::take(&mut row.text);
                text.clear();
                fill(shape, parts, first, &row, out.max_bytes(), &mut text)?;
                out.text(&text)?;
                row.text = text;
            } else {
                self.value(column, cell, &mut row.line, Place::Cell, out)?;
            }
            out.check()?;
        }
        self.row = row;
        members.end(shape, out)
    }

    /// Reads a value that no template makes.
    #[inline]
    fn value(
        &self,
        column: &HeaderColumn<'a>,
        cell: FoundCell,
        cursor: &mut Cursor<'a>,
        place: Place,
        out: &mut impl JsonSink,
    ) -> Parse<()> {
        match (cell, &column.format) {
            (FoundCell::Value(start), ColumnFormat::List(shape)) if cursor.text.get(start) == Some(&b'[') => {
                cursor.at = start;
                self.list(shape, cursor, out)
            }
            (FoundCell::Value(start) | FoundCell::Override(_, start), _) => {
                cursor.at = start;
                cursor.value(place, out)
            }
            (_, ColumnFormat::Section(at)) => {
                out.push(self.sections.get(*at).map(Vec::as_slice).unwrap_or_default())
            }
            _ => Ok(()),
        }
    }
}

const TOO_FEW: &str = "a row with too few cells";

/// Returns true at the end of a cell.
#[inline]
fn is_end(cursor: &Cursor<'_>, place: Place) -> bool {
    cursor
        .peek()
        .is_none_or(|byte| byte == b',' || byte == place.close())
}

/// Finds what kind of cell begins here, and reads each `~` of an override.
#[inline]
fn cell(cursor: &mut Cursor<'_>, place: Place) -> FoundCell {
    if is_end(cursor, place) {
        return FoundCell::Missing;
    }
    let start = cursor.at;
    while cursor.take(OVERRIDE) {}
    match cursor.at - start {
        0 => FoundCell::Value(start),
        levels => FoundCell::Override(levels, cursor.at),
    }
}
