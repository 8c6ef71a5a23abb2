//! What is known of one column: classes of values, distinct values while they are few, rows without it.

/// No column, no row, no slot.
pub(crate) const NONE: u32 = u32::MAX;
/// A column with more distinct values is not a set of categories; its values are no longer told apart.
const MAX_DISTINCT: usize = 256;
/// After so many values, a column of which nearly all differ is given up early.
const EARLY_CELLS: u32 = 128;
/// Look-ups stop after so many slots, which bounds what colliding values can cost.
const MAX_PROBES: usize = 16;
/// Rows that lack a column are remembered up to this number; more of them are nothing rare.
pub(crate) const MAX_GAPS: usize = 32;

/// What a value is, as far as its type and emptiness tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueClass {
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

impl ValueClass {
    /// A value with a text of its own.
    pub fn is_scalar(self) -> bool {
        matches!(self, Self::Boolean | Self::Number | Self::String)
    }
}

/// Number of classes.
pub(crate) const VALUE_CLASSES: usize = 9;

/// One distinct value of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DistinctValue {
    hash: u64,
    /// Cells that hold it.
    pub count: u32,
    /// The first node that holds it.
    pub node: u32,
}

/// What is known of a column.
#[derive(Debug)]
pub(crate) struct ColumnStatistics {
    pub parent: u32,
    /// The node of its key, `NONE` for the root and for array elements.
    pub key: u32,
    /// The column of the elements where values are arrays.
    pub(crate) element: u32,
    /// The column that followed last time, usually the right guess for the next.
    pub(crate) follower: u32,
    /// Below an array: a row may hold many cells.
    pub repeated: bool,
    /// Rows that hold the column.
    pub rows: u32,
    pub(crate) last_row: u32,
    /// The rows that lack it; empty where they are more than `MAX_GAPS`.
    pub gaps: Vec<u32>,
    /// Cells by class.
    pub classes: [u32; VALUE_CLASSES],
    /// Distinct scalar values, while they are few.
    pub values: Vec<DistinctValue>,
    slots: Vec<u16>,
    /// There were too many distinct values to count.
    pub many: bool,
}

impl ColumnStatistics {
    pub(crate) fn new(parent: u32, key: u32, repeated: bool) -> Self {
        Self {
            parent,
            key,
            element: NONE,
            follower: NONE,
            repeated,
            rows: 0,
            last_row: NONE,
            gaps: Vec::new(),
            classes: [0; VALUE_CLASSES],
            values: Vec::new(),
            slots: Vec::new(),
            many: false,
        }
    }

    /// Cells of a class.
    pub fn count(&self, class: ValueClass) -> u32 {
        self.classes.get(class as usize).copied().unwrap_or(0)
    }

    /// Cells that hold a boolean, a number or a string that isn't empty.
    pub fn scalars(&self) -> u32 {
        self.count(ValueClass::Boolean) + self.count(ValueClass::Number) + self.count(ValueClass::String)
    }

    /// The values are categories: few, and each stands for several rows.
    pub fn is_category(&self) -> bool {
        let distinct = self.values.len();
        !self.many && distinct <= 32 && (distinct <= 2 || distinct as u32 * 3 <= self.scalars())
    }

    pub(crate) fn enter(&mut self, row: u32) {
        if self.last_row == row {
            return;
        }
        self.lack_until(row);
        self.last_row = row;
        self.rows += 1;
    }

    /// Notes that no row holds the column from the last one that did up to this one.
    pub(crate) fn lack_until(&mut self, row: u32) {
        if (row - self.rows) as usize > MAX_GAPS {
            self.gaps = Vec::new();
        } else {
            self.gaps.extend(self.last_row.wrapping_add(1)..row);
        }
    }

    /// Counts a scalar; gives its place among the distinct values.
    pub(crate) fn add(&mut self, hash: u64, node: u32) -> u16 {
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
                self.values.push(DistinctValue { hash, count: 1, node });
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
