//! Rows of a table → compact JSON.

use crate::notation::grammar::{EXPLICIT, IRREGULAR, OVERRIDE, Place, SECTION};
use crate::notation::read::cursor::{Parse, Reader};
use crate::notation::read::fill::{Cell, Row, fill, hole};
use crate::notation::read::header::{Column, Print, Shape, close};
use crate::notation::read::memory::{Memory, Nowhere};
use crate::notation::read::sink::Target;

/// Reads the rows of one table.
pub(crate) struct Rows<'a, 's> {
    shapes: &'s [Shape<'a>],
    /// The shape of the rows at hand; none before the first line that says it.
    shape: Option<&'s Shape<'a>>,
    row: Row<'a>,
    /// JSON of the values of the last section.
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

    /// Reads a section line, if it is one; it is no row then.
    pub fn section(&mut self, mut reader: Reader<'a>, out: &mut impl Target) -> Parse<bool> {
        if !reader.take(SECTION) {
            return Ok(false);
        }
        if self.shapes.len() > 1 {
            let number = std::str::from_utf8(reader.rest()).unwrap_or_default();
            let number: usize = number.parse().map_err(|_| "a shape that has no number")?;
            let shape = number.checked_sub(1).and_then(|at| self.shapes.get(at));
            self.shape = Some(shape.ok_or("a shape that isn't in the head")?);
            return Ok(true);
        }
        let sections = self.shape.map_or(0, |shape| shape.sections);
        if sections == 0 {
            return Err("a section in a table without");
        }
        self.sections.clear();
        for at in 0..sections {
            if at > 0 && !reader.take(b',') {
                return Err("a section with too few values");
            }
            let mut json = Vec::new();
            let mut value = Memory::aside(out, &mut json);
            reader.value(Place::Cell, &mut value)?;
            if value.copied {
                out.note(&json)?;
            }
            self.sections.push(json);
        }
        if reader.is_done() {
            Ok(true)
        } else {
            Err("a section with too many values")
        }
    }

    /// Reads a line as a row; of a map with its key.
    pub fn read(&mut self, mut reader: Reader<'a>, map: bool, out: &mut impl Target) -> Parse<()> {
        let is_irregular = reader.take(IRREGULAR);
        if map {
            if reader.peek() == Some(b'"') {
                self.row.key = reader.quoted()?;
                out.quoted_key(self.row.key)?;
            } else {
                let start = reader.at;
                out.row_key(&mut reader)?;
                self.row.key = reader.text.get(start..reader.at).unwrap_or_default();
            }
            out.separator(b':')?;
        }
        if is_irregular {
            if map && !reader.take(b',') {
                return Err("expected ',' behind a key");
            }
            reader.value(Place::Cell, out)?;
        } else {
            let shape = self.shape.ok_or("a row without its shape")?;
            if self.sections.len() < shape.sections {
                return Err("a row without its section");
            }
            if shape.has_templates {
                self.read_ahead(shape, &mut reader, map, out)?;
                self.filled(shape, out)?;
            } else {
                self.object(shape, &mut reader, Place::Cell, map, out)?;
            }
        }
        if reader.is_done() {
            Ok(())
        } else {
            Err("a row with too many cells")
        }
    }

    /// Reads a line of a table whose rows are lists.
    pub fn outer_list(&mut self, reader: &mut Reader<'a>, out: &mut impl Target) -> Parse<()> {
        match self.shape {
            Some(shape) if reader.peek() == Some(b'[') => self.list(shape, reader, out),
            _ => reader.value(Place::Cell, out),
        }
    }

    /// Reads the rows in a cell.
    fn list(&self, shape: &Shape<'a>, reader: &mut Reader<'a>, out: &mut impl Target) -> Parse<()> {
        if !reader.take(b'[') {
            return Err("expected a list of rows");
        }
        out.push(b"[")?;
        let mut first = true;
        while !reader.take(b']') {
            if !first {
                if !reader.take(b',') {
                    return Err("expected ',' or ']' behind a row in a cell");
                }
                out.separator(b',')?;
            }
            first = false;
            if reader.take(b'(') {
                self.object(shape, reader, Place::Tuple, false, out)?;
                if !reader.take(b')') {
                    return Err("a row in a cell with too many cells");
                }
            } else {
                reader.value(Place::Array, out)?;
            }
        }
        out.push(b"]")
    }

    /// Reads a regular row of a shape without templates; `separated`: something stands before the first cell.
    fn object(
        &self,
        shape: &Shape<'a>,
        reader: &mut Reader<'a>,
        place: Place,
        mut separated: bool,
        out: &mut impl Target,
    ) -> Parse<()> {
        let mut members = Members::default();
        for (at, column) in shape.columns.iter().enumerate() {
            let mut cell = Cell::Filled(0);
            if column.cells > 0 {
                if separated && !reader.take(b',') {
                    return Err(TOO_FEW);
                }
                separated = true;
                cell = self::cell(reader, place);
            }
            if members.begin(shape, at, column, cell, out)? {
                self.value(column, cell, reader, place, out)?;
                out.check()?;
            }
        }
        members.end(shape, out)
    }

    /// Finds the cells of a regular row.
    fn read_ahead(
        &mut self,
        shape: &Shape<'a>,
        reader: &mut Reader<'a>,
        mut separated: bool,
        out: &impl Target,
    ) -> Parse<()> {
        let mut row = std::mem::take(&mut self.row);
        row.line = *reader;
        row.cells.clear();
        row.holes.clear();
        for column in &shape.columns {
            let mut cell = Cell::Filled(row.holes.len());
            for at in 0..column.cells {
                if separated && !reader.take(b',') {
                    return Err(TOO_FEW);
                }
                separated = true;
                let is_template = matches!(column.print, Print::Template(_));
                if at > 0 {
                    let is_missing = is_end(reader, Place::Cell);
                    if matches!(cell, Cell::Filled(_)) {
                        row.holes.push(if is_missing {
                            b""
                        } else {
                            hole(reader, Place::Cell)?
                        });
                    } else if !is_missing {
                        return Err("a value in a cell that must be empty");
                    }
                    continue;
                }
                let found = self::cell(reader, Place::Cell);
                match found {
                    Cell::Value(_) if is_template && reader.take(EXPLICIT) => cell = Cell::Value(reader.at),
                    Cell::Value(_) if is_template => {
                        row.holes.push(hole(reader, Place::Cell)?);
                        continue;
                    }
                    _ => cell = found,
                }
                if !matches!(cell, Cell::Missing) {
                    self.value(column, cell, reader, Place::Cell, &mut Nowhere(out.style()))?;
                }
            }
            row.cells.push(cell);
        }
        self.row = row;
        Ok(())
    }

    /// Writes the row whose cells were found.
    fn filled(&mut self, shape: &Shape<'a>, out: &mut impl Target) -> Parse<()> {
        let mut row = std::mem::take(&mut self.row);
        let mut members = Members::default();
        for (at, column) in shape.columns.iter().enumerate() {
            let cell = row.cells.get(at).copied().unwrap_or(Cell::Missing);
            if !members.begin(shape, at, column, cell, out)? {
                continue;
            }
            if let (Cell::Filled(first), Print::Template(segments)) = (cell, &column.print) {
                let mut text = std::mem::take(&mut row.text);
                text.clear();
                fill(shape, segments, first, &row, out.max_bytes(), &mut text)?;
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

    /// Reads the value of a column that no template makes.
    #[inline]
    fn value(
        &self,
        column: &Column<'a>,
        cell: Cell,
        reader: &mut Reader<'a>,
        place: Place,
        out: &mut impl Target,
    ) -> Parse<()> {
        match (cell, &column.print) {
            (Cell::Value(start), Print::List(shape)) if reader.text.get(start) == Some(&b'[') => {
                reader.at = start;
                self.list(shape, reader, out)
            }
            (Cell::Value(start) | Cell::Override(_, start), _) => {
                reader.at = start;
                reader.value(place, out)
            }
            (_, Print::Section(at)) => {
                out.push(self.sections.get(*at).map(Vec::as_slice).unwrap_or_default())
            }
            _ => Ok(()),
        }
    }
}

const TOO_FEW: &str = "a row with too few cells";

/// True where a cell ends.
#[inline]
fn is_end(reader: &Reader<'_>, place: Place) -> bool {
    reader
        .peek()
        .is_none_or(|byte| byte == b',' || byte == place.close())
}

/// What begins here, levels of an override read.
#[inline]
fn cell(reader: &mut Reader<'_>, place: Place) -> Cell {
    if is_end(reader, place) {
        return Cell::Missing;
    }
    let start = reader.at;
    while reader.take(OVERRIDE) {}
    match reader.at - start {
        0 => Cell::Value(start),
        levels => Cell::Override(levels, reader.at),
    }
}

/// The members of a row that are written so far.
#[derive(Default)]
struct Members<'s> {
    /// The groups around the last; none before the first.
    open: Option<&'s [usize]>,
    /// The column behind the last.
    next: usize,
    /// Bytes of the joints that are written; what stands in the head is written with what follows it.
    written: usize,
    /// A group that is a value.
    overridden: Option<usize>,
}

impl<'s> Members<'s> {
    /// Writes what stands before the value of a column; false if nothing is left to write of it.
    #[inline]
    fn begin<'a>(
        &mut self,
        shape: &'s Shape<'a>,
        at: usize,
        column: &'s Column<'a>,
        cell: Cell,
        out: &mut impl Target,
    ) -> Parse<bool> {
        if self.overridden.is_none() && self.next == at && matches!(cell, Cell::Filled(_) | Cell::Value(_)) {
            self.next = at + 1;
            self.open = Some(&column.groups);
            let is_constant = matches!(column.print, Print::Constant);
            if !is_constant {
                out.push(shape.joints(self.written, column.end))?;
                self.written = column.end;
            }
            return Ok(!is_constant);
        }
        self.begin_apart(shape, at, column, cell, out)
    }

    /// As `begin`, where the value isn't one of many in the order of the columns.
    fn begin_apart<'a>(
        &mut self,
        shape: &'s Shape<'a>,
        at: usize,
        column: &'s Column<'a>,
        cell: Cell,
        out: &mut impl Target,
    ) -> Parse<bool> {
        if self
            .overridden
            .is_some_and(|group| column.groups.contains(&group))
        {
            return match cell {
                Cell::Missing => Ok(false),
                _ => Err("a value inside a group that is overridden"),
            };
        }
        let (groups, key) = match cell {
            Cell::Missing => return Ok(false),
            Cell::Override(levels, _) => {
                let none = "an override without a group";
                let depth = column.groups.len().checked_sub(levels).ok_or(none)?;
                let (outer, inner) = column.groups.split_at(depth);
                let group = *inner.first().ok_or(none)?;
                // The columns of a group stand together.
                let before = at.checked_sub(1).and_then(|before| shape.columns.get(before));
                if before.is_some_and(|column| column.groups.contains(&group)) {
                    return Err("an override inside its group");
                }
                self.overridden = Some(group);
                (outer, *shape.groups.get(group).ok_or(none)?)
            }
            _ => (column.groups.as_slice(), column.key),
        };
        self.flush(shape, out)?;
        shape.between(self.open, groups, key, out)?;
        self.open = Some(groups);
        self.next = at + 1;
        let is_constant = matches!(column.print, Print::Constant) && matches!(cell, Cell::Filled(_));
        if is_constant {
            out.push(shape.joints(column.value, column.end))?;
        }
        self.written = column.end;
        Ok(!is_constant)
    }

    /// Writes the values from the head that are still to be written.
    #[inline]
    fn flush(&mut self, shape: &Shape<'_>, out: &mut impl Target) -> Parse<()> {
        let last = self.next.checked_sub(1).and_then(|last| shape.columns.get(last));
        match last {
            Some(last) if last.end > self.written => out.push(shape.joints(self.written, last.end)),
            _ => Ok(()),
        }
    }

    /// Writes the end of the row.
    #[inline]
    fn end(mut self, shape: &Shape<'_>, out: &mut impl Target) -> Parse<()> {
        self.flush(shape, out)?;
        let open = self.open.ok_or("a row without a value")?;
        close(open.len() + 1, out)?;
        // A cell may have many rows.
        out.check()
    }
}
