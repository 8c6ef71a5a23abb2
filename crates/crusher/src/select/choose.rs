//! Chooses the rows of an array that stay when not all can.
//!
//! Rules mark rows in order of precedence: see `Rule`. Rows of some rules always stay, over the budget if
//! need be: see `Rule::always_keeps`. The other rules share what is left of the budget. The result depends on
//! the arguments of `select` only. Apart from sorting, the time is linear in the size of the array.

use std::collections::hash_map::Entry;

use crate::hashing::{Map, hash};
use crate::json::tape::Doc;
use crate::options::Options;
use crate::relevance::patterns::Patterns;
use crate::relevance::query_words::QueryWords;
use crate::select::analysis::Analysis;
use crate::select::coverage::Coverage;
use crate::select::patterned_rows::mark_patterned;
use crate::select::ranking::rank;
use crate::select::row_names::{NameColumns, RowNames};
use crate::select::rule::Rule;
use crate::select::series::series;
use crate::select::signals::mark_signals;

/// The limit on the rows that stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// A number of rows.
    Rows(usize),
    /// A number of tokens, to which the costs of rows add up.
    Tokens(usize),
}

/// The rows that stay, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Positions of the kept rows, ascending.
    pub keep: Vec<u32>,
    /// For each kept row, the rule that it counts for.
    pub rules: Vec<Rule>,
    /// Rows dropped because an equal one stays.
    pub duplicates: u32,
    /// Rows dropped because the budget was spent.
    pub over_budget: u32,
    /// By how much the rows that must stay exceed the budget, in its unit.
    pub excess: u64,
    /// Kept rows that need not stay, in the order in which they were chosen.
    chosen: Vec<u32>,
    /// Names from rows that are left out.
    pub(crate) names: RowNames,
}

impl Selection {
    /// Gives rows back that need not stay, the last chosen first, until they free so many tokens. Returns
    /// false if there are none.
    pub fn give_back(&mut self, tokens: u64, costs: &[u32]) -> bool {
        let (before, mut freed) = (self.chosen.len(), 0);
        let mut given = Vec::new();
        while freed < tokens
            && let Some(row) = self.chosen.pop()
        {
            freed += costs.get(row as usize).copied().map_or(1, u64::from);
            given.push(row);
        }
        given.sort_unstable();
        let mut is_kept = self.keep.iter().map(|row| given.binary_search(row).is_err());
        self.rules.retain(|_| is_kept.next().unwrap_or(true));
        self.keep.retain(|row| given.binary_search(row).is_err());
        self.over_budget += given.len() as u32;
        self.chosen.len() < before
    }

    /// Returns how many rows each rule keeps, in order of precedence, without rules that keep none.
    pub fn counts(&self) -> impl Iterator<Item = (Rule, usize)> {
        let count = |rule| self.rules.iter().filter(|kept| **kept == rule).count();
        Rule::ALL
            .into_iter()
            .map(move |rule| (rule, count(rule)))
            .filter(|(_, count)| *count > 0)
    }
}

/// Rows relevant to the query get this share of what the rows that must stay leave over.
const RELEVANT_SHARE: (u64, u64) = (1, 2);
/// Names are chosen for more tokens than are left, by one part in so many.
const NAMES_MARGIN: u64 = 4;

