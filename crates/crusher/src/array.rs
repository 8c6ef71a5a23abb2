//! What an array of rows, or a map, becomes: a table that keeps every row, or fewer rows and a marker.

use crate::document::{Context, Strategy, literals, quoted};
use crate::edits::Edits;
use crate::layout::Layout;
use crate::marker::{self, Frame, SENTINEL_KEY};
use crate::select::{self, Budget, Selection};
use crate::spelling;
use crate::table::{Cells, Table};
use crate::tape::{Doc, Kind};
use crate::{text, tokens};

/// Bytes of a string that stay in a row of an array whose whole text is in the store.
const SHORTENED_BYTES: usize = 240;

/// Rows that are printed to learn what the rows of a long array cost.
const PROBED_ROWS: u32 = 64;

/// What an array became.
pub(crate) struct Rendered {
    /// A table, or JSON rows that end with a sentinel.
    pub text: Vec<u8>,
    /// It is a table, which stands in a string.
    pub table: bool,
}

impl Context<'_> {
    /// Renders an array or map, if that pays. `compact`: the text around will be printed without whitespace;
    /// `minify`: without a table this one would be, too.
    pub fn array(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        frame: Frame,
        compact: bool,
        minify: bool,
    ) -> Option<Rendered> {
        let node = doc.node(index);
        if node.count < 2 || !(has_rows(doc, index) || node.kind == Kind::Array) {
            return None;
        }
        let droppable = self.lossy
            && node.kind == Kind::Array
            && node.count as usize >= self.options.min_items_to_analyze;
        if !self.options.with_compaction {
            let rows = scaled(self.options.max_items_after_crush, self.bias);
            return (droppable && node.count as usize > rows)
                .then(|| self.sample(doc, index, Budget::Rows(rows)))?;
        }
        let raw = doc.raw(node);
        let budget = scaled(self.options.max_tokens, self.bias);
        let found = has_rows(doc, index)
            .then(|| Table::find(doc, index, self.options.max_columns))
            .flatten();
        // Cells that are mostly other containers gain little here and are looked at by themselves; going on with them
        // would read a deep text once for each of its levels.
        let table = found.filter(|table| table.opaque_bytes(doc) * 4 <= raw.len() * 3);
        if table.is_none() && !(droppable && raw.len() > budget) {
            return None;
        }
        let may_drop = droppable && raw.len() > budget && self.tokens_of(doc, index) > budget;
        let Some(mut table) = table else {
            return may_drop.then(|| self.sample(doc, index, Budget::Tokens(budget)))?;
        };
        table.head.frame = frame;
        if may_drop
            && let Some(costs) = self.hopeless(doc, index, &table, budget)
            && let Some(selection) = self.select(doc, index, &costs, Budget::Tokens(budget))
        {
            return self.print_kept(doc, index, &table, &selection);
        }
        let layout = if compact {
            Some(Layout::Compact)
        } else {
            Layout::proved(doc, index)
        };
        table.head.layout = layout.unwrap_or_default();
        let mark = self.mark();
        let (mut written, mut row_ends) = (Vec::with_capacity(raw.len() / 2), Vec::new());
        table.write(
            doc,
            None,
            &mut CellWriter {
                context: self,
                shorten: false,
            },
            &mut written,
            &mut row_ends,
        );
        let fits = !may_drop || tokens::estimate(&written) <= budget;
        let minify = minify && layout != Some(Layout::Compact);
        let json_fits = !fits && minify && compact_tokens(doc, index) <= budget;
        if !(fits || json_fits) {
            let costs: Vec<u32> = row_costs(&written, &row_ends).collect();
            // Rows go; unless all of them must stay, whatever the budget.
            if let Some(selection) = self.select(doc, index, &costs, Budget::Tokens(budget)) {
                self.undo(mark);
                return self.print_kept(doc, index, &table, &selection);
            }
        }
        if layout.is_some() && self.pays(doc, index, &written, minify) {
            self.decide(Strategy::Table);
            self.decisions.rows_total += u64::from(node.count);
            self.decisions.rows_kept += u64::from(node.count);
            return Some(Rendered {
                text: written,
                table: true,
            });
        }
        self.undo(mark);
        None
    }

    /// True where a table is worth more than the JSON that would stand there without it.
    fn pays(&self, doc: &Doc<'_>, index: u32, written: &[u8], minify: bool) -> bool {
        let (before, after) = (doc.raw(doc.node(index)).len(), written.len());
        if !saves(before, after, self.options.lossless_min_savings_ratio) {
            return false;
        }
        // Where far fewer bytes are left, so are tokens; counting them would cost more than all else here.
        let clearly = if minify {
            after * 3 <= before * 2
        } else {
            after * 4 <= before * 3
        };
        let json = || {
            if minify {
                compact_tokens(doc, index)
            } else {
                self.tokens_of(doc, index)
            }
        };
        clearly || tokens::estimate(written) < json()
    }

    /// The cost of each row of a long array, by its bytes, if rows spread over it show that no table of all would come
    /// near the budget; printing that table would be for nothing.
    fn hopeless(&mut self, doc: &Doc<'_>, index: u32, table: &Table<'_>, budget: usize) -> Option<Vec<u32>> {
        let count = doc.node(index).count;
        if count < 4 * PROBED_ROWS {
            return None;
        }
        let probe: Vec<u32> = (0..PROBED_ROWS)
            .map(|at| (u64::from(at) * u64::from(count) / u64::from(PROBED_ROWS)) as u32)
            .collect();
        let (mut written, mut row_ends) = (Vec::new(), Vec::new());
        table.write(
            doc,
            Some(&probe),
            &mut CellWriter {
                context: self,
                shorten: true,
            },
            &mut written,
            &mut row_ends,
        );
        let rows: Vec<u64> = doc
            .elements(index)
            .map(|row| u64::from(doc.node(row).end - doc.node(row).start))
            .collect();
        let probed_bytes: u64 = probe.iter().filter_map(|row| rows.get(*row as usize)).sum();
        let tokens: u64 = row_costs(&written, &row_ends).map(u64::from).sum();
        let all = rows.iter().sum::<u64>() * tokens / probed_bytes.max(1);
        let cost = |bytes: &u64| (bytes * tokens / probed_bytes.max(1) + 1) as u32;
        (all > 2 * budget as u64).then(|| rows.iter().map(cost).collect())
    }

    /// Puts the whole array into the store and prints the rows that matter as a table.
    fn print_kept(
        &mut self,
        doc: &Doc<'_>,
        index: u32,
        table: &Table<'_>,
        selection: &Selection,
    ) -> Option<Rendered> {
        if selection.keep.is_empty() {
            return self.print_sample(doc, index, selection);
        }
        let marker = self.store_rows(doc, index, selection)?;
        let mut text = Vec::new();
        let cells = &mut CellWriter {
            context: self,
            shorten: true,
        };
        table.write(doc, Some(&selection.keep), cells, &mut text, &mut Vec::new());
        text.push(b'\n');
        text.extend_from_slice(&marker);
        Some(Rendered { text, table: true })
    }

    /// Puts the whole array into the store and prints the rows that matter as JSON with a sentinel behind them.
    fn print_sample(&mut self, doc: &Doc<'_>, index: u32, selection: &Selection) -> Option<Rendered> {
        let marker = self.store_rows(doc, index, selection)?;
        let mut text = kept_rows(doc, index, &selection.keep, true);
        text.pop();
        if !selection.keep.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(b"{\"");
        text.extend_from_slice(SENTINEL_KEY);
        text.extend_from_slice(b"\":\"");
        text.extend_from_slice(&marker);
        text.extend_from_slice(b"\"}]");
        Some(Rendered { text, table: false })
    }

    /// As `print_sample`, for rows that are yet to be selected.
    fn sample(&mut self, doc: &Doc<'_>, index: u32, budget: Budget) -> Option<Rendered> {
        let cost = |row| tokens::estimate(doc.raw(doc.node(row))) as u32 + 1;
        let costs: Vec<u32> = doc.elements(index).map(cost).collect();
        let selection = self.select(doc, index, &costs, budget)?;
        self.print_sample(doc, index, &selection)
    }

    /// Which rows stay; none if all of them do.
    fn select(&mut self, doc: &Doc<'_>, index: u32, costs: &[u32], budget: Budget) -> Option<Selection> {
        let selection = select::select(doc, index, costs, budget, self.query.get(), self.options);
        (selection.keep.len() < doc.node(index).count as usize).then_some(selection)
    }

    /// Stores an array, notes which of its rows stay and why, and gives its rows marker.
    fn store_rows(&mut self, doc: &Doc<'_>, index: u32, selection: &Selection) -> Option<Vec<u8>> {
        let node = doc.node(index);
        let (total, kept) = (u64::from(node.count), selection.keep.len() as u64);
        let hash = self.offload(doc.raw(node), "rows", total)?;
        self.decide(Strategy::Rows);
        self.decisions.rows_total += total;
        self.decisions.rows_kept += kept;
        self.decisions.over_budget += selection.excess;
        for (rule, count) in selection.counts() {
            self.decisions.note(rule.name(), count as u64);
        }
        self.decisions.note("duplicate", u64::from(selection.duplicates));
        if index == 0 && self.strings == 0 {
            self.decisions.keep = Some(selection.keep.clone());
        }
        let mut marker = Vec::new();
        marker::write_rows(&hash, total - kept, Frame::Value, &mut marker);
        Some(marker)
    }
}

