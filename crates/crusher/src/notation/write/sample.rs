//! Samples a few rows of a table, to see what the texts of its columns have in common.

use crate::notation::write::texts::{NamedColumn, Texts};

/// The most rows of a sample.
const SAMPLED_ROWS: usize = 8;
/// A text must have this many bytes for a back-reference to be worth its place in a template.
const MIN_NAMED_BYTES: usize = 3;

/// The texts of a few rows, column by column.
pub(crate) struct Sample<'t, 's> {
    pub rows: Vec<usize>,
    in_cells: &'s [bool],
    /// The texts of the keys, then of each leaf column, row by row; none where a row has no text.
    texts: Vec<Option<&'t [u8]>>,
}

impl<'t, 's> Sample<'t, 's> {
    /// Takes rows that are spread evenly over the regular ones. `in_cells` says which columns have their
    /// values in cells; of the others, no texts are taken.
    pub fn take(texts: &Texts<'t, '_>, in_cells: &'s [bool]) -> Self {
        let irregular = &texts.columns.irregular;
        let regular = || {
            irregular
                .iter()
                .enumerate()
                .filter(|(_, is)| !**is)
                .map(|(row, _)| row)
        };
        let all = regular().count();
        let count = all.min(SAMPLED_ROWS);
        let place = |at: usize| at * (all - 1) / (count - 1).max(1);
        let mut next = 0;
        let taken = regular().enumerate().filter(|(at, _)| {
            let is_taken = next < count && *at == place(next);
            next += usize::from(is_taken);
            is_taken
        });
        let rows: Vec<usize> = taken.map(|(_, row)| row).collect();
        let mut sampled = Vec::with_capacity(rows.len() * (in_cells.len() + 1));
        sampled.extend(rows.iter().map(|row| texts.of(NamedColumn::Key, *row)));
        for (leaf, is) in in_cells.iter().enumerate() {
            let of = |row: &usize| is.then(|| texts.of(NamedColumn::Leaf(leaf), *row)).flatten();
            sampled.extend(rows.iter().map(of));
        }
        Self {
            rows,
            in_cells,
            texts: sampled,
        }
    }

    /// Returns the texts of a column; an empty slice for a column whose values don't stand in cells.
    pub fn of(&self, column: NamedColumn) -> &[Option<&'t [u8]>] {
        let at = match column {
            NamedColumn::Key => 0,
            NamedColumn::Leaf(leaf) if self.in_cells.get(leaf) == Some(&true) => leaf + 1,
            NamedColumn::Leaf(_) => return &[],
        };
        let rows = self.rows.len();
        self.texts.get(at * rows..(at + 1) * rows).unwrap_or_default()
    }

    /// Returns true if a back-reference may name the column: each row of the sample has a text that is long
    /// enough.
    pub fn can_be_named(&self, column: NamedColumn) -> bool {
        let texts = self.of(column);
        let long = texts
            .iter()
            .flatten()
            .filter(|text| text.len() >= MIN_NAMED_BYTES);
        !texts.is_empty() && long.count() == texts.len()
    }

    /// Returns true if some other column has the same text in each row in which it has one.
    pub fn is_repeated(&self, column: NamedColumn) -> bool {
        let texts = self.of(column);
        let others = (0..self.in_cells.len())
            .map(NamedColumn::Leaf)
            .filter(|other| *other != column);
        let same = |(text, other): (Option<&[u8]>, Option<&[u8]>)| other.is_none() || text == other;
        others.map(|other| self.of(other)).any(|others| {
            others.iter().any(Option::is_some) && texts.iter().copied().zip(others.iter().copied()).all(same)
        })
    }
}
