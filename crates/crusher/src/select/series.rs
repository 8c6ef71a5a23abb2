//! Finds outliers and change points in numeric columns.
//!
//! Medians set the thresholds, so that single values can't move them. Floats only go through `+ - * /` and
//! comparisons, always in row order, so that every machine decides alike.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts of rows and high bits of floats are far below 2^52"
)]

use crate::json::tape::Doc;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::ValueClass;

/// In a shorter series no value counts as unusual.
const MIN_ROWS: usize = 8;
/// The median absolute deviation of normal data, times this, is their standard deviation.
const DEVIATION_PER_MEDIAN: f64 = 1.4826;
/// Mean distance between neighbours in normal data, in standard deviations.
const STEP_PER_DEVIATION: f64 = 1.128;
/// The most rows that make up the level on either side of a point.
const MAX_WINDOW: usize = 8;
/// A shift of the level is at least so many standard deviations.
const SHIFT_DEVIATIONS: f64 = 3.0;
/// At most one row in so many is an outlier, or a change point, of a column.
const ROWS_PER_FINDING: usize = 25;
/// The most outliers, or change points, of a column.
const MAX_FINDINGS: usize = 8;

/// The numbers of one column in row order.
#[derive(Debug)]
pub(crate) struct Series {
    rows: Vec<u32>,
    values: Vec<f64>,
}

/// Returns a series for each column whose values are mostly numbers, at most one in a row.
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
    /// Calls `hit` for rows whose value is more than `threshold` robust deviations from the median. If there
    /// are too many, magnitudes are compared instead, since sizes and counts often spread over several. If
    /// there are still too many, only the farthest count.
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

    /// Returns how many findings the column may have.
    fn limit(&self) -> usize {
        (self.rows.len() / ROWS_PER_FINDING).clamp(1, MAX_FINDINGS)
    }

    /// Returns the values that are far from the median, as (deviations, row).
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

    /// Calls `hit` for the last row of an old level and the first row of a new one, wherever the level shifts
    /// and stays.
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
            // The first distance belongs to the first row with a whole window before it. The shift is the
            // largest step near the peak.
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

    /// Returns the values with outliers clamped, so that a single spike doesn't pass for a level.
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

/// Returns how far the means of the windows before and after a point lie apart, for each point with two whole
/// windows.
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

/// Returns the places of shifts that are at least `minimum`, and the largest within a window on either side.
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

/// Returns the place of the largest step at most two places from `near`.
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

/// Returns the median, and leaves the values in another order.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        0.0
    } else {
        *values.select_nth_unstable_by(middle, f64::total_cmp).1
    }
}

/// Returns the robust standard deviation for distances from a median. If more than half are zero, it returns
/// their mean.
fn spread(distances: &mut [f64]) -> f64 {
    let middle = median(distances) * DEVIATION_PER_MEDIAN;
    if middle > 0.0 {
        return middle;
    }
    distances.sort_unstable_by(f64::total_cmp);
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}
