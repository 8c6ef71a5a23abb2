//! Finds the columns of rows: which keys there are, in which order, and where each row's value stands.
//!
//! Rows that share a key sequence share a *key order*, so a row costs one comparison per key. A nested object
//! that most rows have becomes a group of columns. A list of objects in a cell gets columns of its own. Both
//! happen only where that saves keys. A row whose keys don't fit the common order, or repeat, is *irregular*.

use crate::json::tape::{Doc, Kind};
use crate::notation::write::key_orders::KeyOrders;

/// Stands for the node of a value that a row doesn't have. It is the root's index, which no cell has.
pub const MISSING: u32 = 0;

/// The most groups and lists inside one another.
const MAX_GROUP_DEPTH: usize = 8;
/// The most columns of a list in a cell: with more, a model that reads the table loses count.
const MAX_LIST_COLUMNS: usize = 16;

/// A leaf column: one that isn't a group.
#[derive(Debug)]
pub struct Column<'a> {
    /// The key's raw text, without its quotes.
    pub key: &'a [u8],
    /// Index of the innermost group, if any.
    pub group: Option<usize>,
    /// For each row the value's node, or `MISSING`.
    pub cells: Vec<u32>,
    /// The columns of the objects in its values, if its values are lists of objects.
    pub list: Option<Lists<'a>>,
    /// Every regular row has a value, and all values are the same bytes.
    pub constant: bool,
}

/// Arrays of objects, one in each row, that share their columns.
#[derive(Debug)]
pub struct Lists<'a> {
    /// The columns of all elements of all arrays.
    pub columns: Columns<'a>,
    /// The elements' nodes.
    pub elements: Vec<u32>,
    /// For each row, where its elements begin; and where those of the last row end.
    pub starts: Vec<u32>,
}

/// A nested object that became columns.
#[derive(Debug)]
pub struct Group<'a> {
    /// The key's raw text, without its quotes.
    pub key: &'a [u8],
    /// Index of the group around it, if any.
    pub parent: Option<usize>,
    /// The rows, ascending, whose value isn't an object that fits, each with the node of that value.
    pub overrides: Vec<(u32, u32)>,
}

/// The columns of some rows.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Leaf columns in order; those of one group stand together.
    pub leaves: Vec<Column<'a>>,
    /// Groups, parents before children.
    pub groups: Vec<Group<'a>>,
    /// For each row, true if it is irregular.
    pub irregular: Vec<bool>,
    /// Bytes of keys that the columns save, less what empty cells cost.
    pub saved_bytes: i64,
}

impl<'a> Columns<'a> {
    /// Returns true if all rows are regular and few cells are empty.
    #[must_use]
    pub fn is_even(&self) -> bool {
        let rows = self.irregular.len();
        let cells = self.leaves.iter().map(|leaf| &leaf.cells);
        let empty = cells
            .map(|cells| cells.iter().filter(|cell| **cell == MISSING).count())
            .sum::<usize>();
        !self.irregular.contains(&true) && empty * 8 <= rows * self.leaves.len()
    }

    /// Finds the columns of `rows`, the node indices of any values. None if the rows make no table: they have
    /// fewer than two regular rows, too many columns, or more empty cells than saved keys.
    #[must_use]
    pub fn find(doc: &Doc<'a>, rows: &[u32], max_columns: usize) -> Option<Self> {
        Self::find_nested(doc, rows, max_columns, 0)
    }

    /// As `find`, for rows inside `depth` groups and lists.
    fn find_nested(doc: &Doc<'a>, rows: &[u32], max_columns: usize, depth: usize) -> Option<Self> {
        let mut columns = Self {
            leaves: Vec::new(),
            groups: Vec::new(),
            irregular: vec![false; rows.len()],
            saved_bytes: 0,
        };
        let top = Level::build(doc, rows, max_columns)?;
        for row in top.misfits {
            if let Some(irregular) = columns.irregular.get_mut(row as usize) {
                *irregular = true;
            }
        }
        let regular = columns.irregular.iter().filter(|irregular| !**irregular).count();
        columns.saved_bytes = saved_bytes(&top.children, regular);
        if regular < 2 || columns.saved_bytes <= 0 {
            return None;
        }
        columns.leaves.reserve(top.children.len());
        for child in top.children {
            columns.add(doc, child, None, max_columns, depth);
        }
        if columns.leaves.is_empty() || columns.leaves.len() > max_columns {
            return None;
        }
        for column in &mut columns.leaves {
            column.constant = is_constant(doc, &column.cells, regular);
        }
        Some(columns)
    }

