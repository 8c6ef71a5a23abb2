//! Analyses the rows of an array in one pass: which columns there are, and which values they hold.
//!
//! Members of nested objects become columns of their own, and all elements of a nested array share one. Each
//! value gets a `Cell`, so that the rules of selection read flat lists instead of the tape.
//!
//! The number of columns is limited. Where every row brings keys of its own, the statistics of all columns
//! would take many times the memory of the rows. Values beyond the limit have a cell, but no column.

use crate::hashing::{Map, hash};
use crate::json::tape::{Doc, Kind};
use crate::select::column_statistics::{ColumnStatistics, NONE, ValueClass};

/// The column of the row itself.
pub(crate) const ROOT: u32 = 0;

/// One value of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Its column, or `NONE` if there were too many.
    pub column: u32,
    pub node: u32,
    pub class: ValueClass,
    /// Its place among the distinct values of the column; meaningless if the column has `many`.
    pub value: u16,
}

/// The cells and columns of an array's rows.
#[derive(Debug)]
pub(crate) struct Analysis {
    /// All columns in order of appearance, the root first.
    pub columns: Vec<ColumnStatistics>,
    /// All cells, row by row.
    pub cells: Vec<Cell>,
    /// The node of each row.
    pub rows: Vec<u32>,
    /// Where each row's cells begin, and where the last one's end.
    starts: Vec<u32>,
}

impl Analysis {
    /// Analyses an array. The members of its rows may have `max_columns` columns, and what stands inside them
    /// as many again. So a large map in the first row takes no places from the columns behind it.
    pub fn new(doc: &Doc<'_>, array: u32, max_columns: usize) -> Self {
        let rows: Vec<u32> = doc.elements(array).collect();
        let nodes = doc.node(array).next.saturating_sub(array) as usize;
        let mut walk = Walk {
            doc,
            columns: vec![ColumnStatistics::new(NONE, NONE, false)],
            cells: Vec::with_capacity(nodes * 5 / 8),
            by_key: Map::default(),
            open: Vec::new(),
            last: ROOT,
            free_places: max_columns,
            free_inner_places: max_columns,
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
            column.lack_until(rows.len() as u32);
        }
        Self {
            columns,
            cells,
            rows,
            starts,
        }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the cells of a row.
    pub fn row(&self, row: u32) -> &[Cell] {
        let start = self.starts.get(row as usize).copied().unwrap_or(0) as usize;
        let end = self.starts.get(row as usize + 1).copied().unwrap_or(0) as usize;
        self.cells.get(start..end).unwrap_or_default()
    }

    /// Iterates over the rows with their cells, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[Cell])> {
        (0..self.rows.len() as u32).map(|row| (row, self.row(row)))
    }

    /// Returns the column of a cell, if it has one.
    pub fn column(&self, cell: &Cell) -> Option<&ColumnStatistics> {
        self.columns.get(cell.column as usize)
    }
}

/// An array or object around the node at hand.
struct EnteredContainer {
    end: u32,
    column: u32,
    is_object: bool,
}

/// A walk over the rows that collects cells and columns.
struct Walk<'d, 'a> {
    doc: &'d Doc<'a>,
    columns: Vec<ColumnStatistics>,
    cells: Vec<Cell>,
    /// Columns by parent and key, as the key is spelled. The map is only looked up, never iterated.
    by_key: Map<(u32, &'a [u8]), u32>,
    /// The arrays and objects around the node at hand.
    open: Vec<EnteredContainer>,
    /// The column of the last value.
    last: u32,
    /// Columns that may still be added right below the root.
    free_places: usize,
    /// Columns that may still be added further down.
    free_inner_places: usize,
}

impl<'a> Walk<'_, 'a> {
    /// Walks over one row.
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
                Some(&EnteredContainer {
                    column,
                    is_object: true,
                    ..
                }) => {
                    at += 1;
                    self.member(column, at - 1)
                }
                Some(&EnteredContainer { column, .. }) => self.element(column),
            };
            at = self.value(row, column, at);
        }
        self.open.clear();
    }

    /// Returns the column of a member of an object.
    fn member(&mut self, parent: u32, key_node: u32) -> u32 {
        if parent == NONE {
            return NONE;
        }
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
        let column = if let Some(&column) = self.by_key.get(&(parent, key)) {
            column
        } else {
            let repeated = self
                .columns
                .get(parent as usize)
                .is_some_and(|parent| parent.repeated);
            let column = self.add(parent, key_node, repeated);
            if column == NONE {
                return NONE;
            }
            self.by_key.insert((parent, key), column);
            column
        };
        if let Some(last) = self.columns.get_mut(self.last as usize) {
            last.follower = column;
        }
        column
    }

    /// Returns the column of the elements of an array.
    fn element(&mut self, parent: u32) -> u32 {
        match self.columns.get(parent as usize).map(|column| column.element) {
            Some(NONE) => {}
            Some(element) => return element,
            None => return NONE,
        }
        let element = self.add(parent, NONE, true);
        if let Some(column) = self.columns.get_mut(parent as usize) {
            column.element = element;
        }
        element
    }

    /// Adds a column, and returns it, or `NONE` if there is no place left for it.
    fn add(&mut self, parent: u32, key_node: u32, repeated: bool) -> u32 {
        let places = if parent == ROOT {
            &mut self.free_places
        } else {
            &mut self.free_inner_places
        };
        if *places == 0 {
            return NONE;
        }
        *places -= 1;
        self.columns
            .push(ColumnStatistics::new(parent, key_node, repeated));
        self.columns.len() as u32 - 1
    }

    /// Notes a value, and returns the next node to read.
    fn value(&mut self, row: u32, column: u32, at: u32) -> u32 {
        let node = self.doc.node(at);
        let class = match node.kind {
            Kind::Null => ValueClass::Null,
            Kind::True | Kind::False => ValueClass::Boolean,
            Kind::Number => ValueClass::Number,
            Kind::String if node.end - node.start <= 2 => ValueClass::EmptyString,
            Kind::String => ValueClass::String,
            Kind::Object if node.count == 0 => ValueClass::EmptyObject,
            Kind::Object => ValueClass::Object,
            Kind::Array if node.count == 0 => ValueClass::EmptyArray,
            Kind::Array => ValueClass::Array,
        };
        self.last = column;
        let mut value = 0;
        if let Some(entry) = self.columns.get_mut(column as usize) {
            entry.enter(row);
            if let Some(count) = entry.classes.get_mut(class as usize) {
                *count += 1;
            }
            if class.is_scalar() && !entry.many {
                value = entry.add(hash(self.doc.raw(node)), at);
            }
        }
        self.cells.push(Cell {
            column,
            node: at,
            class,
            value,
        });
        if matches!(class, ValueClass::Object | ValueClass::Array) {
            self.open.push(EnteredContainer {
                end: node.next,
                column,
                is_object: class == ValueClass::Object,
            });
            return at + 1;
        }
        node.next
    }
}
