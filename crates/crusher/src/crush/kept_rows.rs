//! Crushes an array to some of its rows: they are chosen, printed, counted, and given back until they fit.

use crate::crush::context::Context;
use crate::crush::escape::literals;
use crate::crush::replacers::CellReplacer;
use crate::crush::surroundings::{RenderedArray, Surroundings};
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::json::tape::Doc;
use crate::notation::frame::Frame;
use crate::notation::header::Header;
use crate::notation::marker::{self, SENTINEL_KEY};
use crate::select::choose::{self, Budget, Selection};
use crate::select::row_names::RowNames;
use crate::tokens;

/// A text with names is counted only if its estimate is below the budget by one part in so many.
const ESTIMATE_MARGIN: usize = 64;

/// The place of an array that loses rows, and the budget for the rows that stay.
#[derive(Clone, Copy)]
pub(crate) struct Dropped<'t> {
    pub surroundings: Surroundings<'t>,
    /// The spelling of strings without quotes.
    pub spelling: Spelling,
    /// The most tokens that the remaining text may take.
    pub budget: usize,
}

impl Context<'_> {
    /// Puts the whole array into the store, and prints the selected rows as a table, as many as fit.
    pub fn print_kept(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        costs: &[u32],
        dropped: Dropped<'_>,
        mut selection: Selection,
    ) -> Option<RenderedArray> {
        let Dropped {
            surroundings,
            spelling,
            budget,
        } = dropped;
        let (header, _, original) = surroundings.header(doc, index, spelling);
        let mark = self.mark();
        let hash = self.offload(original, "rows", u64::from(doc.node(index).count))?;
        let mut text = Vec::new();
        let (excess, table) = loop {
            text.clear();
            let table = self.print_table(doc, index, &selection.keep, (header, spelling), &mut text);
            let excess = if table {
                let mut marker = vec![b'\n'];
                write_marker(doc, index, selection.keep.len(), &hash, &mut marker);
                self.append_names(doc, &mut selection.names, &marker, budget, &mut text)
            } else if matches!(surroundings, Surroundings::Printed { .. }) {
                // What isn't a JSON array can't become one.
                self.undo(mark);
                return None;
            } else {
                print_json(doc, index, &selection.keep, &hash, &mut text);
                self.excess(&text, budget)
            };
            if excess == 0 || !selection.give_back(freed(excess, &text, budget), costs) {
                break (excess, table);
            }
        };
        self.decisions.note_kept("name", selection.names.len() as u64);
        self.note_rows(doc, index, &selection, excess as u64);
        Some(RenderedArray { text, table })
    }

    /// Prints the rows at the positions in `keep` as a table. Returns false if they make none.
    fn print_table(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        keep: &[u32],
        (header, spelling): (Header, Spelling),
        out: &mut Vec<u8>,
    ) -> bool {
        if keep.is_empty() {
            return false;
        }
        let of_these = self.find_table(doc, index, Some(keep), spelling);
        // A single row makes no table by itself, but has columns in the table of all rows.
        let some_of_all = of_these.is_none().then_some(keep);
        let Some(table) = of_these.or_else(|| self.find_table(doc, index, None, spelling)) else {
            return false;
        };
        let cells = &mut CellReplacer {
            context: self,
            shorten: true,
        };
        table.write(doc, header, some_of_all, cells, out, &mut Vec::new());
        true
    }

    /// Ends a table of kept rows with names, as many as fit, and the marker. Returns by how many tokens the
    /// table exceeds the budget.
    fn append_names(
        &mut self,
        doc: &Doc<'_>,
        names: &mut RowNames,
        marker: &[u8],
        budget: usize,
        text: &mut Vec<u8>,
    ) -> usize {
        let length = text.len();
        loop {
            names.write(doc, text);
            text.extend_from_slice(marker);
            // Counting takes long, so a text that is surely over the budget is only estimated.
            let estimate = tokens::estimate(text).saturating_sub(budget - budget / ESTIMATE_MARGIN);
            let excess = if estimate > 0 && names.len() > 0 {
                estimate
            } else {
                self.excess(text, budget)
            };
            if excess == 0 || names.len() == 0 {
                return excess;
            }
            text.truncate(length);
            names.give_back(excess as u64);
        }
    }

    /// Puts the whole array into the store, and prints the selected rows as JSON with a sentinel behind them.
    pub fn sample(&mut self, doc: &Doc<'_>, index: u32, budget: Budget) -> Option<RenderedArray> {
        let cost = |row| tokens::estimate(doc.raw(doc.node(row))) as u32 + 1;
        let costs: Vec<u32> = doc.elements(index).map(cost).collect();
        let mut selection = self.select(doc, index, &costs, budget)?;
        let hash = self.offload(doc.raw(doc.node(index)), "rows", u64::from(doc.node(index).count))?;
        let mut text = Vec::new();
        let excess = loop {
            text.clear();
            print_json(doc, index, &selection.keep, &hash, &mut text);
            let Budget::Tokens(budget) = budget else {
                break selection.excess;
            };
            let excess = self.excess(&text, budget);
            if excess == 0 || !selection.give_back(freed(excess, &text, budget), &costs) {
                break excess as u64;
            }
        };
        self.note_rows(doc, index, &selection, excess);
        Some(RenderedArray { text, table: false })
    }

    /// Chooses the rows that stay. Returns none if all of them do.
    pub fn select(&mut self, doc: &Doc<'_>, index: u32, costs: &[u32], budget: Budget) -> Option<Selection> {
        let selection = choose::select(doc, index, costs, budget, self.query.get(), self.options);
        if selection.keep.len() == doc.node(index).count as usize {
            self.decisions.over_budget += selection.excess;
            return None;
        }
        Some(selection)
    }

    /// Notes in the decisions which rows of an array stay and why, and by how much they exceed the budget.
    fn note_rows(&mut self, doc: &Doc<'_>, index: u32, selection: &Selection, excess: u64) {
        self.decide(Strategy::Rows);
        self.decisions.rows_total += u64::from(doc.node(index).count);
        self.decisions.rows_kept += selection.keep.len() as u64;
        self.decisions.over_budget += excess;
        for (rule, count) in selection.counts() {
            self.decisions.note_kept(rule.name(), count as u64);
        }
        self.decisions
            .note_dropped("duplicate", u64::from(selection.duplicates));
        self.decisions
            .note_dropped("budget", u64::from(selection.over_budget));
        if index == 0 && self.strings == 0 {
            self.decisions.keep = Some(selection.keep.clone());
        }
    }
}

