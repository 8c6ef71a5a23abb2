//! Writes a planned table: its header, its columns and its rows.

use crate::json::tape::{Doc, Kind};
use crate::notation::grammar::{EXPLICIT, HOLE, IRREGULAR, MAP_KEY, OVERRIDE, Place, SECTION, is_bare_text};
use crate::notation::header::Header;
use crate::notation::write::columns::{Columns, Lists, MISSING};
use crate::notation::write::plan::{ColumnPlan, Plan};
use crate::notation::write::table::{Body, Objects, Shapes, Table};
use crate::notation::write::template::TemplatePart;
use crate::notation::write::texts::{NamedColumn, Texts};
use crate::notation::write::value::{Replacer, Writer, write_key};

impl<'a> Table<'a> {
    /// Appends the table. `header` gives the layout, the spelling and the frame. `keep` holds the positions
    /// of the rows to write, ascending; without it, all rows are written. `row_ends` gets the end of each
    /// row.
    pub(crate) fn write(
        &self,
        doc: &Doc<'a>,
        header: Header,
        keep: Option<&[u32]>,
        replacer: &mut impl Replacer,
        out: &mut Vec<u8>,
        row_ends: &mut Vec<usize>,
    ) {
        let count = keep.map_or(self.rows(), <[u32]>::len);
        Header {
            rows: Some(count as u64),
            map: self.map,
            ..header
        }
        .write(out);
        let mut rows = RowWriter {
            doc,
            table: self,
            values: Writer::new(self.options.spelling, replacer),
            section: Vec::new(),
            line: Vec::new(),
            shape: usize::MAX,
        };
        rows.header(out);
        row_ends.clear();
        let mut row = |at: u32| {
            out.push(b'\n');
            rows.row(at as usize, out);
            row_ends.push(out.len());
        };
        match keep {
            Some(keep) => keep.iter().copied().for_each(&mut row),
            None => (0..count as u32).for_each(&mut row),
        }
    }
}

/// Writes the columns and rows of one table.
struct RowWriter<'a, 'd, 't, P> {
    doc: &'d Doc<'a>,
    table: &'t Table<'a>,
    values: Writer<'t, P>,
    /// The last section line that was written.
    section: Vec<u8>,
    /// Scratch: the section line that the next row needs.
    line: Vec<u8>,
    /// The shape that the last section line names.
    shape: usize,
}

