//! The names in rows that are left out: what a reader asks for next is mostly a row by its name.
//!
//! First come the values of categories that no kept row shows, since each tells of several rows; then, for
//! each row that is left out, its value in the column that names rows at the least cost; then in the next
//! such column. A few rows, spread over the array, tell which columns these are.

use std::ops::RangeInclusive;

use crate::json::tape::{Doc, ESCAPED};
use crate::notation::grammar::NAMES;
use crate::select::analysis::{Analysis, ROOT};
use crate::select::column_statistics::{ColumnStatistics, NONE, ValueClass};
use crate::select::coverage::scattered;
use crate::tokens;

/// Rows that are looked at to find the columns of names.
const SAMPLED_ROWS: usize = 64;
/// Bytes of a name: shorter ones say nothing by themselves, longer ones are texts.
const NAME_BYTES: RangeInclusive<usize> = 3..=64;
/// And of a key, which stands before its names.
const KEY_BYTES: RangeInclusive<usize> = 1..=64;
/// Columns that name rows, at most.
const MAX_COLUMNS: usize = 3;
/// Shares of the budget, in hundredths: for all names, and for the values of categories among them.
const SHARE: u64 = 60;
const CATEGORIES_SHARE: u64 = 10;
/// A row costs at least so many times what its name does, or names aren't worth a row less.
const LEAST_ROW: u64 = 3;
/// Digits make names many and alike: one that is made of them by a third counts as so many times longer.
const NUMBERED_FACTOR: u64 = 4;
/// What a label costs beside its letters.
const LABEL_TOKENS: u64 = 3;

/// A name that stands in a row which is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowName {
    /// The place of its label.
    label: usize,
    node: u32,
    cost: u64,
}

/// Names in the order of their choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowNames {
    /// The columns that they stand in.
    labels: Vec<String>,
    chosen: Vec<RowName>,
}

impl RowNames {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Drops those chosen last, until they free so many tokens.
    pub fn give_back(&mut self, tokens: u64) {
        let mut freed = 0;
        while freed < tokens
            && let Some(name) = self.chosen.pop()
        {
            freed += name.cost;
        }
    }

    /// Prints them on a line behind the rows: by column, and there in the order of the rows.
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

    /// Adds the names among the values of a column, as many as there is room for.
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
    /// What a name in the first of them costs.
    cost: u64,
    /// What all values of categories cost together.
    categories: u64,
}

/// What the sampled rows tell of a column.
#[derive(Clone, Copy, Default)]
struct Tally {
    cells: u64,
    names: u64,
    numbered: u64,
    cost: u64,
}

impl NameColumns {
    /// Looks for columns that name rows.
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
        let categories = columns().filter(|(column, number)| is_category(column) && !is_key(*number));
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

    /// The part of a budget that is kept for names, given how many rows there are and what they cost
    /// together.
    pub fn share(&self, budget: u64, rows: u64, cost: u64) -> u64 {
        let categories = self.categories.min(budget * CATEGORIES_SHARE / 100);
        if self.keys.is_empty() || cost < LEAST_ROW * self.cost * rows {
            return categories;
        }
        (rows * self.cost + categories).min(budget * SHARE / 100)
    }

    /// Chooses names in the rows that aren't kept, for so many tokens.
    pub fn choose(&self, doc: &Doc<'_>, analysis: &Analysis, kept: &[u32], mut left: u64) -> RowNames {
        let mut names = RowNames::default();
        let distinct = |column: &ColumnStatistics| {
            if is_category(column) {
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
        // Where there are too many texts to tell apart, each row gives its own.
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

/// Nearly every row has a text of its own there.
fn names_rows(column: &ColumnStatistics, analysis: &Analysis) -> bool {
    let strings = column.count(ValueClass::String) as usize;
    !column.repeated && strings * 2 >= analysis.len() && (column.many || column.values.len() * 2 > strings)
}

fn is_category(column: &ColumnStatistics) -> bool {
    !column.many && column.count(ValueClass::String) > 0
}

fn cost(name: &[u8]) -> u64 {
    tokens::estimate(name) as u64 + 1
}

/// The text of a string that is one word of so many bytes, and can stand among others.
fn word<'d>(doc: &Doc<'d>, node: u32, bytes: RangeInclusive<usize>) -> Option<&'d [u8]> {
    let node = doc.node(node);
    let text = doc.inner(node);
    let is_short =
        bytes.contains(&text.len()) && node.flags & ESCAPED == 0 && doc.raw(node).starts_with(b"\"");
    let parts = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b';' | b'<' | 0x7f);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    (is_short && !text.iter().any(parts) && text.iter().any(is_letter)).then_some(text)
}

/// The keys that lead to a column, joined by dots; none for the rows themselves, and where a key is no word.
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