/// The rows at some positions as a compact JSON array; `escaped` for text that will be restored.
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

/// True where the first element, or the first member's value, is an object with members, and so may be a row.
fn has_rows(doc: &Doc<'_>, index: u32) -> bool {
    let is_row = |at: u32| doc.node(at).kind == Kind::Object && doc.node(at).count > 0;
    match doc.node(index).kind {
        Kind::Array => doc.elements(index).take(8).any(is_row),
        Kind::Object => doc.members(index).take(4).all(|(_, value)| is_row(value)),
        _ => false,
    }
}

fn compact_tokens(doc: &Doc<'_>, index: u32) -> usize {
    let mut compact = Vec::with_capacity(doc.raw(doc.node(index)).len());
    Layout::Compact.print(doc, index, &Edits::default(), &mut compact);
    tokens::estimate(&compact)
}

fn row_costs(written: &[u8], row_ends: &[usize]) -> impl Iterator<Item = u32> {
    let starts = std::iter::once(row_ends.first().copied().unwrap_or(0)).chain(row_ends.iter().copied());
    row_ends.iter().zip(starts).enumerate().map(|(at, (end, start))| {
        // The first row begins behind the head, at the first line break.
        let start = if at == 0 {
            memchr::memchr(b'\n', written).unwrap_or(0)
        } else {
            start
        };
        tokens::estimate(written.get(start..*end).unwrap_or_default()) as u32
    })
}

