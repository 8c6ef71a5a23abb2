//! Chooses names from rows that are left out: a reader's next question is mostly about a row, by its name.
//!
//! First come the values of categories that no kept row shows, since each stands in several rows. Then come
//! the values of the column that names rows at the least cost, one for each row that is left out, and then
//! those of the next such column. A few rows, spread over the array, tell which columns these are.

use std::ops::RangeInclusive;

use crate::json::tape::{Doc, ESCAPED};
use crate::notation::grammar::NAMES;
use crate::select::analysis::{Analysis, ROOT};
use crate::select::column_statistics::{ColumnStatistics, NONE, ValueClass};
use crate::select::coverage::scattered;
use crate::tokens;

/// Rows that are read to find the columns of names.
const SAMPLED_ROWS: usize = 64;
/// Bytes of a name: shorter ones say nothing by themselves, longer ones are texts.
const NAME_BYTES: RangeInclusive<usize> = 3..=64;
/// Bytes of a key, which stands before its names.
const KEY_BYTES: RangeInclusive<usize> = 1..=64;
/// Columns that name rows, at most.
const MAX_COLUMNS: usize = 3;
/// Shares of the budget, in hundredths: for all names, and for the values of categories among them.
const SHARE: u64 = 60;
const CATEGORIES_SHARE: u64 = 10;
/// Names are shown only if a row costs at least so many times what its name costs.
const LEAST_ROW: u64 = 3;
/// Names with many digits are many and alike. If most names of a column are at least one third digits, the
/// column counts as so many times more expensive.
const NUMBERED_FACTOR: u64 = 4;
/// Tokens of a label beside its text.
const LABEL_TOKENS: u64 = 3;

/// A name from a row that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowName {
    /// The place of its label in `RowNames::labels`.
    label: usize,
    node: u32,
    cost: u64,
}

/// Names in the order in which they were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowNames {
    /// The columns that they come from, as they are printed.
    labels: Vec<String>,
    chosen: Vec<RowName>,
}

impl RowNames {
    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Drops the names chosen last, until they free so many tokens.
    pub fn give_back(&mut self, tokens: u64) {
        let mut freed = 0;
        while freed < tokens
            && let Some(name) = self.chosen.pop()
        {
            freed += name.cost;
        }
    }

    /// Prints the names on a line behind the rows: by column, and for each column in the order of the rows.
    pub fn write(&self, doc: &Doc<'_>, out: &mut Vec<u8>) {
        if !self.chosen.is_empty() {
            out.push(b'\n');
        }
        let mut joint = NAMES;
        for (place, label) in self.labels.iter().enumerate() {
            let names = self.chosen.iter().filter(|name| name.label == place);
            let mut nodes: Vec<u32> = names.map(|name| name.node).collect();
            if nodes.is_empty() {
                continue;
            }
            nodes.sort_unstable();
            out.extend_from_slice(joint);
            out.extend_from_slice(label.as_bytes());
            out.push(b':');
            for node in nodes {
                out.push(b' ');
                out.extend_from_slice(doc.inner(doc.node(node)));
            }
            joint = b"; ";
        }
    }

    /// Adds the names among the values of a column, as many as the tokens left allow.
    fn add(
        &mut self,
        doc: &Doc<'_>,
        analysis: &Analysis,
        column: u32,
        nodes: impl Iterator<Item = u32>,
        left: &mut u64,
    ) {
        let mut names = nodes
            .filter_map(|node| Some((node, cost(word(doc, node, NAME_BYTES)?))))
            .peekable();
        let Some(label) = names.peek().and_then(|_| label(doc, analysis, column)) else {
            return;
        };
        let mut first = cost(label.as_bytes()) + LABEL_TOKENS;
        self.labels.push(label);
        for (node, cost) in names {
            let cost = cost + std::mem::take(&mut first);
            if cost > *left {
                return;
            }
            *left -= cost;
            self.chosen.push(RowName {
                label: self.labels.len() - 1,
                node,
                cost,
            });
        }
    }
}

/// The columns that names are taken from.
#[derive(Debug)]
pub(crate) struct NameColumns {
    /// Columns that name rows, the cheapest first.
    keys: Vec<u32>,
    /// The mean cost of a name in the first of them.
    cost: u64,
    /// The cost of all values of categories together.
    categories: u64,
}

/// Sums over the cells of a column in the sampled rows.
#[derive(Clone, Copy, Default)]
struct Tally {
    cells: u64,
    names: u64,
    numbered: u64,
    cost: u64,
}