impl<P: Replacer> RowWriter<'_, '_, '_, P> {
    /// Appends all lists of columns.
    fn header(&mut self, out: &mut Vec<u8>) {
        let table = self.table;
        match &table.body {
            Body::Objects(objects) => self.columns(&objects.columns, &objects.plan, table.map, out),
            Body::Shapes(Shapes { all, .. }) => {
                for objects in all {
                    self.columns(&objects.columns, &objects.plan, table.map, out);
                }
            }
            Body::Lists { lists, plan, .. } => {
                out.push(b'[');
                self.columns(&lists.columns, plan, false, out);
                out.push(b']');
            }
        }
    }

    /// Appends one list of columns; of a map, the key column comes first.
    fn columns(&mut self, columns: &Columns<'_>, plan: &Plan, map: bool, out: &mut Vec<u8>) {
        out.push(b'{');
        if map {
            out.push(MAP_KEY);
        }
        let mut first = !map;
        let mut open: Vec<usize> = Vec::new();
        for (column, column_plan) in columns.leaves.iter().zip(&plan.column_plans) {
            let path = path(columns, column.group);
            let shared = open
                .iter()
                .zip(&path)
                .take_while(|(one, other)| one == other)
                .count();
            out.extend(std::iter::repeat_n(b'}', open.len() - shared));
            open.truncate(shared);
            if !first {
                out.push(b',');
            }
            for group in path.into_iter().skip(shared) {
                write_key(columns.groups.get(group).map_or(b"", |group| group.key), out);
                out.push(b'{');
                open.push(group);
            }
            first = false;
            if matches!(column_plan, ColumnPlan::Section) {
                out.push(SECTION);
            }
            write_key(column.key, out);
            match (column_plan, &column.list) {
                (ColumnPlan::Constant, _) => {
                    out.push(b'=');
                    let cell = column.cells.iter().copied().find(|cell| *cell != MISSING);
                    self.values
                        .value(self.doc, cell.unwrap_or(MISSING), Place::Header, out);
                }
                (ColumnPlan::Template(template), _) => {
                    out.push(b'=');
                    write_template(columns, &template.parts, out);
                }
                (ColumnPlan::List(plan), Some(list)) => {
                    out.push(b'[');
                    self.columns(&list.columns, plan, false, out);
                    out.push(b']');
                }
                _ => {}
            }
        }
        out.extend(std::iter::repeat_n(b'}', open.len() + 1));
    }

    /// Appends a row, and the section line that it needs.
    fn row(&mut self, row: usize, out: &mut Vec<u8>) {
        match &self.table.body {
            Body::Objects(objects) => self.object(objects, row, out),
            Body::Shapes(shapes) => match shapes.places.get(row).copied().flatten() {
                Some((shape, place)) => {
                    if shape != self.shape {
                        out.push(SECTION);
                        out.extend_from_slice((shape + 1).to_string().as_bytes());
                        out.push(b'\n');
                        self.shape = shape;
                    }
                    if let Some(objects) = shapes.all.get(shape) {
                        self.object(objects, place, out);
                    }
                }
                None => self.irregular(&shapes.rows, &shapes.keys, row, out),
            },
            Body::Lists { lists, plan, rows } => {
                let cell = rows.get(row).copied().unwrap_or(MISSING);
                self.list(lists, plan, row, cell, Place::Cell, out);
            }
        }
    }

    /// Appends a row of a table or shape of objects.
    fn object(&mut self, objects: &Objects<'_>, row: usize, out: &mut Vec<u8>) {
        let Objects {
            columns,
            plan,
            rows,
            keys,
        } = objects;
        if columns.irregular.get(row).copied().unwrap_or(true) {
            self.irregular(rows, keys, row, out);
            return;
        }
        self.section(columns, plan, row, out);
        let mut first = true;
        if let Some(key) = keys.get(row) {
            self.values.map_key(self.doc, self.doc.node(*key), out);
            first = false;
        }
        self.cells((columns, plan, keys), row, Place::Cell, first, out);
    }

    /// Appends an irregular row: its value, behind its key in a map.
    fn irregular(&mut self, rows: &[u32], keys: &[u32], row: usize, out: &mut Vec<u8>) {
        out.push(IRREGULAR);
        if let Some(key) = keys.get(row) {
            self.values.map_key(self.doc, self.doc.node(*key), out);
            out.push(b',');
        }
        let value = rows.get(row).copied().unwrap_or(MISSING);
        self.values.value(self.doc, value, Place::Cell, out);
    }

    /// Appends a section line if a value of a section column changes.
    fn section(&mut self, columns: &Columns<'_>, plan: &Plan, row: usize, out: &mut Vec<u8>) {
        self.line.clear();
        let mut line = std::mem::take(&mut self.line);
        for (column, _) in columns
            .leaves
            .iter()
            .zip(&plan.column_plans)
            .filter(|(_, column_plan)| matches!(column_plan, ColumnPlan::Section))
        {
            line.push(if line.is_empty() { SECTION } else { b',' });
            let cell = column.cells.get(row).copied().unwrap_or(MISSING);
            self.values.value(self.doc, cell, Place::Cell, &mut line);
        }
        if line != self.section {
            out.extend_from_slice(&line);
            out.push(b'\n');
            std::mem::swap(&mut self.section, &mut line);
        }
        self.line = line;
    }

    /// Appends the cells of a regular row.
    fn cells(
        &mut self,
        (columns, plan, keys): (&Columns<'_>, &Plan, &[u32]),
        row: usize,
        place: Place,
        mut first: bool,
        out: &mut Vec<u8>,
    ) {
        for (at, ((column, column_plan), opens)) in columns
            .leaves
            .iter()
            .zip(&plan.column_plans)
            .zip(&plan.opens)
            .enumerate()
        {
            let cells = column_plan.cells();
            if cells == 0 {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            let cell = column.cells.get(row).copied().unwrap_or(MISSING);
            match (column_plan, &column.list) {
                _ if cell == MISSING => {
                    let overrides = opens.iter().find_map(|(group, distance)| {
                        let overrides = &columns.groups.get(*group)?.overrides;
                        let at = overrides
                            .binary_search_by_key(&(row as u32), |(row, _)| *row)
                            .ok()?;
                        overrides.get(at).map(|(_, node)| (*node, *distance))
                    });
                    if let Some((node, distance)) = overrides {
                        out.resize(out.len() + distance, OVERRIDE);
                        self.values.value(self.doc, node, place, out);
                    }
                }
                (ColumnPlan::Template(_), _) => {
                    self.templated((columns, keys), at, column_plan, row, cell, out);
                    continue;
                }
                _ if self.values.replaced(self.doc, cell, out) => {}
                (ColumnPlan::List(plan), Some(list)) => self.list(list, plan, row, cell, place, out),
                _ => self.values.value(self.doc, cell, place, out),
            }
            out.extend(std::iter::repeat_n(b',', cells - 1));
        }
    }

    /// Appends the cells of a column with a template: the texts of its holes, or the whole value.
    fn templated(
        &mut self,
        (columns, keys): (&Columns<'_>, &[u32]),
        leaf: usize,
        column_plan: &ColumnPlan,
        row: usize,
        cell: u32,
        out: &mut Vec<u8>,
    ) {
        let ColumnPlan::Template(template) = column_plan else {
            return;
        };
        let texts = Texts {
            doc: self.doc,
            columns,
            keys,
            options: self.table.options,
        };
        let mut holes = Vec::new();
        let text = texts.of(NamedColumn::Leaf(leaf), row);
        let fits = text.is_some_and(|text| template.take_apart(&texts, text, row, &mut holes));
        if !fits || self.values.is_long(self.doc, cell) {
            out.push(EXPLICIT);
            self.values.value(self.doc, cell, Place::Cell, out);
            out.extend(std::iter::repeat_n(b',', template.holes().saturating_sub(1)));
            return;
        }
        for (at, hole) in holes.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if is_bare_text(hole, Place::Cell) {
                out.extend_from_slice(hole);
            } else if at == 0 || !hole.is_empty() {
                out.push(b'"');
                out.extend_from_slice(hole);
                out.push(b'"');
            }
        }
    }

    /// Appends a cell with a list of rows.
    fn list(
        &mut self,
        list: &Lists<'_>,
        plan: &Plan,
        row: usize,
        cell: u32,
        place: Place,
        out: &mut Vec<u8>,
    ) {
        if self.doc.node(cell).kind != Kind::Array {
            self.values.value(self.doc, cell, place, out);
            return;
        }
        let at = |row: usize| list.starts.get(row).map_or(0, |start| *start as usize);
        out.push(b'[');
        for element in at(row)..at(row + 1) {
            if element > at(row) {
                out.push(b',');
            }
            if list.columns.irregular.get(element).copied().unwrap_or(true) {
                let node = list.elements.get(element).copied().unwrap_or(MISSING);
                self.values.value(self.doc, node, Place::Array, out);
            } else {
                out.push(b'(');
                self.cells((&list.columns, plan, &[]), element, Place::Tuple, true, out);
                out.push(b')');
            }
        }
        out.push(b']');
    }
}

/// Appends a template as it stands in the header.
fn write_template(columns: &Columns<'_>, parts: &[TemplatePart], out: &mut Vec<u8>) {
    for part in parts {
        match part {
            TemplatePart::Fixed(text) => out.extend_from_slice(text),
            TemplatePart::Hole => out.extend_from_slice(&[HOLE.0, HOLE.1]),
            TemplatePart::Column(named) => {
                out.push(HOLE.0);
                match named {
                    NamedColumn::Key => out.push(MAP_KEY),
                    NamedColumn::Leaf(leaf) => {
                        let Some(column) = columns.leaves.get(*leaf) else {
                            continue;
                        };
                        for group in path(columns, column.group) {
                            out.extend_from_slice(columns.groups.get(group).map_or(b"", |group| group.key));
                            out.push(b'.');
                        }
                        out.extend_from_slice(column.key);
                    }
                }
                out.push(HOLE.1);
            }
        }
    }
}

/// Returns the groups around a column, outermost first.
fn path(columns: &Columns<'_>, group: Option<usize>) -> Vec<usize> {
    let mut path = Vec::new();
    let mut next = group;
    while let Some(group) = next {
        path.push(group);
        next = columns.groups.get(group).and_then(|group| group.parent);
    }
    path.reverse();
    path
}
