//! One pass over the rows of an array: which columns there are, what stands in them, how often.
//!
//! Nested objects become columns of their own, and all elements of a nested array share one. The pass keeps one
//! `Cell` for each value, so that the rules of selection walk flat lists instead of the tape.

use std::collections::HashMap;

use crate::tape::{Doc, Kind};

/// No column, no row, no slot.
pub(crate) const NONE: u32 = u32::MAX;
/// The column of the row itself.
pub(crate) const ROOT: u32 = 0;
/// A column with more distinct values is not a set of categories; its values are no longer told apart.
const MAX_DISTINCT: usize = 256;
/// After so many values, a column of which nearly all differ is given up early.
const EARLY_CELLS: u32 = 128;
/// Look-ups stop after so many slots, which bounds what colliding values can cost.
const MAX_PROBES: usize = 16;
/// Rows that lack a column are remembered up to this number; more of them are nothing rare.
pub(crate) const MAX_GAPS: usize = 32;

/// What a value is, as far as its shape tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    Boolean,
    Number,
    String,
    EmptyString,
    Object,
    EmptyObject,
    Array,
    EmptyArray,
}

impl Shape {
    /// A value with a text of its own.
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::Boolean | Self::Number | Self::String)
    }
}

/// Number of shapes.
pub(crate) const SHAPES: usize = 9;

/// One value of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub column: u32,
    pub node: u32,
    pub shape: Shape,
    /// Its place among the distinct values of the column, meaningless where the column has `many`.
    pub value: u16,
}

/// One distinct value of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    hash: u64,
    /// Cells that hold it.
    pub count: u32,
    /// The first node that holds it.
    pub node: u32,
}

/// What is known of a column.
#[derive(Debug)]
pub(crate) struct Column {
    pub parent: u32,
    /// The node of its key, `NONE` for the root and for array elements.
    pub key: u32,
    /// The column of the elements where values are arrays.
    element: u32,
    /// The column that followed last time, usually the right guess for the next.
    follower: u32,
    /// Below an array: a row may hold many cells.
    pub repeated: bool,
    /// Rows that hold the column.
    pub rows: u32,
    last_row: u32,
    /// The first rows that lack it, unless it is missing too often.
    pub gaps: Vec<u32>,
    /// Cells by shape.
    pub shapes: [u32; SHAPES],
    /// Distinct scalar values, while they are few.
    pub values: Vec<Value>,
    slots: Vec<u16>,
    /// There were too many distinct values to count.
    pub many: bool,
}

impl Column {
    fn new(parent: u32, key: u32, repeated: bool) -> Self {
        Self {
            parent,
            key,
            element: NONE,
            follower: NONE,
            repeated,
            rows: 0,
            last_row: NONE,
            gaps: Vec::new(),
            shapes: [0; SHAPES],
            values: Vec::new(),
            slots: Vec::new(),
            many: false,
        }
    }

    /// Cells of a shape.
    pub fn count(&self, shape: Shape) -> u32 {
        self.shapes.get(shape as usize).copied().unwrap_or(0)
    }

    /// Cells that hold a boolean, a number or a string that isn't empty.
    pub fn scalars(&self) -> u32 {
        self.count(Shape::Boolean) + self.count(Shape::Number) + self.count(Shape::String)
    }

    /// The values are categories: few, and each stands for several rows.
    pub fn is_category(&self) -> bool {
        let distinct = self.values.len();
        !self.many && distinct <= 32 && (distinct <= 2 || distinct as u32 * 3 <= self.scalars())
    }

    fn enter(&mut self, row: u32) {
        if self.last_row == row {
            return;
        }
        let expected = self.last_row.wrapping_add(1);
        self.gaps
            .extend((expected..row).take(MAX_GAPS + 1 - self.gaps.len().min(MAX_GAPS + 1)));
        self.last_row = row;
        self.rows += 1;
    }

    /// Counts a scalar; gives its place among the distinct values.
    fn add(&mut self, hash: u64, node: u32) -> u16 {
        if self.many {
            return 0;
        }
        if self.values.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let found = (0..MAX_PROBES).find_map(|probe| {
            let slot = self.slots.get_mut((hash as usize).wrapping_add(probe) & mask)?;
            if *slot == u16::MAX {
                *slot = self.values.len() as u16;
                self.values.push(Value { hash, count: 1, node });
                return self
                    .slots
                    .get((hash as usize).wrapping_add(probe) & mask)
                    .copied();
            }
            let value = self
                .values
                .get_mut(usize::from(*slot))
                .filter(|value| value.hash == hash)?;
            value.count += 1;
            Some(*slot)
        });
        let distinct = self.values.len();
        let scalars = self.scalars();
        let hopeless = scalars == EARLY_CELLS && distinct as u32 * 8 > scalars * 7;
        if found.is_none() || distinct > MAX_DISTINCT || hopeless {
            self.many = true;
            self.values = Vec::new();
            self.slots = Vec::new();
        }
        found.unwrap_or(0)
    }

    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(4);
        self.slots.clear();
        self.slots.resize(length, u16::MAX);
        for (at, value) in self.values.iter().enumerate() {
            let free = (0..length).map(|probe| (value.hash as usize).wrapping_add(probe) & (length - 1));
            for place in free {
                if let Some(slot) = self.slots.get_mut(place).filter(|slot| **slot == u16::MAX) {
                    *slot = at as u16;
                    break;
                }
            }
        }
    }
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
            by_key: HashMap::new(),
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
    by_key: HashMap<(u32, &'a [u8]), u32>,
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

/// A hash of some bytes, eight at a time. Fixed, so that every run decides alike; what it is used for stays right
/// when two values collide, only less sharp.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let mut last = 0;
    for &byte in rest {
        last = last << 8 | u64::from(byte);
    }
    mix(state ^ last)
}

/// Spreads every bit over the word: a 64 by 64 bit product, folded.
fn mix(word: u64) -> u64 {
    let product = u128::from(word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db_u128;
    (product as u64) ^ ((product >> 64) as u64)
}