impl NameColumns {
    /// Finds the columns that name rows.
    pub fn new(doc: &Doc<'_>, analysis: &Analysis) -> Self {
        let columns = || analysis.columns.iter().zip(0_u32..);
        let may_name: Vec<bool> = columns()
            .map(|(column, number)| names_rows(column, analysis) && label(doc, analysis, number).is_some())
            .collect();
        let mut tallies = vec![Tally::default(); analysis.columns.len()];
        let sample = scattered(analysis.len() as u32).take(SAMPLED_ROWS);
        for cell in sample.flat_map(|row| analysis.row(row)) {
            let column = cell.column as usize;
            let Some(tally) = tallies
                .get_mut(column)
                .filter(|_| may_name.get(column) == Some(&true))
            else {
                continue;
            };
            tally.cells += 1;
            if let Some(name) = word(doc, cell.node, NAME_BYTES) {
                let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
                tally.names += 1;
                tally.numbered += u64::from(digits * 3 >= name.len());
                tally.cost += cost(name);
            }
        }
        let names = tallies
            .iter()
            .zip(0_u32..)
            .filter(|(tally, _)| tally.names > 0 && tally.names * 4 >= tally.cells * 3);
        let mut keys: Vec<(u64, u64, u32)> = names
            .map(|(tally, column)| {
                let cost = tally.cost.div_ceil(tally.names);
                let is_numbered = tally.numbered * 2 > tally.names;
                (cost * if is_numbered { NUMBERED_FACTOR } else { 1 }, cost, column)
            })
            .collect();
        keys.sort_unstable();
        keys.truncate(MAX_COLUMNS);
        let is_key = |number| keys.iter().any(|(_, _, key)| *key == number);
        let categories = columns().filter(|(column, number)| has_few_texts(column) && !is_key(*number));
        let values = categories.flat_map(|(column, _)| &column.values);
        Self {
            cost: keys.first().map_or(0, |(_, cost, _)| *cost),
            keys: keys.iter().map(|(_, _, column)| *column).collect(),
            categories: values
                .filter_map(|value| word(doc, value.node, NAME_BYTES))
                .map(cost)
                .sum(),
        }
    }

    /// Returns the part of a budget to reserve for names, given the number of rows and their total cost.
    pub fn share(&self, budget: u64, rows: u64, cost: u64) -> u64 {
        let categories = self.categories.min(budget * CATEGORIES_SHARE / 100);
        if self.keys.is_empty() || cost < LEAST_ROW * self.cost * rows {
            return categories;
        }
        (rows * self.cost + categories).min(budget * SHARE / 100)
    }

    /// Chooses names from the rows that aren't kept, for at most `left` tokens.
    pub fn choose(&self, doc: &Doc<'_>, analysis: &Analysis, kept: &[u32], mut left: u64) -> RowNames {
        let mut names = RowNames::default();
        let distinct = |column: &ColumnStatistics| {
            if has_few_texts(column) {
                column.values.len()
            } else {
                0
            }
        };
        let mut shown: Vec<Vec<bool>> = analysis
            .columns
            .iter()
            .map(|column| vec![false; distinct(column)])
            .collect();
        for cell in kept.iter().flat_map(|row| analysis.row(*row)) {
            let values = shown
                .get_mut(cell.column as usize)
                .filter(|_| cell.class.is_scalar());
            if let Some(shown) = values.and_then(|values| values.get_mut(usize::from(cell.value))) {
                *shown = true;
            }
        }
        let categories = (0..analysis.columns.len() as u32).filter(|number| !self.keys.contains(number));
        for number in categories.chain(self.keys.iter().copied()) {
            let place = number as usize;
            if let (Some(column), Some(shown)) = (analysis.columns.get(place), shown.get(place)) {
                let values = column.values.iter().zip(shown);
                let hidden = values.filter_map(|(value, shown)| (!shown).then_some(value.node));
                names.add(doc, analysis, number, hidden, &mut left);
            }
        }
        // If a column has too many values to tell apart, each row gives its own.
        let is_many = |key: &&u32| {
            analysis
                .columns
                .get(**key as usize)
                .is_some_and(|column| column.many)
        };
        for key in self.keys.iter().filter(is_many) {
            let rows = scattered(analysis.len() as u32).filter(|row| kept.binary_search(row).is_err());
            let cells = rows.filter_map(|row| analysis.row(row).iter().find(|cell| cell.column == *key));
            names.add(doc, analysis, *key, cells.map(|cell| cell.node), &mut left);
        }
        names
    }
}

/// Returns true if nearly every row has a string of its own in the column.
fn names_rows(column: &ColumnStatistics, analysis: &Analysis) -> bool {
    let strings = column.count(ValueClass::String) as usize;
    !column.repeated && strings * 2 >= analysis.len() && (column.many || column.values.len() * 2 > strings)
}

/// Returns true if the column holds strings, and few enough values to tell them apart.
fn has_few_texts(column: &ColumnStatistics) -> bool {
    !column.many && column.count(ValueClass::String) > 0
}

fn cost(name: &[u8]) -> u64 {
    tokens::estimate(name) as u64 + 1
}

/// Returns the content of a string that is one word of so many bytes, and is clear in a list without quotes.
fn word<'d>(doc: &Doc<'d>, node: u32, bytes: RangeInclusive<usize>) -> Option<&'d [u8]> {
    let node = doc.node(node);
    let text = doc.inner(node);
    let is_short =
        bytes.contains(&text.len()) && node.flags & ESCAPED == 0 && doc.raw(node).starts_with(b"\"");
    let parts = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b';' | b'<' | 0x7f);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    (is_short && !text.iter().any(parts) && text.iter().any(is_letter)).then_some(text)
}

/// Returns the keys that lead to a column, joined by dots. Returns none for the column of the rows
/// themselves, and if a key isn't one word.
fn label(doc: &Doc<'_>, analysis: &Analysis, column: u32) -> Option<String> {
    let mut keys = Vec::new();
    let mut at = column;
    while at != ROOT {
        let column = analysis.columns.get(at as usize)?;
        if column.key != NONE {
            keys.push(std::str::from_utf8(word(doc, column.key, KEY_BYTES)?).ok()?);
        }
        at = column.parent;
    }
    keys.reverse();
    (!keys.is_empty()).then(|| keys.join("."))
}
