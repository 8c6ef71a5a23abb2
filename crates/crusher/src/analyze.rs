//! One pass over the rows of an array: which columns there are, what stands in them, how often.
//!
//! Nested objects become columns of their own, and all elements of a nested array share one. The pass keeps one
//! `Cell` for each value, so that the rules of selection walk flat lists instead of the tape.

mod column;

use crate::hashing::{Map, hash};
use crate::tape::{Doc, Kind};
pub(crate) use column::{Column, MAX_GAPS, NONE, Shape};

/// The column of the row itself.
pub(crate) const ROOT: u32 = 0;

/// One value of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub column: u32,
    pub node: u32,
    pub shape: Shape,
    /// Its place among the distinct values of the column, meaningless where the column has `many`.
    pub value: u16,
}

/// The rows of an array, taken apart.
#[derive(Debug)]
pub(crate) struct Analysis {
    /// All columns in order of appearance, the root first.
    pub columns: Vec<Column>,
    /// All cells, row by row.
    pub cells: Vec<Cell>,
    /// The node of each row.
    pub rows: Vec<u32>,
    /// Where each row's cells begin, and where the last one's end.
    starts: Vec<u32>,
}

impl Analysis {
    /// Takes an array apart.
    pub fn new(doc: &Doc<'_>, array: u32) -> Self {
        let rows: Vec<u32> = doc.elements(array).collect();
        let nodes = doc.node(array).next.saturating_sub(array) as usize;
        let mut walk = Walk {
            doc,
            columns: vec![Column::new(NONE, NONE, false)],
            cells: Vec::with_capacity(nodes * 5 / 8),
            by_key: Map::default(),
            open: Vec::new(),
            last: ROOT,
        };
        let mut starts = Vec::with_capacity(rows.len() + 1);
        for (row, &node) in rows.iter().enumerate() {
            starts.push(walk.cells.len() as u32);
            walk.row(row as u32, node);
        }
        starts.push(walk.cells.len() as u32);
        let Walk {
            mut columns, cells, ..
        } = walk;
        for column in &mut columns {
            let expected = column.last_row.wrapping_add(1);
            column
                .gaps
                .extend((expected..rows.len() as u32).take(MAX_GAPS + 1));
        }
        Self {
            columns,
            cells,
            rows,
            starts,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The cells of a row.
    pub fn row(&self, row: u32) -> &[Cell] {
        let start = self.starts.get(row as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(row as usize + 1).copied().unwrap_or(0) as usize;
        self.cells.get(start..end).unwrap_or_default()
    }

    /// Every row with its cells, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[Cell])> {
        (0..self.rows.len() as u32).map(|row| (row, self.row(row)))
    }

    /// The column of a cell.
    pub fn column(&self, cell: &Cell) -> Option<&Column> {
        self.columns.get(cell.column as usize)
    }
}

struct Open {
    end: u32,
    column: u32,
    is_object: bool,
}

struct Walk<'d, 'a> {
    doc: &'d Doc<'a>,
    columns: Vec<Column>,
    cells: Vec<Cell>,
    /// Columns by parent and key as it is spelled. Only asked, never iterated: its order decides nothing.
    by_key: Map<(u32, &'a [u8]), u32>,
    open: Vec<Open>,
    last: u32,
}

impl<'a> Walk<'_, 'a> {
    fn row(&mut self, row: u32, node: u32) {
        let end = self.doc.node(node).next;
        let mut at = node;
        self.last = ROOT;
        while at < end {
            while self.open.last().is_some_and(|open| open.end <= at) {
                self.open.pop();
            }
            let column = match self.open.last() {
                None => ROOT,
                Some(&Open {
                    column,
                    is_object: true,
                    ..
                }) => {
                    at += 1;
                    self.member(column, at - 1)
                }
                Some(&Open { column, .. }) => self.element(column),
            };
            at = self.value(row, column, at);
        }
        self.open.clear();
    }

    /// The column of a member of an object.
    fn member(&mut self, parent: u32, key_node: u32) -> u32 {
        let key: &'a [u8] = self.doc.inner(self.doc.node(key_node));
        let guess = self
            .columns
            .get(self.last as usize)
            .map_or(NONE, |column| column.follower);
        if let Some(column) = self.columns.get(guess as usize)
            && column.parent == parent
            && column.key != NONE
            && self.doc.inner(self.doc.node(column.key)) == key
        {
            return guess;
        }
        let next = self.columns.len() as u32;
        let column = *self.by_key.entry((parent, key)).or_insert(next);
        if column == next {
            let repeated = self
                .columns
                .get(parent as usize)
                .is_some_and(|parent| parent.repeated);
            self.columns.push(Column::new(parent, key_node, repeated));
        }
        if let Some(last) = self.columns.get_mut(self.last as usize) {
            last.follower = column;
        }
        column
    }

    /// The column of the elements of an array.
    fn element(&mut self, parent: u32) -> u32 {
        let next = self.columns.len() as u32;
        let Some(column) = self.columns.get_mut(parent as usize) else {
            return ROOT;
        };
        if column.element != NONE {
            return column.element;
        }
        column.element = next;
        self.columns.push(Column::new(parent, NONE, true));
        next
    }

    /// Notes a value; gives the node to go on with.
    fn value(&mut self, row: u32, column: u32, at: u32) -> u32 {
        let node = self.doc.node(at);
        let shape = match node.kind {
            Kind::Null => Shape::Null,
            Kind::True | Kind::False => Shape::Boolean,
            Kind::Number => Shape::Number,
            Kind::String if node.end - node.start <= 2 => Shape::EmptyString,
            Kind::String => Shape::String,
            Kind::Object if node.count == 0 => Shape::EmptyObject,
            Kind::Object => Shape::Object,
            Kind::Array if node.count == 0 => Shape::EmptyArray,
            Kind::Array => Shape::Array,
        };
        self.last = column;
        let mut value = 0;
        if let Some(entry) = self.columns.get_mut(column as usize) {
            entry.enter(row);
            if let Some(count) = entry.shapes.get_mut(shape as usize) {
                *count += 1;
            }
            if shape.is_scalar() && !entry.many {
                value = entry.add(hash(self.doc.raw(node)), at);
            }
        }
        self.cells.push(Cell {
            column,
            node: at,
            shape,
            value,
        });
        if matches!(shape, Shape::Object | Shape::Array) {
            self.open.push(Open {
                end: node.next,
                column,
                is_object: shape == Shape::Object,
            });
            return at + 1;
        }
        node.next
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests;
