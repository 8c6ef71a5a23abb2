//! Crushes an array or a map: to a table of all rows, or to fewer rows and a marker.

use crate::crush::budget::scaled;
use crate::crush::context::Context;
use crate::crush::kept_rows::Dropped;
use crate::crush::replacers::CellReplacer;
use crate::crush::surroundings::{RenderedArray, Surroundings};
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::json::tape::{Doc, Kind};
use crate::notation::header::Header;
use crate::notation::write::table::Table;
use crate::notation::write::table_options::TableOptions;
use crate::notation::write::value::spelling_of;
use crate::select::choose::Budget;
use crate::tokens;

/// Tokens of a rows marker.
const MARKER_TOKENS: usize = 26;

/// If rows take more bytes than this on average, their costs are those of rows with shortened cells.
const LONG_ROW_BYTES: usize = 400;

/// So many rows of a long array are printed to estimate the cost of all.
const PROBED_ROWS: u32 = 32;

impl Context<'_> {
    /// Returns the text that replaces an array or map, or none if it stays as it is.
    pub fn array(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        surroundings: Surroundings<'_>,
    ) -> Option<RenderedArray> {
        let node = doc.node(index);
        if node.count < 2 || !(has_rows(doc, index) || node.kind == Kind::Array) {
            return None;
        }
        let droppable = self.lossy
            && node.kind == Kind::Array
            && node.count as usize >= self.options.min_items_to_analyze;
        self.cuttable |= droppable;
        if !self.options.with_compaction {
            let rows = scaled(self.options.max_items_after_crush, self.bias);
            return (droppable && node.count as usize > rows)
                .then(|| self.sample(doc, index, Budget::Rows(rows)))?;
        }
        let raw = doc.raw(node);
        let budget = self.budget();
        let may_drop = droppable && raw.len() > budget;
        let spelling = match surroundings {
            Surroundings::Alone { .. } | Surroundings::Printed { .. } => spelling_of(doc, index),
            Surroundings::Inside(spelling) => spelling,
        };
        let dropped = Dropped {
            surroundings,
            spelling,
            budget,
        };
        if may_drop
            && let Some((costs, around)) = self.costs_if_hopeless(doc, index, spelling, budget)
            && let Some(selection) =
                self.select(doc, index, &costs, Budget::Tokens(budget.saturating_sub(around)))
        {
            return self.print_kept(doc, index, &costs, dropped, selection);
        }
        let found = self.find_table(doc, index, None, spelling);
        let table = found.filter(|table| takes_apart(table, doc, raw.len()));
        let Some(table) = table else {
            let is_printed = matches!(surroundings, Surroundings::Printed { .. });
            let must_drop = may_drop && !is_printed && self.excess(raw, budget) > 0;
            return must_drop.then(|| self.sample(doc, index, Budget::Tokens(budget)))?;
        };
        let (header, layout, _) = surroundings.header(doc, index, spelling);
        let whole_header = Header {
            layout: layout.unwrap_or_default(),
            ..header
        };
        let mark = self.mark();
        let (mut written, mut row_ends) = (Vec::with_capacity(raw.len() / 2), Vec::new());
        let cells = &mut CellReplacer {
            context: self,
            shorten: false,
        };
        table.write(doc, whole_header, None, cells, &mut written, &mut row_ends);
        let fits = !may_drop || self.excess(&written, budget) == 0;
        let minify = matches!(surroundings, Surroundings::Alone { minify: true, .. })
            && layout != Some(Layout::Compact);
        let json_fits = !(fits || clearly_saves(raw.len(), written.len(), minify))
            && if minify {
                self.excess(&printed_compact(doc, index), budget) == 0
            } else {
                self.excess(raw, budget) == 0
            };
        if !(fits || json_fits) {
            let (costs, around) = if written.len() > LONG_ROW_BYTES * node.count as usize {
                self.costs_over_budget(doc, &table, budget)
            } else {
                row_costs(&written, &row_ends)
            };
            let rows = Budget::Tokens(budget.saturating_sub(around));
            // Rows are dropped here, unless all of them must stay.
            if let Some(selection) = self.select(doc, index, &costs, rows) {
                self.undo(mark);
                return self.print_kept(doc, index, &costs, dropped, selection);
            }
        }
        // A table inside a document always pays, since it saves keys. By itself it must also pay for its
        // string.
        if layout.is_some()
            && (matches!(surroundings, Surroundings::Inside(_)) || self.pays(doc, index, &written, minify))
        {
            self.decide(Strategy::Table);
            self.decisions.rows_total += u64::from(node.count);
            self.decisions.rows_kept += u64::from(node.count);
            return Some(RenderedArray {
                text: written,
                table: true,
            });
        }
        self.undo(mark);
        None
    }

    /// Finds the table of an array or map, or of its rows at the positions in `keep`. Returns none if they
    /// make no table.
    pub fn find_table<'d>(
        &self,
        doc: &Doc<'d>,
        index: u32,
        keep: Option<&[u32]>,
        spelling: Spelling,
    ) -> Option<Table<'d>> {
        if !has_rows(doc, index) {
            return None;
        }
        let options = TableOptions {
            max_columns: self.options.max_columns,
            spelling,
            long_bytes: self.long_bytes(),
            // A model may ask for what it reads by name, so names must stay in one piece.
            splits: self.options.lossless_only,
        };
        Table::find(doc, index, keep, options)
    }

    /// Returns true if the table saves enough over the JSON that would stand in its place.
    fn pays(&self, doc: &Doc<'_>, index: u32, written: &[u8], minify: bool) -> bool {
        let (before, after) = (doc.raw(doc.node(index)).len(), written.len());
        if !saves(before, after, self.options.lossless_min_savings_ratio) {
            return false;
        }
        let json = || {
            if minify {
                tokens::estimate(&printed_compact(doc, index))
            } else {
                self.tokens_of(doc, index)
            }
        };
        clearly_saves(before, after, minify) || tokens::estimate(written) < json()
    }

    /// Estimates from a few rows, spread over a long array, whether its table could come near the budget. If
    /// it can't, that table need not be found and printed. Then this returns the cost of each row, in
    /// proportion to its bytes, and the cost of the text around the rows.
    fn costs_if_hopeless(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        spelling: Spelling,
        budget: usize,
    ) -> Option<(Vec<u32>, usize)> {
        let count = doc.node(index).count;
        if count < 2 * PROBED_ROWS {
            return None;
        }
        let probe: Vec<u32> = (0..PROBED_ROWS)
            .map(|at| (u64::from(at) * u64::from(count) / u64::from(PROBED_ROWS)) as u32)
            .collect();
        let table = self.find_table(doc, index, Some(&probe), spelling)?;
        let rows: Vec<usize> = doc
            .elements(index)
            .map(|row| doc.raw(doc.node(row)).len())
            .collect();
        let probed: usize = probe.iter().filter_map(|row| rows.get(*row as usize)).sum();
        if !takes_apart(&table, doc, probed) {
            return None;
        }
        let (costs, around) = self.shortened_costs(doc, &table);
        let tokens: u64 = costs.into_iter().map(u64::from).sum();
        let cost = |bytes: usize| bytes as u64 * tokens / (probed as u64).max(1);
        let all = cost(rows.iter().sum());
        let costs = || rows.iter().map(|bytes| cost(*bytes) as u32 + 1).collect();
        (all > 2 * budget as u64).then(|| (costs(), around))
    }

    /// Returns the cost of each row as it is printed when others are dropped, and the cost of the text around
    /// the rows.
    fn shortened_costs(&mut self, doc: &Doc<'_>, table: &Table<'_>) -> (Vec<u32>, usize) {
        let (mut written, mut row_ends) = (Vec::new(), Vec::new());
        let cells = &mut CellReplacer {
            context: self,
            shorten: true,
        };
        table.write(doc, Header::default(), None, cells, &mut written, &mut row_ends);
        row_costs(&written, &row_ends)
    }

    /// Like `shortened_costs`, but raised so far that not all rows fit. In full they don't fit, and shortened
    /// rows need the marker that only dropped rows bring.
    fn costs_over_budget(&mut self, doc: &Doc<'_>, table: &Table<'_>, budget: usize) -> (Vec<u32>, usize) {
        let (mut costs, around) = self.shortened_costs(doc, table);
        let (all, least) = (
            costs.iter().map(|cost| u64::from(*cost)).sum::<u64>(),
            budget as u64 + budget as u64 / 8,
        );
        if all < least {
            for cost in &mut costs {
                *cost = (u64::from(*cost) * least).div_ceil(all.max(1)) as u32;
            }
        }
        (costs, around)
    }
}