    /// Adds the columns of a key: a group, a list or a single column.
    fn add(
        &mut self,
        doc: &Doc<'a>,
        child: Child<'a>,
        group: Option<usize>,
        max_columns: usize,
        depth: usize,
    ) {
        let objects = child
            .cells
            .iter()
            .filter(|cell| is_filled_object(doc, **cell))
            .count();
        let present = child.cells.iter().filter(|cell| **cell != MISSING).count();
        // A group pays if most of its values are objects; the others become overrides.
        if depth < MAX_GROUP_DEPTH && objects >= 2 && objects * 2 > present && self.leaves.len() < max_columns
        {
            let is_object = |cell: &u32| {
                if is_filled_object(doc, *cell) {
                    *cell
                } else {
                    MISSING
                }
            };
            let inner: Vec<u32> = child.cells.iter().map(is_object).collect();
            let level = Level::build(doc, &inner, max_columns.min(objects * 4 + 16));
            if let Some(level) = level.filter(|level| saved_bytes(&level.children, child.cells.len()) > 0) {
                let mut misfits = level.misfits.into_iter().peekable();
                let mut overrides = Vec::new();
                for (row, (cell, inside)) in child.cells.iter().zip(&inner).enumerate() {
                    let misfit = misfits.next_if_eq(&(row as u32)).is_some();
                    if *cell != MISSING && (*inside == MISSING || misfit) {
                        overrides.push((row as u32, *cell));
                    }
                }
                let index = self.groups.len();
                self.groups.push(Group {
                    key: child.key,
                    parent: group,
                    overrides,
                });
                for inner_child in level.children {
                    self.add(doc, inner_child, Some(index), max_columns, depth + 1);
                }
                return;
            }
        }
        let list = if depth < MAX_GROUP_DEPTH {
            Lists::find(doc, &child.cells, depth + 1)
        } else {
            None
        };
        self.leaves.push(Column {
            key: child.key,
            group,
            cells: child.cells,
            list,
            constant: false,
        });
    }
}

impl<'a> Lists<'a> {
    /// Finds the common columns of the objects in some arrays. `depth` counts the groups and lists around
    /// them.
    #[must_use]
    pub fn find(doc: &Doc<'a>, cells: &[u32], depth: usize) -> Option<Self> {
        let is_list = |cell: &u32| {
            let first = doc.node(*cell + 1);
            let node = doc.node(*cell);
            *cell != MISSING && node.kind == Kind::Array && node.count > 0 && first.kind == Kind::Object
        };
        cells
            .iter()
            .filter(|cell| **cell != MISSING)
            .take(8)
            .find(|cell| is_list(cell))?;
        let mut elements = Vec::new();
        let mut starts = Vec::with_capacity(cells.len() + 1);
        for cell in cells {
            starts.push(elements.len() as u32);
            if *cell != MISSING {
                elements.extend(doc.elements(*cell));
            }
        }
        starts.push(elements.len() as u32);
        let columns = Columns::find_nested(doc, &elements, MAX_LIST_COLUMNS, depth)?;
        Some(Self {
            columns,
            elements,
            starts,
        })
    }
}

/// Returns true for an object that has members.
fn is_filled_object(doc: &Doc<'_>, cell: u32) -> bool {
    let node = doc.node(cell);
    cell != MISSING && node.kind == Kind::Object && node.count > 0
}

