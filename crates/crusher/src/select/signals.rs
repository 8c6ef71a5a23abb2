//! Marks rows with failures, rare classes of values and rare values, in one pass over the cells.
//!
//! What to look for in a column follows from its statistics. In most columns there is nothing.

use crate::json::tape::Doc;
use crate::relevance::failures::FailureWords;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::{ColumnStatistics, MAX_GAPS, ValueClass};
use crate::select::failing_values::failing_values;
use crate::select::rule::Rule;

/// Something is rare if at most one row in so many has it.
const ROWS_PER_RARITY: usize = 50;
/// Where more than one row in so many holds something rare, rarity is the rule, and no signal.
const ROWS_PER_RARE_ROW: usize = 10;
/// Where more than one row in so many has text that reports an error, the array is about errors, and they are
/// no signal.
const ROWS_PER_ERROR_TEXT: usize = 4;

/// A column with more rare values than this has a long tail of values, not a few exceptions. Names show such
/// values for less.
const MAX_RARE_VALUES: usize = 4;

/// Flags of a distinct value.
const FAILING: u8 = 1;
const RARE: u8 = 2;

/// What to look for in a column.
#[derive(Default)]
struct Watch {
    /// Classes of values, as bits, that few cells have.
    rare_classes: u16,
    /// Classes that only one cell has.
    unique_classes: u16,
    /// Flags of each distinct value; empty if none has any.
    values: Vec<u8>,
    /// True if its strings are searched for errors.
    is_text: bool,
    /// True if there is nothing to look for.
    is_idle: bool,
}

/// What to look for in cells without a column. They are searched for errors, and each counts as rare. Where
/// many rows have such cells, rarity is the rule: so no row stays only because its columns came first.
static UNKNOWN: Watch = Watch {
    rare_classes: u16::MAX,
    unique_classes: u16::MAX,
    values: Vec::new(),
    is_text: true,
    is_idle: false,
};

/// Calls `hit` for every row with a failure, a value of a rare class or a rare value.
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
    // Where rare classes are common, only those that one cell has count. Where these are common too, none
    // counts.
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

/// Returns how many rows at most count as few.
fn few(rows: usize) -> usize {
    (rows / ROWS_PER_RARITY).clamp(1, MAX_GAPS)
}

/// Returns true if `count` cells among `of` are rare: at most `most`, and few compared with `of`.
fn is_rare(count: u32, of: u32, most: usize) -> bool {
    count > 0 && count as usize <= most && of as usize >= most * ROWS_PER_RARE_ROW
}

/// Returns the rows that lack a column, for each column that at most `most` rows lack.
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

    /// Sets a flag for the distinct values found.
    fn add(&mut self, found: &[bool], flag: u8) {
        if found.contains(&true) {
            self.values.resize(found.len(), 0);
            for (value, _) in self.values.iter_mut().zip(found).filter(|(_, found)| **found) {
                *value |= flag;
            }
        }
    }
}

/// Returns for each distinct value of a category whether it is rare; empty if rare values are common.
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
