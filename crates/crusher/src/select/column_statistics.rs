//! Statistics of one column: classes of values, distinct values while they are few, rows that lack it.

/// Stands for no column, no row or no node.
pub(crate) const NONE: u32 = u32::MAX;
/// In a column with more distinct values they are no longer told apart.
const MAX_DISTINCT: usize = 256;
/// After so many values, a column whose values nearly all differ is given up early.
const EARLY_CELLS: u32 = 128;
/// Look-ups stop after so many slots, which bounds what colliding values can cost.
const MAX_PROBES: usize = 16;
/// Rows that lack a column are remembered up to this number. More of them aren't rare.
pub(crate) const MAX_GAPS: usize = 32;

/// The type of a value, and whether it is empty.
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
    /// Returns true for booleans, numbers, and strings that aren't empty.
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

/// Statistics of one column.
#[derive(Debug)]
pub(crate) struct ColumnStatistics {
    /// The column of the object or array around it.
    pub parent: u32,
    /// The node of its key, `NONE` for the root and for array elements.
    pub key: u32,
    /// The column of the elements, if values are arrays.
    pub(crate) element: u32,
    /// The column that came next in the last row: a good guess for this row.
    pub(crate) follower: u32,
    /// True below an array, where a row may hold many cells of the column.
    pub repeated: bool,
    /// Rows that hold the column.
    pub rows: u32,
    /// The last row that holds the column.
    pub(crate) last_row: u32,
    /// The rows that lack it; empty where they are more than `MAX_GAPS`.
    pub gaps: Vec<u32>,
    /// Cells by class.
    pub classes: [u32; VALUE_CLASSES],
    /// Distinct scalar values, while they are few.
    pub values: Vec<DistinctValue>,
    slots: Vec<u16>,
    /// True if there were too many distinct values to count.
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

    /// Returns the number of cells of a class.
    pub fn count(&self, class: ValueClass) -> u32 {
        self.classes.get(class as usize).copied().unwrap_or(0)
    }

    /// Returns the number of cells that hold a boolean, a number or a string that isn't empty.
    pub fn scalars(&self) -> u32 {
        self.count(ValueClass::Boolean) + self.count(ValueClass::Number) + self.count(ValueClass::String)
    }

    /// Returns true if the values are categories: few, and each in several cells on average.
    pub fn is_category(&self) -> bool {
        let distinct = self.values.len();
        !self.many && distinct <= 32 && (distinct <= 2 || distinct as u32 * 3 <= self.scalars())
    }

    /// Notes that a row holds the column.
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

    /// Counts a scalar, and returns its place among the distinct values.
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