/// Chooses the rows of an array that stay.
///
/// `costs` holds the cost of each row in tokens; for `Budget::Rows` each row costs one. The budget is for
/// rows alone: the caller has subtracted the costs of the header and the marker. If everything fits, every
/// row stays.
#[must_use]
pub fn select(
    doc: &Doc<'_>,
    array: u32,
    costs: &[u32],
    budget: Budget,
    query: &str,
    options: &Options,
) -> Selection {
    let count = doc.node(array).count as usize;
    let mut chooser = Chooser::new(count, costs, budget);
    if count < options.min_items_to_analyze || chooser.everything_fits() {
        return Selection {
            keep: (0..count as u32).collect(),
            rules: vec![Rule::First; count],
            ..Selection::default()
        };
    }
    let analysis = Analysis::new(doc, array, options.max_columns);
    chooser.mark_duplicates(doc, &analysis, options);
    mark_rows_that_must_stay(doc, &analysis, options, &mut chooser);
    let relevance = QueryWords::new(query)
        .map(|query| rank(&query, doc, &analysis))
        .unwrap_or_default();
    for row in &relevance.named {
        chooser.must_keep(*row, Rule::Named);
    }
    chooser.spend_on_must();
    let naming = (chooser.left() > 0 && !chooser.counts_rows).then(|| NameColumns::new(doc, &analysis));
    if let Some(naming) = &naming {
        chooser.reserve(naming);
    }

    let share = chooser.left() * RELEVANT_SHARE.0 / RELEVANT_SHARE.1;
    chooser.spend(share, Rule::Relevant, relevance.ranked.iter().copied());
    let total = chooser.budget;
    let rows = 0..count as u32;
    chooser.spend(portion(total, options.first_fraction), Rule::First, rows.clone());
    chooser.spend(portion(total, options.last_fraction), Rule::Last, rows.rev());
    chooser.cover(&analysis);
    let left = chooser.left() + chooser.reserved;
    let mut selection = chooser.finish();
    if let Some(naming) = naming {
        // Rows often take less than estimated, so more names may fit. Those that don't fit are given back
        // later.
        selection.names = naming.choose(doc, &analysis, &selection.keep, left + left / NAMES_MARGIN);
    }
    selection
}

/// Returns a share of the budget. Unless the fraction is 0, it is at least one unit, so that it allows one
/// row.
fn portion(total: u64, fraction: f64) -> u64 {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "options keep fractions in 0..=1"
    )]
    let share = (total as f64 * fraction) as u64;
    if fraction > 0.0 { share.max(1) } else { 0 }
}

/// Marks the rows that must stay.
fn mark_rows_that_must_stay(
    doc: &Doc<'_>,
    analysis: &Analysis,
    options: &Options,
    chooser: &mut Chooser<'_>,
) {
    if let Some(patterns) = Patterns::new(&options.keep_patterns) {
        mark_patterned(&patterns, doc, analysis, |row| {
            chooser.must_keep(row, Rule::Pattern);
        });
    }
    mark_signals(doc, analysis, |row, rule| chooser.must_keep(row, rule));
    for series in series(doc, analysis) {
        series.outliers(options.variance_threshold, |row| {
            chooser.must_keep(row, Rule::Outlier);
        });
        if options.preserve_change_points {
            series.change_points(|row| chooser.must_keep(row, Rule::ChangePoint));
        }
    }
}

/// The rows that stay so far, and what is left of the budget.
struct Chooser<'c> {
    costs: &'c [u32],
    counts_rows: bool,
    budget: u64,
    spent: u64,
    excess: u64,
    /// The part of the budget that is reserved for names.
    reserved: u64,
    chosen: Vec<u32>,
    rules: Vec<Option<Rule>>,
    is_duplicate: Vec<bool>,
}

impl<'c> Chooser<'c> {
    fn new(count: usize, costs: &'c [u32], budget: Budget) -> Self {
        let (counts_rows, budget) = match budget {
            Budget::Rows(rows) => (true, rows as u64),
            Budget::Tokens(tokens) => (false, tokens as u64),
        };
        Self {
            costs,
            counts_rows,
            budget,
            spent: 0,
            excess: 0,
            reserved: 0,
            chosen: Vec::new(),
            rules: vec![None; count],
            is_duplicate: vec![false; count],
        }
    }

    fn cost(&self, row: u32) -> u64 {
        if self.counts_rows {
            1
        } else {
            self.costs.get(row as usize).copied().map_or(0, u64::from)
        }
    }

    fn everything_fits(&self) -> bool {
        self.cost_of_all() <= self.budget
    }

    fn cost_of_all(&self) -> u64 {
        (0..self.rules.len() as u32).map(|row| self.cost(row)).sum()
    }

    fn left(&self) -> u64 {
        self.budget.saturating_sub(self.spent)
    }