/// Returns true if the first elements of an array, or members of an object, may be rows. One of eight
/// elements must be an object with members, or an array that begins with one. Each of four members must be an
/// object with members.
fn has_rows(doc: &Doc<'_>, index: u32) -> bool {
    let is_row = |at: u32| doc.node(at).kind == Kind::Object && doc.node(at).count > 0;
    match doc.node(index).kind {
        Kind::Array => doc
            .elements(index)
            .take(8)
            .any(|at| is_row(at) || doc.node(at).kind == Kind::Array && is_row(at + 1)),
        Kind::Object => doc.members(index).take(4).all(|(_, value)| is_row(value)),
        _ => false,
    }
}

/// Returns false if the cells of a table of so many bytes are mostly other arrays and objects. Such a table
/// gains little, and its cells are crushed by themselves. To print it would also read a deep text once for
/// each of its levels.
fn takes_apart(table: &Table<'_>, doc: &Doc<'_>, bytes: usize) -> bool {
    table.opaque_bytes(doc) * 4 <= bytes * 3
}

fn printed_compact(doc: &Doc<'_>, index: u32) -> Vec<u8> {
    let mut compact = Vec::with_capacity(doc.raw(doc.node(index)).len());
    Layout::Compact.print(doc, index, &Edits::default(), &mut compact);
    compact
}

/// Returns the cost of each row of a table, and the cost of its header and a marker together.
fn row_costs(written: &[u8], row_ends: &[usize]) -> (Vec<u32>, usize) {
    // The first row begins behind the header, at the first line break.
    let mut start = memchr::memchr(b'\n', written).unwrap_or(0);
    let header = tokens::estimate(written.get(..start).unwrap_or_default());
    let cost = |end: &usize| {
        let row = written.get(start..*end).unwrap_or_default();
        start = *end;
        tokens::estimate(row) as u32
    };
    (row_ends.iter().map(cost).collect(), header + MARKER_TOKENS)
}

#[allow(clippy::cast_precision_loss, reason = "texts are far below 2^52 bytes")]
fn saves(before: usize, after: usize, ratio: f64) -> bool {
    before as f64 - after as f64 >= ratio * before as f64
}

/// Returns true if so many bytes are saved that tokens must be saved, too. To estimate those would take
/// longer than everything else.
fn clearly_saves(before: usize, after: usize, minify: bool) -> bool {
    if minify {
        after * 3 <= before * 2
    } else {
        after * 4 <= before * 3
    }
}
