//! What was decided for a payload, and why: for reports.

/// What was decided for a payload, for reports.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// The decision that changed most: see `strategy`.
    pub strategy: Strategy,
    /// Hash of every original, in order.
    pub hashes: Vec<String>,
    /// Rows of all arrays that were looked at as rows.
    pub rows_total: u64,
    /// Rows of those that are still there.
    pub rows_kept: u64,
    /// Rows of arrays, or lines of texts, kept by each rule of selection, in the order in which the rules
    /// were first used.
    pub rules: Vec<(&'static str, u64)>,
    /// Rows dropped, by reason: `duplicate` where an equal one stays, `budget` where it was spent.
    pub dropped: Vec<(&'static str, u64)>,
    /// Lines of texts of which excerpts stay.
    pub lines_total: u64,
    /// Lines of those that are still there, in part at least.
    pub lines_kept: u64,
    /// By how many tokens the payload exceeds `max_tokens`, since what must stay of it does; rows instead of
    /// tokens where `max_items_after_crush` is the budget.
    pub over_budget: u64,
    /// Positions of the rows kept of the array that is a text by itself, if rows were dropped.
    pub keep: Option<Vec<u32>>,
}

impl Decisions {
    /// Notes that a rule kept so many rows or lines.
    pub(crate) fn note_kept(&mut self, rule: &'static str, count: u64) {
        note(&mut self.rules, rule, count);
    }

    /// Notes that so many rows were dropped for a reason.
    pub(crate) fn note_dropped(&mut self, reason: &'static str, count: u64) {
        note(&mut self.dropped, reason, count);
    }

    /// What was decided, in words: the strategy; of rows and lines how many stay, by which rules, and why the
    /// others went; and by how much what must stay exceeds the budget.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, TextKind};
    /// let row = |at: u32| format!("{{\"at\":{at},\"load\":\"{}\"}}", at * 7919 % 1000);
    /// let rows: Vec<String> = (0..900).map(row).collect();
    /// let options = Options { max_tokens: 100, ..Options::default() };
    /// let text = format!("[{}]", rows.join(","));
    /// let crushed = Crusher::new(options)?.crush_text(&text, TextKind::Any, "", 1.0)?;
    /// let explained = crushed.report.decisions.explain();
    /// assert!(explained.starts_with("rows: 14 of 900 rows kept ("), "{explained}");
    /// assert!(explained.ends_with("; dropped 886 budget"), "{explained}");
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    #[must_use]
    pub fn explain(&self) -> String {
        let kept: Vec<String> = [
            (self.rows_kept, self.rows_total, "rows"),
            (self.lines_kept, self.lines_total, "lines"),
        ]
        .into_iter()
        .filter(|(kept, total, _)| kept < total)
        .map(|(kept, total, what)| format!("{kept} of {total} {what}"))
        .collect();
        let mut clauses = vec![self.strategy.name().to_owned()];
        if !kept.is_empty() {
            let rules = match counts(&self.rules) {
                rules if rules.is_empty() => rules,
                rules => format!(" ({rules})"),
            };
            clauses = vec![format!(
                "{}: {} kept{rules}",
                self.strategy.name(),
                kept.join(" and ")
            )];
        }
        if !self.dropped.is_empty() {
            clauses.push(format!("dropped {}", counts(&self.dropped)));
        }
        if self.over_budget > 0 {
            clauses.push(format!("over budget by {}", self.over_budget));
        }
        clauses.join("; ")
    }
}

pub(crate) fn note(counts: &mut Vec<(&'static str, u64)>, name: &'static str, more: u64) {
    match counts.iter_mut().find(|(known, _)| *known == name) {
        Some((_, count)) => *count += more,
        None if more > 0 => counts.push((name, more)),
        None => {}
    }
}

fn counts(counts: &[(&'static str, u64)]) -> String {
    let named: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    named.join(", ")
}

/// How a payload was changed; the last one that applies in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Not at all.
    #[default]
    Unchanged,
    /// Printed without whitespace.
    Minified,
    /// Holds tables.
    Table,
    /// Long strings went to the store.
    Blob,
    /// Long text went to the store, an excerpt stays.
    Excerpt,
    /// Rows were dropped.
    Rows,
}

impl Strategy {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Minified => "minified",
            Self::Table => "table",
            Self::Blob => "blob",
            Self::Excerpt => "excerpt",
            Self::Rows => "rows",
        }
    }
}
