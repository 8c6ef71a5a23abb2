//! Rows of a table → compact JSON.

use super::cells::{Output, Parse, Reader};
use super::fill::{Cell, Row, decode, fill, hole};
use super::shape::{Column, Print, Segment, Shape};
use super::{EXPLICIT, IRREGULAR, OVERRIDE, Place, SECTION, is_bare_text};

/// Reads the rows of one table.
pub(super) struct Rows<'a, 's> {
    shapes: &'s [Shape<'a>],
    /// The shape of the rows at hand; none before the first line that says it.
    shape: Option<&'s Shape<'a>>,
    row: Row<'a>,
    /// JSON of the values of the last section.
    sections: Vec<Vec<u8>>,
    /// Memory for the rows of lists in cells.
    inner: Vec<Row<'a>>,
}

impl<'a, 's> Rows<'a, 's> {
    pub fn new(shapes: &'s [Shape<'a>]) -> Self {
        let (row, sections, inner) = (Row::default(), Vec::new(), Vec::new());
        let shape = shapes.first().filter(|_| shapes.len() == 1);
        Self {
            shapes,
            shape,
            row,
            sections,
            inner,
        }
    }

    /// Reads a section line, if it is one; it is no row then.
    pub fn section(&mut self, line: &'a [u8], out: &mut Output<'_>) -> Parse<bool> {
        let Some(values) = line.strip_prefix(&[SECTION]) else {
            return Ok(false);
        };
        if self.shapes.len() > 1 {
            let number = std::str::from_utf8(values).unwrap_or_default();
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
        let mut reader = Reader::new(values);
        for at in 0..sections {
            if at > 0 && !reader.take(b',') {
                return Err("a section with too few values");
            }
            let mut json = Vec::new();
            let mut value = out.aside(&mut json);
            reader.value(Place::Cell, &mut value, &mut |_, _| Ok(false))?;
            out.copied |= value.copied;
            self.sections.push(json);
        }
        if reader.is_done() {
            Ok(true)
        } else {
            Err("a section with too many values")
        }
    }

    /// Reads a line as a row; of a map with its key.
    pub fn read(&mut self, line: &'a [u8], map: bool, out: &mut Output<'_>) -> Parse<()> {
        let irregular = line.strip_prefix(&[IRREGULAR]);
        let mut reader = Reader::new(irregular.unwrap_or(line));
        if map {
            self.row.key.clear();
            if reader.peek() == Some(b'"') {
                let quoted = reader.quoted()?;
                out.json.extend_from_slice(quoted);
                out.copied = true;
                // Only a template that names it needs its text.
                self.row.key_is_text = decode(quoted, &mut self.row.key).is_ok();
            } else {
                let key = reader.until(Place::Cell);
                if !is_bare_text(key, Place::Cell) {
                    return Err("a key that needs quotes");
                }
                self.row.key_is_text = true;
                out.string(key);
                self.row.key.extend_from_slice(key);
            }
            out.colon();
        }
        if irregular.is_some() {
            if map && !reader.take(b',') {
                return Err("expected ',' behind a key");
            }
            reader.value(Place::Cell, out, &mut |_, _| Ok(false))?;
        } else {
            let shape = self.shape.ok_or("a row without its shape")?;
            if self.sections.len() < shape.sections {
                return Err("a row without its section");
            }
            let mut row = std::mem::take(&mut self.row);
            let result = self
                .cells(shape, &mut reader, Place::Cell, map, &mut row, out)
                .and_then(|()| self.object(shape, &mut row, out));
            self.row = row;
            result?;
        }
        if reader.is_done() {
            Ok(())
        } else {
            Err("a row with too many cells")
        }
    }

    /// Reads a line of a table whose rows are lists.
    pub fn outer_list(&mut self, reader: &mut Reader<'a>, out: &mut Output<'_>) -> Parse<()> {
        match self.shape {
            Some(shape) if reader.peek() == Some(b'[') => self.list(shape, reader, out),
            _ => reader.value(Place::Cell, out, &mut |_, _| Ok(false)),
        }
    }

    /// Reads the rows in a cell.
    fn list(&mut self, shape: &Shape<'a>, reader: &mut Reader<'a>, out: &mut Output<'_>) -> Parse<()> {
        if !reader.take(b'[') {
            return Err("expected a list of rows");
        }
        out.json.push(b'[');
        let mut first = true;
        while !reader.take(b']') {
            if !first {
                if !reader.take(b',') {
                    return Err("expected ',' or ']' behind a row in a cell");
                }
                out.comma();
            }
            first = false;
            if reader.take(b'(') {
                let mut row = self.inner.pop().unwrap_or_default();
                let result = self
                    .cells(shape, reader, Place::Tuple, false, &mut row, out)
                    .and_then(|()| self.object(shape, &mut row, out));
                self.inner.push(row);
                result?;
                if !reader.take(b')') {
                    return Err("a row in a cell with too many cells");
                }
            } else {
                reader.value(Place::Array, out, &mut |_, _| Ok(false))?;
            }
        }
        out.json.push(b']');
        Ok(())
    }

    /// Reads the cells of a regular row; `separated`: something stands before the first.
    fn cells(
        &mut self,
        shape: &Shape<'a>,
        reader: &mut Reader<'a>,
        place: Place,
        mut separated: bool,
        row: &mut Row<'a>,
        out: &mut Output<'_>,
    ) -> Parse<()> {
        row.cells.clear();
        row.holes.clear();
        row.json.clear();
        for column in &shape.columns {
            let holes = match &column.print {
                Print::Constant(_) | Print::Section(_) => 0,
                Print::Template(segments) => segments
                    .iter()
                    .filter(|segment| matches!(segment, Segment::Hole))
                    .count(),
                Print::List(_) | Print::Value => 1,
            };
            if holes == 0 {
                row.cells.push(Cell::Filled(row.holes.len()));
                continue;
            }
            if separated && !reader.take(b',') {
                return Err("a row with too few cells");
            }
            separated = true;
            let ends = matches!(reader.peek(), None | Some(b',')) || reader.peek() == Some(place.close());
            let mut json = out.aside(&mut row.json);
            let start = json.json.len();
            let mut filled = false;
            let cell = match (reader.peek(), &column.print) {
                _ if ends => Cell::Missing,
                (Some(OVERRIDE), _) => {
                    let mut levels = 0;
                    while reader.take(OVERRIDE) {
                        levels += 1;
                    }
                    reader.value(place, &mut json, &mut |_, _| Ok(false))?;
                    Cell::Override(levels, start, json.json.len())
                }
                (Some(EXPLICIT), Print::Template(_)) => {
                    reader.at += 1;
                    reader.value(place, &mut json, &mut |_, _| Ok(false))?;
                    Cell::Json(start, json.json.len())
                }
                (Some(b'"'), Print::Value) => Cell::Quoted(reader.quoted()?),
                (_, Print::Template(_)) => {
                    filled = true;
                    let at = row.holes.len();
                    row.holes.push(hole(reader, place)?);
                    Cell::Filled(at)
                }
                (Some(b'['), Print::List(shape)) => {
                    self.list(shape, reader, &mut json)?;
                    Cell::Json(start, json.json.len())
                }
                (Some(b'[' | b'{'), _) | (_, Print::List(_)) => {
                    reader.value(place, &mut json, &mut |_, _| Ok(false))?;
                    Cell::Json(start, json.json.len())
                }
                _ => Cell::Bare(reader.until(place)),
            };
            out.copied |= json.copied || matches!(cell, Cell::Quoted(_));
            row.cells.push(cell);
            for _ in 1..holes {
                if !reader.take(b',') {
                    return Err("a row with too few cells");
                }
                let ends = matches!(reader.peek(), None | Some(b',')) || reader.peek() == Some(place.close());
                if filled {
                    row.holes.push(if ends { b"" } else { hole(reader, place)? });
                } else if !ends {
                    return Err("a value in a cell that must be empty");
                }
            }
        }
        Ok(())
    }

    /// Writes a row's object.
    fn object(&mut self, shape: &Shape<'a>, row: &mut Row<'a>, out: &mut Output<'_>) -> Parse<()> {
        out.json.push(b'{');
        let start = out.json.len();
        let mut open = std::mem::take(&mut row.open);
        open.clear();
        let mut overridden = None;
        for (at, column) in shape.columns.iter().enumerate() {
            let cell = row.cells.get(at).copied().unwrap_or(Cell::Missing);
            if overridden.is_some_and(|group| column.groups.contains(&group)) {
                if !matches!(cell, Cell::Missing) {
                    return Err("a value inside a group that is overridden");
                }
                continue;
            }
            let (groups, key) = match cell {
                Cell::Missing => continue,
                Cell::Override(levels, ..) => {
                    let none = "an override without a group";
                    let depth = column.groups.len().checked_sub(levels).ok_or(none)?;
                    let (outer, inner) = column.groups.split_at(depth);
                    let group = *inner.first().ok_or(none)?;
                    // The columns of a group stand together.
                    let before = at.checked_sub(1).and_then(|before| shape.columns.get(before));
                    if before.is_some_and(|column| column.groups.contains(&group)) {
                        return Err("an override inside its group");
                    }
                    overridden = Some(group);
                    (outer, *shape.groups.get(group).ok_or(none)?)
                }
                _ => (column.groups.as_slice(), column.key),
            };
            let same = |(open, group): &(&usize, &usize)| open == group;
            let shared = open.iter().zip(groups).take_while(same).count();
            out.json.extend(std::iter::repeat_n(b'}', open.len() - shared));
            open.truncate(shared);
            for group in groups.iter().skip(shared) {
                separate(out);
                out.key(shape.groups.get(*group).copied().unwrap_or_default());
                out.colon();
                out.json.push(b'{');
                open.push(*group);
            }
            separate(out);
            out.key(key);
            out.colon();
            self.cell(shape, column, cell, row, out)?;
            out.check()?;
        }
        if out.json.len() == start {
            return Err("a row without a value");
        }
        out.json.extend(std::iter::repeat_n(b'}', open.len() + 1));
        row.open = open;
        Ok(())
    }

    /// Writes the value of a cell.
    fn cell(
        &mut self,
        shape: &Shape<'a>,
        column: &Column<'a>,
        cell: Cell<'a>,
        row: &mut Row<'a>,
        out: &mut Output<'_>,
    ) -> Parse<()> {
        match (cell, &column.print) {
            (Cell::Json(start, end) | Cell::Override(_, start, end), _) => {
                out.json
                    .extend_from_slice(row.json.get(start..end).unwrap_or_default());
            }
            (Cell::Quoted(text), _) => out.json.extend_from_slice(text),
            (Cell::Bare(text), _) => out.bare(text, Place::Cell)?,
            (_, Print::Constant(json)) => out.json.extend_from_slice(json),
            (_, Print::Section(at)) => {
                out.json
                    .extend_from_slice(self.sections.get(*at).map(Vec::as_slice).unwrap_or_default());
            }
            (Cell::Filled(first), Print::Template(segments)) => {
                let mut text = std::mem::take(&mut row.text);
                text.clear();
                let result = fill(shape, segments, first, row, out.max_bytes, &mut text);
                if result.is_ok() {
                    out.text(&text);
                }
                row.text = text;
                result?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn separate(out: &mut Output<'_>) {
    if out.json.last() != Some(&b'{') {
        out.comma();
    }
}
