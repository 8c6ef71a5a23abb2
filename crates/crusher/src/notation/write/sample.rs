//! A few rows of a table, from which it is told what the texts of its columns have in common.

use crate::notation::write::texts::{NamedColumn, Texts};

/// Rows that are looked at.
const SAMPLED_ROWS: usize = 8;
/// A shorter text of another column isn't worth its place in a template.
const MIN_NAMED_BYTES: usize = 3;

/// The texts of a few rows, column by column.
pub(crate) struct Sample<'t, 's> {
    pub rows: Vec<usize>,
    in_cells: &'s [bool],
    /// Of the key and of each leaf, row by row: none where a row has no value or one that is no text.
    texts: Vec<Option<&'t [u8]>>,
}

impl<'t, 's> Sample<'t, 's> {
    /// Takes rows spread over all regular ones, of the columns that stand in cells.
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

    /// The texts of a column, none for one that doesn't stand in cells.
    pub fn of(&self, column: NamedColumn) -> &[Option<&'t [u8]>] {
        let at = match column {
            NamedColumn::Key => 0,
            NamedColumn::Leaf(leaf) if self.in_cells.get(leaf) == Some(&true) => leaf + 1,
            NamedColumn::Leaf(_) => return &[],
        };
        let rows = self.rows.len();
        self.texts.get(at * rows..(at + 1) * rows).unwrap_or_default()
    }

    /// True for a column whose text may say what another column's is.
    pub fn can_be_named(&self, column: NamedColumn) -> bool {
        let texts = self.of(column);
        let long = texts
            .iter()
            .flatten()
            .filter(|text| text.len() >= MIN_NAMED_BYTES);
        !texts.is_empty() && long.count() == texts.len()
    }

    /// True where another column has the same texts, where it has any.
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