/// Returns true if all regular rows have a value, and all values are the same bytes.
fn is_constant(doc: &Doc<'_>, cells: &[u32], regular_rows: usize) -> bool {
    let mut present = cells.iter().filter(|cell| **cell != MISSING);
    let Some(first) = present.next() else { return false };
    let first = doc.raw(doc.node(*first));
    let mut count = 1;
    present.all(|cell| {
        count += 1;
        doc.raw(doc.node(*cell)) == first
    }) && count == regular_rows
}

/// Returns a number of bytes or rows as a signed one, to subtract from it.
#[allow(clippy::cast_possible_wrap, reason = "such numbers are far below 2^63")]
pub(crate) fn signed(count: usize) -> i64 {
    count as i64
}

/// The cost of an empty cell. Its comma is one byte, but a reader has to count it.
const EMPTY_BYTES: usize = 2;

/// Returns the bytes of keys that columns save, less what empty cells cost.
fn saved_bytes(children: &[Child<'_>], rows: usize) -> i64 {
    let saved = |child: &Child<'_>| {
        let present = child.cells.iter().filter(|cell| **cell != MISSING).count();
        let keys = present.saturating_sub(1) * (child.key.len() + 1);
        signed(keys) - signed(EMPTY_BYTES * rows.saturating_sub(present))
    };
    children.iter().map(saved).sum()
}

/// A key of one level of objects, with the node of each row's value.
struct Child<'a> {
    key: &'a [u8],
    cells: Vec<u32>,
}

/// The keys of one level of objects, in column order.
struct Level<'a> {
    children: Vec<Child<'a>>,
    /// The rows, ascending, whose value isn't an object that fits.
    misfits: Vec<u32>,
}

impl<'a> Level<'a> {
    /// Collects the keys of `rows`. None if there are none, or if most cells would be empty.
    fn build(doc: &Doc<'a>, rows: &[u32], max_columns: usize) -> Option<Self> {
        let mut key_orders = KeyOrders::default();
        let mut misfits = Vec::new();
        let mut order_of_row: Vec<u32> = Vec::with_capacity(rows.len());
        for (row, index) in rows.iter().enumerate() {
            let mut order = u32::MAX;
            if is_filled_object(doc, *index) {
                let found = key_orders.order_of(doc, *index, max_columns);
                order = found.map_or(u32::MAX, |order| order as u32);
                if found.is_none() {
                    misfits.push(row as u32);
                }
            } else if *index != MISSING {
                misfits.push(row as u32);
            }
            order_of_row.push(order);
        }
        // Sparse cells would cost memory out of proportion to the text.
        let filled: u64 = rows.iter().map(|index| u64::from(doc.node(*index).count)).sum();
        if key_orders.keys.is_empty() || rows.len() as u64 * key_orders.keys.len() as u64 > 16 * filled + 1024
        {
            return None;
        }
        let mut children: Vec<Child<'a>> = key_orders
            .keys
            .iter()
            .map(|key| Child {
                key,
                cells: vec![MISSING; rows.len()],
            })
            .collect();
        for (row, (index, order)) in rows.iter().zip(&order_of_row).enumerate() {
            let Some(places) = key_orders
                .orders
                .get(*order as usize)
                .and_then(|order| order.children.as_ref())
            else {
                continue;
            };
            for (place, (_, value)) in places.iter().zip(doc.members(*index)) {
                if let Some(cell) = children
                    .get_mut(*place)
                    .and_then(|child| child.cells.get_mut(row))
                {
                    *cell = value;
                }
            }
        }
        if key_orders.orders.len() > 1 {
            let mut place = vec![0; children.len()];
            for (at, child) in key_orders.column_order.iter().enumerate() {
                if let Some(place) = place.get_mut(*child) {
                    *place = at;
                }
            }
            let mut placed: Vec<(usize, Child<'a>)> = place.into_iter().zip(children).collect();
            placed.sort_unstable_by_key(|(place, _)| *place);
            children = placed.into_iter().map(|(_, child)| child).collect();
        }
        Some(Self { children, misfits })
    }
}
