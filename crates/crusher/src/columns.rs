//! Rows of objects → columns: which keys there are, in which order, and where each row's value stands.
//!
//! Rows that share a key sequence share a *shape*, so a row costs one comparison per key. A nested object that most
//! rows have becomes a group of columns. A row whose keys don't fit the common order, or repeat, is *irregular*.

use crate::shapes::Builder;
use crate::tape::{Doc, INTEGER, Kind};

/// No node: the row has no such key. The root is never a cell, so its index is free to say so.
pub const MISSING: u32 = 0;

const MAX_GROUP_DEPTH: usize = 8;

/// One column of leaves, and the groups that it stands in.
#[derive(Debug)]
pub struct Column<'a> {
    /// The key as it stands between its quotes.
    pub key: &'a [u8],
    /// Index of the innermost group, if any.
    pub group: Option<usize>,
    /// For each row the value's node, or `MISSING`.
    pub cells: Vec<u32>,
    /// What the values have in common.
    pub kind: ColumnKind,
    /// Every row has a value, and all are the same bytes.
    pub constant: bool,
}

/// The type printed in the head, which says how a bare cell reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers without fraction and exponent, or null.
    Int,
    /// Numbers or null.
    Number,
    /// `true`, `false` or null.
    Bool,
    /// Strings or null.
    String,
    /// Anything; strings are quoted.
    Any,
}

impl ColumnKind {
    /// The word in the head.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Any => "any",
        }
    }
}

/// A nested object that became columns.
#[derive(Debug)]
pub struct Group<'a> {
    /// The key as it stands between its quotes.
    pub key: &'a [u8],
    /// The group around it.
    pub parent: Option<usize>,
    /// Rows, ascending, whose value is not a fitting object, with that value's node.
    pub overrides: Vec<(u32, u32)>,
}

/// The columns of some rows.
#[derive(Debug)]
pub struct Columns<'a> {
    /// Leaf columns in order; those of one group stand together.
    pub leaves: Vec<Column<'a>>,
    /// Groups, parents before children.
    pub groups: Vec<Group<'a>>,
    /// For each row, true if it doesn't fit.
    pub irregular: Vec<bool>,
}

impl<'a> Columns<'a> {
    /// Finds the columns of `rows`, node indices of arbitrary values. None when the rows are no table: no two
    /// regular objects, too many columns, or too few filled cells.
    #[must_use]
    pub fn find(doc: &Doc<'a>, rows: &[u32], max_columns: usize) -> Option<Self> {
        let mut columns = Self {
            leaves: Vec::new(),
            groups: Vec::new(),
            irregular: vec![false; rows.len()],
        };
        let top = Level::build(doc, rows, max_columns)?;
        for row in top.misfits {
            if let Some(irregular) = columns.irregular.get_mut(row as usize) {
                *irregular = true;
            }
        }
        for child in top.children {
            columns.add(doc, child, None, max_columns, 0);
        }
        let regular = columns.irregular.iter().filter(|irregular| !**irregular).count();
        if regular < 2 || columns.leaves.is_empty() || columns.leaves.len() > max_columns {
            return None;
        }
        for column in &mut columns.leaves {
            column.describe(doc, regular);
        }
        Some(columns)
    }

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
        // A group pays when most of its values are objects; the rest stand as overrides.
        if depth < MAX_GROUP_DEPTH && objects >= 2 && objects * 2 > present && self.leaves.len() < max_columns
        {
            let inner: Vec<u32> = child
                .cells
                .iter()
                .map(|cell| {
                    if is_filled_object(doc, *cell) {
                        *cell
                    } else {
                        MISSING
                    }
                })
                .collect();
            if let Some(level) = Level::build(doc, &inner, max_columns.min(objects * 4 + 16)) {
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
        self.leaves.push(Column {
            key: child.key,
            group,
            cells: child.cells,
            kind: ColumnKind::Any,
            constant: false,
        });
    }
}

fn is_filled_object(doc: &Doc<'_>, cell: u32) -> bool {
    let node = doc.node(cell);
    cell != MISSING && node.kind == Kind::Object && node.count > 0
}

impl Column<'_> {
    fn describe(&mut self, doc: &Doc<'_>, regular_rows: usize) {
        let (mut strings, mut ints, mut numbers, mut bools, mut others, mut present) = (0, 0, 0, 0, 0, 0);
        let mut first: Option<&[u8]> = None;
        let mut same = true;
        for cell in self.cells.iter().filter(|cell| **cell != MISSING) {
            let node = doc.node(*cell);
            present += 1;
            match node.kind {
                Kind::String => strings += 1,
                Kind::Number if node.flags & INTEGER != 0 => ints += 1,
                Kind::Number => numbers += 1,
                Kind::True | Kind::False => bools += 1,
                Kind::Null => {}
                Kind::Array | Kind::Object => others += 1,
            }
            if same {
                let raw = doc.raw(node);
                same = *first.get_or_insert(raw) == raw;
            }
        }
        self.constant = same && present == regular_rows;
        // Strings are common and a stray number among them costs one character; the reverse costs quotes.
        self.kind = if strings > 0 && strings * 4 >= (ints + numbers + bools) * 3 {
            ColumnKind::String
        } else if strings == 0 && others == 0 && bools == 0 && ints + numbers > 0 {
            if numbers == 0 {
                ColumnKind::Int
            } else {
                ColumnKind::Number
            }
        } else if strings == 0 && others == 0 && ints + numbers == 0 && bools > 0 {
            ColumnKind::Bool
        } else {
            ColumnKind::Any
        };
    }
}

struct Child<'a> {
    key: &'a [u8],
    cells: Vec<u32>,
}

/// The keys of one level of objects.
struct Level<'a> {
    children: Vec<Child<'a>>,
    /// Rows, ascending, that hold a value which is no fitting object.
    misfits: Vec<u32>,
}

impl<'a> Level<'a> {
    fn build(doc: &Doc<'a>, rows: &[u32], max_columns: usize) -> Option<Self> {
        let mut builder = Builder::default();
        let mut misfits = Vec::new();
        let mut shape_of: Vec<u32> = Vec::with_capacity(rows.len());
        for (row, index) in rows.iter().enumerate() {
            let mut shape = u32::MAX;
            if is_filled_object(doc, *index) {
                let found = builder.shape(doc, *index, max_columns);
                shape = found.map_or(u32::MAX, |shape| shape as u32);
                if found.is_none() {
                    misfits.push(row as u32);
                }
            } else if *index != MISSING {
                misfits.push(row as u32);
            }
            shape_of.push(shape);
        }
        // Sparse cells would cost memory out of proportion to the text.
        let filled: u64 = rows.iter().map(|index| u64::from(doc.node(*index).count)).sum();
        if builder.keys.is_empty() || rows.len() as u64 * builder.keys.len() as u64 > 16 * filled + 1024 {
            return None;
        }
        let mut children: Vec<Child<'a>> = builder
            .keys
            .iter()
            .map(|key| Child {
                key,
                cells: vec![MISSING; rows.len()],
            })
            .collect();
        for (row, (index, shape)) in rows.iter().zip(&shape_of).enumerate() {
            let Some(places) = builder
                .shapes
                .get(*shape as usize)
                .and_then(|shape| shape.children.as_ref())
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
        let mut slots: Vec<Option<Child<'a>>> = children.into_iter().map(Some).collect();
        let ordered = builder
            .order
            .iter()
            .filter_map(|child| slots.get_mut(*child).and_then(Option::take))
            .collect();
        Some(Self {
            children: ordered,
            misfits,
        })
    }
}