    /// Marks each row whose bytes equal those of an earlier row.
    fn mark_duplicates(&mut self, doc: &Doc<'_>, analysis: &Analysis, options: &Options) {
        if !options.dedup_identical_items {
            return;
        }
        // Only looked up, never iterated.
        let mut first: Map<u64, &[u8]> = Map::default();
        first.reserve(analysis.len());
        for (at, mark) in analysis.rows.iter().zip(&mut self.is_duplicate) {
            let raw = doc.raw(doc.node(*at));
            match first.entry(hash(raw)) {
                Entry::Occupied(same) => *mark = *same.get() == raw,
                Entry::Vacant(entry) => {
                    entry.insert(raw);
                }
            }
        }
    }

    /// Keeps a row for a rule whose rows must stay, unless a rule of higher precedence keeps it. Only the
    /// caller's patterns keep duplicates.
    fn must_keep(&mut self, row: u32, rule: Rule) {
        debug_assert!(rule.always_keeps(), "{rule:?}");
        let is_duplicate = self.is_duplicate.get(row as usize).copied().unwrap_or(false);
        if let Some(entry) = self.rules.get_mut(row as usize)
            && entry.is_none_or(|other| rule < other)
            && (!is_duplicate || rule == Rule::Pattern)
        {
            *entry = Some(rule);
        }
    }

    /// Pays for the rows that must stay.
    fn spend_on_must(&mut self) {
        let marked = (0..self.rules.len() as u32)
            .filter(|row| self.rules.get(*row as usize).is_some_and(Option::is_some));
        self.spent = marked.map(|row| self.cost(row)).sum();
        self.excess = self.spent.saturating_sub(self.budget);
    }

    /// Reserves for names a part of what the rows that must stay leave over.
    fn reserve(&mut self, naming: &NameColumns) {
        let share = naming.share(self.budget, self.rules.len() as u64, self.cost_of_all());
        self.reserved = share.min(self.left() * 2 / 3);
        self.budget -= self.reserved;
    }

    /// Takes a row if the budget allows it; returns whether it did.
    fn take(&mut self, row: u32, rule: Rule) -> bool {
        let cost = self.cost(row);
        let fits = self.spent + cost <= self.budget;
        if fits && let Some(entry) = self.rules.get_mut(row as usize) {
            *entry = Some(rule);
            self.spent += cost;
            self.chosen.push(row);
        }
        fits
    }

    /// Returns true for a row that isn't kept yet and equals no earlier row.
    fn is_open(&self, row: u32) -> bool {
        self.rules.get(row as usize) == Some(&None) && self.is_duplicate.get(row as usize) == Some(&false)
    }

    /// Takes rows in the order given until `share` is spent. The first row may cost more than the share.
    fn spend(&mut self, share: u64, rule: Rule, rows: impl Iterator<Item = u32>) {
        let mut used = 0;
        for row in rows {
            if used >= share || self.left() == 0 {
                return;
            }
            if self.is_open(row) {
                let cost = self.cost(row);
                if (used > 0 && used + cost > share) || !self.take(row, rule) {
                    return;
                }
                used += cost;
            } else if rule != Rule::Relevant && self.rules.get(row as usize).is_some_and(Option::is_some) {
                // A row at the start or end that stays anyway shows that end, so it uses up the share.
                used += self.cost(row);
            }
        }
    }

    /// Takes rows that show what isn't shown yet, while the budget lasts.
    fn cover(&mut self, analysis: &Analysis) {
        if self.left() == 0 {
            return;
        }
        let shown: Vec<bool> = (0..self.rules.len() as u32)
            .map(|row| !self.is_open(row))
            .collect();
        let mut coverage = Coverage::new(analysis, |row| shown.get(row as usize).copied().unwrap_or(true));
        while self.left() > 0 {
            let Some(row) = coverage.next() else { return };
            if self.take(row, Rule::Coverage) {
                coverage.show(row);
            }
        }
    }

    fn finish(self) -> Selection {
        let mut selection = Selection {
            excess: self.excess,
            chosen: self.chosen,
            ..Selection::default()
        };
        for (row, (rule, is_duplicate)) in self.rules.iter().zip(&self.is_duplicate).enumerate() {
            match rule {
                Some(rule) => {
                    selection.keep.push(row as u32);
                    selection.rules.push(*rule);
                }
                None if *is_duplicate => selection.duplicates += 1,
                None => selection.over_budget += 1,
            }
        }
        selection
    }
}