#[allow(clippy::cast_precision_loss, reason = "texts are far below 2^52 bytes")]
fn saves(before: usize, after: usize, ratio: f64) -> bool {
    before as f64 - after as f64 >= ratio * before as f64
}

/// A budget scaled by the caller's bias, which is above 0 and at most 1000.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "budgets are far below 2^52"
)]
pub(crate) fn scaled(budget: usize, bias: f64) -> usize {
    ((budget as f64 * bias) as usize).max(1)
}

/// Writes containers and long strings of a table's cells.
struct CellWriter<'c, 'o> {
    context: &'c mut Context<'o>,
    /// The whole array is in the store: strings are shortened, and nothing in them is offloaded again.
    shorten: bool,
}

impl Cells for CellWriter<'_, '_> {
    fn long_bytes(&self) -> usize {
        if self.shorten {
            SHORTENED_BYTES
        } else if self.context.lossy {
            self.context.options.blob_min_bytes
        } else {
            usize::MAX
        }
    }

    fn json(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) {
        let mut edits = Edits::default();
        for at in index..doc.node(index).next {
            let node = doc.node(at);
            if let Some(token) = self
                .string(doc, at)
                .or_else(|| crate::document::literal(doc, node))
            {
                edits.push(at, &token);
            }
        }
        Layout::Compact.print(doc, index, &edits, out);
    }
}

impl CellWriter<'_, '_> {
    fn string(&mut self, doc: &Doc<'_>, index: u32) -> Option<Vec<u8>> {
        let node = doc.node(index);
        let long = (node.end - node.start) as usize >= self.long_bytes();
        if node.kind != Kind::String || node.flags & crate::tape::KEY != 0 || !long {
            return None;
        }
        if !self.shorten {
            return self.context.string(doc, index);
        }
        let mut decoded = Vec::new();
        if !spelling::decode(doc.inner(node), &mut decoded) {
            return None;
        }
        let short = text::shorten(std::str::from_utf8(&decoded).ok()?, SHORTENED_BYTES);
        let mut defused = Vec::new();
        if marker::is_reserved(short.as_bytes()) {
            defused.extend_from_slice(marker::LITERAL);
        }
        defused.extend_from_slice(text::defused(short).as_bytes());
        defused.extend_from_slice("…".as_bytes());
        Some(quoted(&defused))
    }
}
