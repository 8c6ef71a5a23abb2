//! Finds the rows that show most of what isn't shown yet: a greedy cover of the values of columns.
//!
//! Each value of a column with few values is a feature, worth showing once. When a feature is covered, every
//! row that holds it is worth one less. So each cell is visited once, and the whole takes linear time.

use crate::select::analysis::Analysis;
use crate::select::column_statistics::NONE;

/// The order in which rows are taken. It is computed as they are taken.
#[derive(Debug)]
pub(crate) struct Coverage {
    /// Features of each row, all rows in one list.
    features: Vec<u32>,
    starts: Vec<u32>,
    /// Rows of each feature, all features in one list.
    holders: Vec<u32>,
    holder_starts: Vec<u32>,
    covered: Vec<bool>,
    /// How many features of each row aren't covered.
    gains: Vec<u32>,
    taken: Vec<bool>,
    /// Rows by gain. A row may stand in several buckets; only that of its present gain counts.
    buckets: Vec<Vec<u32>>,
}

impl Coverage {
    /// Prepares the cover of an array. `shown` tells which rows are shown already.
    pub fn new(analysis: &Analysis, shown: impl Fn(u32) -> bool) -> Self {
        let mut count = 0_u32;
        let bases: Vec<u32> = analysis
            .columns
            .iter()
            .map(|column| {
                // A column with the same value in every row shows nothing new. If nearly all values differ,
                // the only feature is that there is a value.
                let distinct = if column.many {
                    1
                } else {
                    column.values.len() as u32
                };
                if distinct <= 1 && column.rows as usize == analysis.len() {
                    return NONE;
                }
                let base = count;
                count += distinct;
                base
            })
            .collect();
        let (mut features, mut starts) = (Vec::with_capacity(analysis.cells.len()), Vec::new());
        let mut sizes = vec![0_u32; count as usize + 1];
        for (_, cells) in analysis.iter() {
            starts.push(features.len() as u32);
            for cell in cells.iter().filter(|cell| cell.class.is_scalar()) {
                let base = bases.get(cell.column as usize).copied().unwrap_or(NONE);
                if base == NONE {
                    continue;
                }
                let many = analysis.column(cell).is_some_and(|column| column.many);
                let feature = base + if many { 0 } else { u32::from(cell.value) };
                features.push(feature);
                if let Some(size) = sizes.get_mut(feature as usize + 1) {
                    *size += 1;
                }
            }
        }
        starts.push(features.len() as u32);
        let mut sum = 0;
        for size in &mut sizes {
            sum += *size;
            *size = sum;
        }
        let holder_starts = sizes.clone();
        let mut holders = vec![0; features.len()];
        let mut this = Self {
            features,
            starts,
            holders: Vec::new(),
            holder_starts,
            covered: vec![false; count as usize],
            gains: Vec::new(),
            taken: (0..analysis.len() as u32).map(&shown).collect(),
            buckets: Vec::new(),
        };
        for row in 0..analysis.len() as u32 {
            for &feature in this.features_of(row) {
                if let Some(next) = sizes.get_mut(feature as usize) {
                    if let Some(holder) = holders.get_mut(*next as usize) {
                        *holder = row;
                    }
                    *next += 1;
                }
            }
        }
        this.holders = holders;
        this.gains = (0..analysis.len() as u32)
            .map(|row| this.features_of(row).len() as u32)
            .collect();
        let largest = this.gains.iter().copied().max().unwrap_or(0) as usize;
        this.buckets.resize_with(largest + 1, Vec::new);
        for row in (0..analysis.len() as u32).filter(|row| shown(*row)) {
            this.cover(row);
        }
        // A bucket gives first what was pushed last.
        for row in scattered(analysis.len() as u32).rev() {
            this.push(row);
        }
        this
    }

    fn features_of(&self, row: u32) -> &[u32] {
        range(&self.features, &self.starts, row)
    }

    fn push(&mut self, row: u32) {
        let gain = self.gains.get(row as usize).copied().unwrap_or(0);
        if let Some(bucket) = self.buckets.get_mut(gain as usize) {
            bucket.push(row);
        }
    }

    fn cover(&mut self, row: u32) {
        let (start, end) = bounds(&self.starts, row);
        for at in start..end {
            let feature = self.features.get(at).copied().unwrap_or(0);
            match self.covered.get_mut(feature as usize) {
                Some(covered) if !*covered => *covered = true,
                _ => continue,
            }
            let (start, end) = bounds(&self.holder_starts, feature);
            for at in start..end {
                let holder = self.holders.get(at).copied().unwrap_or(0);
                if let Some(gain) = self.gains.get_mut(holder as usize) {
                    *gain = gain.saturating_sub(1);
                }
                if self.taken.get(holder as usize) == Some(&false) {
                    self.push(holder);
                }
            }
        }
    }

    /// Covers the features of a row that is shown.
    pub fn show(&mut self, row: u32) {
        self.cover(row);
    }
}

/// Iterates over the rows that aren't shown, the one that shows most first. A row comes once, whether it is
/// taken or not. Call `show` for each that is taken.
impl Iterator for Coverage {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while let Some(bucket) = self.buckets.last_mut() {
            let Some(row) = bucket.pop() else {
                self.buckets.pop();
                continue;
            };
            let gain = self.buckets.len() as u32 - 1;
            if self.gains.get(row as usize) != Some(&gain) {
                continue;
            }
            if let Some(taken) = self.taken.get_mut(row as usize).filter(|taken| !**taken) {
                *taken = true;
                return Some(row);
            }
        }
        None
    }
}

fn bounds(starts: &[u32], at: u32) -> (usize, usize) {
    let start = starts.get(at as usize).copied().unwrap_or(0) as usize;
    (start, starts.get(at as usize + 1).copied().unwrap_or(0) as usize)
}

fn range<'a>(list: &'a [u32], starts: &[u32], at: u32) -> &'a [u32] {
    let (start, end) = bounds(starts, at);
    list.get(start..end).unwrap_or_default()
}

/// Returns all numbers below `count`, each far from those before it: the numbers of a counter with their bits
/// reversed.
pub(crate) fn scattered(count: u32) -> impl DoubleEndedIterator<Item = u32> {
    let bits = u32::BITS - count.saturating_sub(1).leading_zeros();
    let span = if count == 0 { 0 } else { 1_u64 << bits };
    (0..span as u32)
        .map(move |at| {
            if bits == 0 {
                0
            } else {
                at.reverse_bits() >> (u32::BITS - bits)
            }
        })
        .filter(move |at| *at < count)
}
