//! Numeric columns: values far from the rest, and places where the level shifts.
//!
//! Everything is robust (medians, not means, decide) and runs in linear time. Floats go through `+ - * /` and
//! comparisons in row order only, so that every machine decides alike.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts of rows and high bits of floats are far below 2^52"
)]

use crate::json::tape::Doc;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::ValueClass;

/// Shorter series have no level that one could leave.
const MIN_ROWS: usize = 8;
/// Median absolute deviation times this is the standard deviation of normal data.
const DEVIATION_PER_MEDIAN: f64 = 1.4826;
/// Mean distance of neighbours of normal data, in standard deviations.
const STEP_PER_DEVIATION: f64 = 1.128;
/// Rows on either side of a point that make its level before and behind.
const MAX_WINDOW: usize = 8;
/// A shift is this many deviations.
const SHIFT_DEVIATIONS: f64 = 3.0;
/// Outliers and change points of one column: at most one row in so many.
const ROWS_PER_FINDING: usize = 25;
/// And at most so many.
const MAX_FINDINGS: usize = 8;

/// The numbers of one column in row order.
#[derive(Debug)]
pub(crate) struct Series {
    rows: Vec<u32>,
    values: Vec<f64>,
}

/// The series of an array: every column that holds numbers in most rows, each row once.
pub(crate) fn series(doc: &Doc<'_>, analysis: &Analysis) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    let places: Vec<usize> = analysis
        .columns
        .iter()
        .map(|column| {
            let numbers = column.count(ValueClass::Number);
            let varies = column.many || column.values.len() > 1;
            if column.repeated
                || !varies
                || (numbers as usize) < MIN_ROWS
                || numbers < column.rows.div_ceil(2)
            {
                return usize::MAX;
            }
            all.push(Series {
                rows: Vec::with_capacity(numbers as usize),
                values: Vec::with_capacity(numbers as usize),
            });
            all.len() - 1
        })
        .collect();
    if all.is_empty() {
        return all;
    }
    for (row, cells) in analysis.iter() {
        for cell in cells.iter().filter(|cell| cell.class == ValueClass::Number) {
            let place = places.get(cell.column as usize).copied().unwrap_or(usize::MAX);
            if let (Some(series), Some(value)) = (all.get_mut(place), number(doc.raw(doc.node(cell.node)))) {
                series.rows.push(row);
                series.values.push(value);
            }
        }
    }
    all
}

