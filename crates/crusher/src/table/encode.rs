//! Rows → table text.

use super::{IRREGULAR, JSON_CELL, MAP_KEY, OVERRIDE, is_bare, is_bare_key};
use crate::columns::{Column, ColumnKind, Columns, MISSING};
use crate::marker::{Head, LITERAL, is_reserved_raw};
use crate::spelling::{self, Spelling};
use crate::tape::{Doc, ESCAPED, Kind, NON_ASCII, SUSPECT};

/// Writes the values that the table itself doesn't spell: containers and long strings, as compact JSON.
pub trait Cells {
    /// Strings of at least this many raw bytes are given to `json`.
    fn long_bytes(&self) -> usize;
    /// Appends the compact JSON of a container or long string.
    fn json(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>);
}

/// An array or map with its columns found, ready to be written whole or in part.
#[derive(Debug)]
pub struct Table<'a> {
    /// Head of the table; `rows` is filled in when it is written.
    pub head: Head,
    columns: Columns<'a>,
    rows: Vec<u32>,
    /// Key of each row of a map; empty for an array.
    keys: Vec<u32>,
    /// For each leaf the groups, outermost first, that it is the first varying leaf of, with their distance in levels.
    opens: Vec<Vec<(usize, usize)>>,
}

impl<'a> Table<'a> {
    /// Finds the columns of an array, or of an object as a map. None when that is no table.
    #[must_use]
    pub fn find(doc: &Doc<'a>, index: u32, max_columns: usize) -> Option<Self> {
        let map = doc.node(index).kind == Kind::Object;
        let (keys, rows): (Vec<u32>, Vec<u32>) = if map {
            doc.members(index).unzip()
        } else {
            (Vec::new(), doc.elements(index).collect())
        };
        let columns = Columns::find(doc, &rows, max_columns)?;
        let opens = opens(&columns);
        let cells = cell_spelling(doc, &columns);
        Some(Self {
            head: Head {
                map,
                cells,
                ..Head::default()
            },
            columns,
            rows,
            keys,
            opens,
        })
    }

    /// Bytes of the values that the table doesn't take apart.
    #[must_use]
    pub fn opaque_bytes(&self, doc: &Doc<'_>) -> usize {
        let cells = self
            .columns
            .leaves
            .iter()
            .flat_map(|leaf| leaf.cells.iter().copied());
        let overrides = self
            .columns
            .groups
            .iter()
            .flat_map(|group| group.overrides.iter().map(|(_, node)| *node));
        let irregular = self
            .columns
            .irregular
            .iter()
            .zip(&self.rows)
            .filter(|(is, _)| **is)
            .map(|(_, row)| *row);
        let containers = cells
            .chain(overrides)
            .chain(irregular)
            .filter(|index| *index != MISSING);
        containers
            .map(|index| doc.node(index))
            .filter(|node| matches!(node.kind, Kind::Array | Kind::Object))
            .map(|node| (node.end - node.start) as usize)
            .sum()
    }

    /// Appends the table with the rows at `keep` (ascending positions), or all; `row_ends` gets the end of each row.
    pub fn write(
        &self,
        doc: &Doc<'a>,
        keep: Option<&[u32]>,
        cells: &mut impl Cells,
        out: &mut Vec<u8>,
        row_ends: &mut Vec<usize>,
    ) {
        let rows = keep.map_or(self.rows.len(), <[u32]>::len);
        Head {
            rows: Some(rows as u64),
            ..self.head
        }
        .write(out);
        let mut writer = Writer {
            doc,
            table: self,
            cells,
            scratch: Vec::new(),
            overrides: vec![0; self.columns.groups.len()],
            spelling: self.head.cells,
        };
        writer.header(out);
        row_ends.clear();
        let mut row = |at: u32| {
            out.push(b'\n');
            writer.row(at, out);
            row_ends.push(out.len());
        };
        match keep {
            Some(keep) => keep.iter().copied().for_each(&mut row),
            None => (0..self.rows.len() as u32).for_each(&mut row),
        }
    }
}

fn opens(columns: &Columns<'_>) -> Vec<Vec<(usize, usize)>> {
    let mut seen = vec![false; columns.groups.len()];
    let mut result = Vec::with_capacity(columns.leaves.len());
    for leaf in &columns.leaves {
        let mut opened = Vec::new();
        if !leaf.constant {
            let (mut group, mut distance) = (leaf.group, 1);
            while let Some(index) = group {
                match seen.get_mut(index) {
                    Some(seen) if !*seen => *seen = true,
                    _ => break,
                }
                opened.push((index, distance));
                distance += 1;
                group = columns.groups.get(index).and_then(|group| group.parent);
            }
            opened.reverse();
        }
        result.push(opened);
    }
    result
}

/// The spelling that the first escaped strings are written in; a cell that it doesn't prove for is quoted.
fn cell_spelling(doc: &Doc<'_>, columns: &Columns<'_>) -> Spelling {
    let mut spelling = Spelling::MINIMAL;
    for column in columns
        .leaves
        .iter()
        .filter(|column| column.kind == ColumnKind::String)
    {
        let escaped = column
            .cells
            .iter()
            .map(|cell| doc.node(*cell))
            .filter(|node| node.kind == Kind::String && node.flags & ESCAPED != 0);
        for node in escaped.take(16) {
            spelling = spelling.with(Spelling::guess(doc.inner(node)));
        }
    }
    spelling
}

struct Writer<'a, 'd, 't, C> {
    doc: &'d Doc<'a>,
    table: &'t Table<'a>,
    cells: &'t mut C,
    scratch: Vec<u8>,
    /// For each group how many of its overrides are behind us.
    overrides: Vec<usize>,
    spelling: Spelling,
}