/// Prints the rows at the positions in `keep` as JSON with a sentinel behind them.
fn print_json(doc: &Doc<'_>, index: u32, keep: &[u32], hash: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&kept_rows(doc, index, keep, true));
    out.pop();
    if !keep.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(SENTINEL_KEY);
    out.extend_from_slice(b"\":\"");
    write_marker(doc, index, keep.len(), hash, out);
    out.extend_from_slice(b"\"}]");
}

/// Writes the marker of an array of which `kept` rows stay.
fn write_marker(doc: &Doc<'_>, index: u32, kept: usize, hash: &str, out: &mut Vec<u8>) {
    let dropped = u64::from(doc.node(index).count) - kept as u64;
    marker::write_rows(hash, dropped, Frame::VALUE, out);
}

/// Returns the rows at the positions in `keep` as a compact JSON array. With `escaped` reserved strings are
/// escaped, which text that will be restored needs.
pub(crate) fn kept_rows(doc: &Doc<'_>, index: u32, keep: &[u32], escaped: bool) -> Vec<u8> {
    let mut text = vec![b'['];
    let mut keep = keep.iter().copied().peekable();
    for (at, row) in doc.elements(index).enumerate() {
        if keep.next_if_eq(&(at as u32)).is_none() {
            continue;
        }
        if text.len() > 1 {
            text.push(b',');
        }
        let mut edits = Edits::default();
        if escaped {
            literals(doc, row, doc.node(row).next, &mut edits);
        }
        Layout::Compact.print(doc, row, &edits, &mut text);
    }
    text.push(b']');
    text
}

/// Returns the sum of estimated costs of rows that must go so that a text loses its excess of counted tokens.
fn freed(excess: usize, text: &[u8], budget: usize) -> u64 {
    (excess * tokens::estimate(text)).div_ceil(budget + excess) as u64
}