fn number(raw: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

impl Series {
    /// Rows whose value is more than `threshold` robust deviations from the median. Where too many are (sizes
    /// and counts often spread over magnitudes), the magnitudes are compared; where still too many are, the
    /// farthest count.
    pub fn outliers(&self, threshold: f64, mut hit: impl FnMut(u32)) {
        let limit = self.limit();
        let mut found = self.beyond(&self.values, threshold);
        if found.len() > limit && self.values.iter().all(|value| *value > 0.0) {
            // The bits of a positive float, read as an integer, grow like its logarithm.
            let magnitudes: Vec<f64> = self
                .values
                .iter()
                .map(|value| (value.to_bits() >> 20) as f64)
                .collect();
            found = self.beyond(&magnitudes, threshold);
        }
        if found.len() > limit {
            found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            found.truncate(limit.min(2));
        }
        for (_, row) in found {
            hit(row);
        }
    }

    fn limit(&self) -> usize {
        (self.rows.len() / ROWS_PER_FINDING).clamp(1, MAX_FINDINGS)
    }

    /// Values far from the median, as (deviations, row).
    fn beyond(&self, values: &[f64], threshold: f64) -> Vec<(f64, u32)> {
        let mut sorted = values.to_vec();
        let center = median(&mut sorted);
        for (distance, value) in sorted.iter_mut().zip(values) {
            *distance = (value - center).abs();
        }
        let spread = spread(&mut sorted);
        if spread <= 0.0 {
            return Vec::new();
        }
        let distances = values.iter().map(|value| (value - center).abs() / spread);
        distances
            .zip(self.rows.iter().copied())
            .filter(|(distance, _)| *distance > threshold)
            .collect()
    }

    /// The last row of an old and the first row of a new level, wherever the level shifts and stays.
    pub fn change_points(&self, mut hit: impl FnMut(u32)) {
        let count = self.values.len();
        let window = MAX_WINDOW.min(count / 4);
        if window < 3 {
            return;
        }
        let values = self.calmed();
        let noise =
            values.windows(2).map(pair_distance).sum::<f64>() / ((count - 1) as f64 * STEP_PER_DEVIATION);
        let distances = shifts(&values, window);
        let usual = median(&mut distances.clone());
        let least = (noise * SHIFT_DEVIATIONS).max(usual * SHIFT_DEVIATIONS);
        let found = peaks(&distances, window, least);
        if found.len() > self.limit() {
            return;
        }
        for peak in found {
            // `distances` begins where a whole window lies before. The step itself is the largest one near
            // the peak.
            let at = largest_step(&values, peak + window);
            for row in at
                .checked_sub(1)
                .into_iter()
                .chain([at])
                .filter_map(|at| self.rows.get(at))
            {
                hit(*row);
            }
        }
    }

    /// The values with outliers drawn in, so that a single spike doesn't pass for a level.
    fn calmed(&self) -> Vec<f64> {
        let mut sorted = self.values.clone();
        let center = median(&mut sorted);
        for (distance, value) in sorted.iter_mut().zip(&self.values) {
            *distance = (value - center).abs();
        }
        let reach = 2.0 * SHIFT_DEVIATIONS * spread(&mut sorted);
        self.values
            .iter()
            .map(|value| value.clamp(center - reach, center + reach))
            .collect()
    }
}

fn pair_distance(pair: &[f64]) -> f64 {
    match pair {
        [a, b] => (b - a).abs(),
        _ => 0.0,
    }
}

/// For each point with a whole window on both sides, how far the means of the two lie apart.
fn shifts(values: &[f64], window: usize) -> Vec<f64> {
    let (mut before, mut behind) = (0.0, 0.0);
    let value = |at: usize| values.get(at).copied().unwrap_or(0.0);
    (0..window).for_each(|at| before += value(at));
    (window..2 * window).for_each(|at| behind += value(at));
    let mut distances = Vec::with_capacity(values.len());
    for at in window..=values.len() - window {
        distances.push((behind - before).abs() / window as f64);
        before += value(at) - value(at - window);
        behind += value(at + window) - value(at);
    }
    distances
}

/// Places whose shift is at least `least` and the largest within a window on either side.
fn peaks(distances: &[f64], window: usize, minimum: f64) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let distance = |at: usize| distances.get(at).copied().unwrap_or(0.0);
    for (at, &size) in distances.iter().enumerate() {
        if size <= 0.0 || size < minimum {
            continue;
        }
        match found.last_mut() {
            Some(last) if at - *last <= window => {
                if size > distance(*last) {
                    *last = at;
                }
            }
            _ => found.push(at),
        }
    }
    found
}

fn largest_step(values: &[f64], near: usize) -> usize {
    let value = |at: usize| values.get(at).copied().unwrap_or(0.0);
    let mut best = (near, 0.0);
    for at in near.saturating_sub(2).max(1)..(near + 3).min(values.len()) {
        let step = (value(at) - value(at - 1)).abs();
        if step > best.1 {
            best = (at, step);
        }
    }
    best.0
}

/// The median; leaves the values in another order.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        0.0
    } else {
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    }
}

/// The robust deviation of distances from a median; where more than half are zero, their mean stands in.
fn spread(distances: &mut [f64]) -> f64 {
    let middle = median(distances) * DEVIATION_PER_MEDIAN;
    if middle > 0.0 {
        return middle;
    }
    distances.sort_unstable_by(f64::total_cmp);
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}
