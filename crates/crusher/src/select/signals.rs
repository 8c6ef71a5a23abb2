//! Failures, rare classes of values and rare values: all that single cells tell, in one pass over them.
//!
//! What each column has to look out for is worked out from its statistics first; most columns have nothing.

use crate::json::tape::Doc;
use crate::relevance::failures::FailureWords;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::{ColumnStatistics, MAX_GAPS, ValueClass};
use crate::select::failing_values::failing_values;
use crate::select::rule::Rule;

/// At most one row in so many is taken for rare.
const ROWS_PER_RARITY: usize = 50;
/// Where more than one row in so many holds something rare, rarity is the rule, and no signal.
const ROWS_PER_RARE_ROW: usize = 10;
/// Where more than one row in so many has text that tells of an error, errors are what the array is about.
const ROWS_PER_ERROR_TEXT: usize = 4;

/// A column with more rare values than this has a long tail rather than a usual state and a few others; names
/// show such values for less.
const MAX_RARE_VALUES: usize = 4;

const FAILING: u8 = 1;
const RARE: u8 = 2;

/// What to look out for in a column.
#[derive(Default)]
struct Watch {
    /// Classes of values (as bits) that few cells have, and those that only one has.
    rare_classes: u16,
    unique_classes: u16,
    /// `FAILING` and `RARE` for each distinct value; empty if there is nothing.
    values: Vec<u8>,
    /// Strings are text to search for errors.
    is_text: bool,
    is_idle: bool,
}

/// What to look out for in values without a column: errors in texts. There are so many columns that this one
/// is taken for rare; where many rows hold such values, that keeps them from being told apart by the columns
/// that came first.
static UNKNOWN: Watch = Watch {
    rare_classes: u16::MAX,
    unique_classes: u16::MAX,
    values: Vec::new(),
    is_text: true,
    is_idle: false,
};

/// Calls back for every row with a failure, a value of a rare class or a rare value.
pub(crate) fn mark_signals(doc: &Doc<'_>, analysis: &Analysis, mut hit: impl FnMut(u32, Rule)) {
    let few = few(analysis.len());
    let watches: Vec<Watch> = analysis
        .columns
        .iter()
        .map(|column| Watch::new(doc, analysis, column))
        .collect();
    let failures = FailureWords::shared();
    let mut texts = Vec::new();
    let (mut rare, mut unique) = (missing(analysis, few), missing(analysis, 1));
    let node_of = |row: Option<&u32>| doc.node(row.copied().unwrap_or(0));
    let (first, last) = (node_of(analysis.rows.first()), node_of(analysis.rows.last()));
    let rows_text = doc.text.get(..last.end as usize).unwrap_or_default();
    let mut may_tell = failures.survey(rows_text, first.start);
    for ((row, cells), node) in analysis.iter().zip(&analysis.rows) {
        let place = doc.node(*node);
        let mut reads = None;
        let mut found = 0;
        let mut classes = 0;
        for cell in cells {
            let watch = watches.get(cell.column as usize).unwrap_or(&UNKNOWN);
            if watch.is_idle {
                continue;
            }
            let class = 1 << cell.class as u16;
            classes |=
                u8::from(watch.rare_classes & class != 0) | u8::from(watch.unique_classes & class != 0) << 1;
            if cell.class.is_scalar() {
                found |= watch.values.get(usize::from(cell.value)).copied().unwrap_or(0);
            }
            if watch.is_text && cell.class == ValueClass::String {
                let reads = *reads.get_or_insert_with(|| may_tell(place.start, place.end));
                if reads && failures.tells(doc.inner(doc.node(cell.node))) {
                    texts.push(row);
                }
            }
        }
        if found & FAILING != 0 {
            hit(row, Rule::Failure);
        }
        if found & RARE != 0 {
            hit(row, Rule::RareValue);
        }
        if classes & 1 != 0 {
            rare.push(row);
        }
        if classes & 2 != 0 {
            unique.push(row);
        }
    }
    texts.dedup();
    if texts.len() <= (analysis.len() / ROWS_PER_ERROR_TEXT).max(1) {
        for row in texts {
            hit(row, Rule::Failure);
        }
    }
    // Where classes vary a lot, only what is unique counts; where that is common too, nothing does.
    for mut rows in [rare, unique] {
        rows.sort_unstable();
        rows.dedup();
        if rows.len() <= (analysis.len() / ROWS_PER_RARE_ROW).max(1) {
            for row in rows {
                hit(row, Rule::Structure);
            }
            return;
        }
    }
}

/// How many rows are few.
fn few(rows: usize) -> usize {
    (rows / ROWS_PER_RARITY).clamp(1, MAX_GAPS)
}

/// A number of cells is rare among others.
fn is_rare(count: u32, of: u32, most: usize) -> bool {
    count > 0 && count as usize <= most && of as usize >= most * ROWS_PER_RARE_ROW
}

/// Rows without a column that at most `most` rows lack.
fn missing(analysis: &Analysis, most: usize) -> Vec<u32> {
    let rows = analysis.len();
    let mut found = Vec::new();
    if rows >= most * ROWS_PER_RARE_ROW {
        for column in analysis.columns.iter().filter(|column| !column.repeated) {
            let missing = rows - column.rows as usize;
            if missing <= most {
                found.extend(column.gaps.iter().take(missing));
            }
        }
    }
    found
}

impl Watch {
    fn new(doc: &Doc<'_>, analysis: &Analysis, column: &ColumnStatistics) -> Self {
        let parent_rows = analysis
            .columns
            .get(column.parent as usize)
            .map_or(0, |parent| parent.rows);
        let few = few(analysis.len());
        let classes = |most: usize| {
            if is_rare(column.rows, parent_rows, most) {
                return u16::MAX;
            }
            let counts = column.classes.iter().enumerate().filter(|_| !column.repeated);
            counts
                .filter(|(_, count)| is_rare(**count, column.rows, most))
                .fold(0, |mask, (at, _)| mask | 1 << at)
        };
        let mut this = Self {
            rare_classes: classes(few),
            unique_classes: classes(1),
            ..Self::default()
        };
        this.add(&failing_values(doc, column, analysis.len()), FAILING);
        this.add(&rare_values(column, few), RARE);
        // Values of categories are judged as such, not as text.
        this.is_text = column.count(ValueClass::String) > 0 && !column.is_category();
        this.is_idle = this.rare_classes == 0 && this.values.is_empty() && !this.is_text;
        this
    }

    fn add(&mut self, found: &[bool], flag: u8) {
        if found.contains(&true) {
            self.values.resize(found.len(), 0);
            for (value, _) in self.values.iter_mut().zip(found).filter(|(_, found)| **found) {
                *value |= flag;
            }
        }
    }
}

/// For each distinct value of a category whether few rows share it; empty where that is common.
fn rare_values(column: &ColumnStatistics, most: usize) -> Vec<bool> {
    if column.repeated || !column.is_category() {
        return Vec::new();
    }
    let scalars = column.scalars();
    let is_rare: Vec<bool> = column
        .values
        .iter()
        .map(|value| is_rare(value.count, scalars, most))
        .collect();
    let rare = column
        .values
        .iter()
        .zip(&is_rare)
        .filter(|(_, is_rare)| **is_rare);
    let (rows, rare) = rare.fold((0, 0), |(rows, values), (value, _)| {
        (rows + value.count as usize, values + 1)
    });
    if rows > (scalars as usize / ROWS_PER_RARE_ROW).max(1) || rare > MAX_RARE_VALUES {
        Vec::new()
    } else {
        is_rare
    }
}