impl<C: Cells> Writer<'_, '_, '_, C> {
    fn header(&mut self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        if self.table.head.map {
            out.push(MAP_KEY);
            first = false;
        }
        for column in &self.table.columns.leaves {
            if !first {
                out.push(b',');
            }
            first = false;
            self.path(column.group, out);
            key(column.key, out);
            out.push(b':');
            out.extend_from_slice(column.kind.name().as_bytes());
            if column.constant {
                out.push(b'=');
                let cell = column
                    .cells
                    .iter()
                    .copied()
                    .find(|cell| *cell != MISSING)
                    .unwrap_or(MISSING);
                self.cell(column, cell, true, out);
            }
        }
        out.push(b'}');
    }

    fn path(&self, group: Option<usize>, out: &mut Vec<u8>) {
        if let Some(group) = group.and_then(|group| self.table.columns.groups.get(group)) {
            self.path(group.parent, out);
            key(group.key, out);
            out.push(b'.');
        }
    }

    fn row(&mut self, at: u32, out: &mut Vec<u8>) {
        let (table, row) = (self.table, at as usize);
        let value = table.rows.get(row).copied().unwrap_or(MISSING);
        let map_key = table.keys.get(row).map(|key| self.doc.node(*key));
        if table.columns.irregular.get(row).copied().unwrap_or(true) {
            out.push(IRREGULAR);
            if let Some(node) = map_key {
                out.extend_from_slice(self.doc.raw(node));
                out.push(b':');
            }
            self.json(value, out);
            return;
        }
        let mut first = true;
        if let Some(node) = map_key {
            if !self.bare(node, false, out) {
                out.extend_from_slice(self.doc.raw(node));
            }
            first = false;
        }
        for (column, opens) in table.columns.leaves.iter().zip(&table.opens) {
            if column.constant {
                continue;
            }
            if !first {
                out.push(b',');
            }
            first = false;
            let cell = column.cells.get(row).copied().unwrap_or(MISSING);
            if cell != MISSING {
                self.cell(column, cell, false, out);
                continue;
            }
            for (group, distance) in opens {
                if let Some(node) = self.override_at(*group, at) {
                    out.resize(out.len() + distance, OVERRIDE);
                    self.json(node, out);
                    break;
                }
            }
        }
    }

    fn override_at(&mut self, group: usize, row: u32) -> Option<u32> {
        let overrides = &self.table.columns.groups.get(group)?.overrides;
        let next = self.overrides.get_mut(group)?;
        while overrides.get(*next).is_some_and(|(at, _)| *at < row) {
            *next += 1;
        }
        overrides
            .get(*next)
            .filter(|(at, _)| *at == row)
            .map(|(_, node)| *node)
    }

    fn cell(&mut self, column: &Column<'_>, cell: u32, in_head: bool, out: &mut Vec<u8>) {
        let node = self.doc.node(cell);
        match node.kind {
            Kind::Array | Kind::Object => self.json(cell, out),
            Kind::String => {
                let long = (node.end - node.start) as usize >= self.cells.long_bytes();
                let bare = !long && column.kind == ColumnKind::String && self.bare(node, in_head, out);
                if !bare {
                    self.json(cell, out);
                }
            }
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Number | Kind::True | Kind::False => {
                if column.kind == ColumnKind::String {
                    out.push(JSON_CELL);
                }
                out.extend_from_slice(self.doc.raw(node));
            }
        }
    }

    /// Appends a string without quotes if it reads back so.
    fn bare(&mut self, node: crate::tape::Node, in_head: bool, out: &mut Vec<u8>) -> bool {
        let raw = self.doc.inner(node);
        let simple = self.spelling == Spelling::MINIMAL || node.flags & NON_ASCII == 0 && is_plain(raw);
        if node.flags & ESCAPED == 0 && simple {
            if !is_bare(raw, in_head) {
                return false;
            }
            out.extend_from_slice(raw);
            return true;
        }
        let mark = out.len();
        if !spelling::decode_as(raw, self.spelling, out, &mut self.scratch) {
            return false;
        }
        if is_bare(out.get(mark..).unwrap_or_default(), in_head) {
            return true;
        }
        out.truncate(mark);
        false
    }

    fn json(&mut self, index: u32, out: &mut Vec<u8>) {
        let node = self.doc.node(index);
        let long = (node.end - node.start) as usize >= self.cells.long_bytes();
        match node.kind {
            Kind::Array | Kind::Object => self.cells.json(self.doc, index, out),
            Kind::String if long => self.cells.json(self.doc, index, out),
            Kind::String => string(self.doc, node, out),
            _ => out.extend_from_slice(self.doc.raw(node)),
        }
    }
}

/// True for ASCII text that no spelling escapes.
fn is_plain(raw: &[u8]) -> bool {
    !raw.iter()
        .any(|byte| matches!(byte, b'<' | b'>' | b'&' | b'/' | 0x7f..))
}

/// Appends a string token as it stands, behind `LITERAL` if it would read as ours.
pub(crate) fn string(doc: &Doc<'_>, node: crate::tape::Node, out: &mut Vec<u8>) {
    if node.flags & SUSPECT != 0 && is_reserved_raw(doc.inner(node)) {
        out.push(b'"');
        out.extend_from_slice(LITERAL);
        out.extend_from_slice(doc.inner(node));
        out.push(b'"');
    } else {
        out.extend_from_slice(doc.raw(node));
    }
}

fn key(raw: &[u8], out: &mut Vec<u8>) {
    if is_bare_key(raw) {
        out.extend_from_slice(raw);
    } else {
        out.push(b'"');
        out.extend_from_slice(raw);
        out.push(b'"');
    }
}
