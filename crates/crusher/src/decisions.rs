//! The decisions that were made while a payload was crushed, for reports.

/// The decisions that were made while a payload was crushed, for reports.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// How the payload was changed.
    pub strategy: Strategy,
    /// Hashes of the payload's originals, in the order in which they were stored.
    pub hashes: Vec<String>,
    /// Rows of all arrays that became tables or lost rows.
    pub rows_total: u64,
    /// How many of these rows stay.
    pub rows_kept: u64,
    /// How many rows, lines or names each rule of selection kept, in the order in which the rules first kept
    /// one.
    pub rules: Vec<(&'static str, u64)>,
    /// How many rows were dropped for each reason: `duplicate` (an equal row stays) or `budget` (it was
    /// spent).
    pub dropped: Vec<(&'static str, u64)>,
    /// Lines of all texts that were cut to an excerpt.
    pub lines_total: u64,
    /// How many of these lines stay, at least in part.
    pub lines_kept: u64,
    /// By how much the payload exceeds its budget, because all the rest must stay. The unit is that of the
    /// budget: tokens for `max_tokens`, rows for `max_items_after_crush`.
    pub over_budget: u64,
    /// The payload's share of the budget of its record or file, if it had to give way to that. This was its
    /// budget in the place of `max_tokens`.
    pub share: Option<Share>,
    /// Positions of the kept rows, if the whole text or record is an array that lost rows.
    pub keep: Option<Vec<u32>>,
}

impl Decisions {
    /// Counts rows or lines that a rule kept.
    pub(crate) fn note_kept(&mut self, rule: &'static str, count: u64) {
        note(&mut self.rules, rule, count);
    }

    /// Counts rows that were dropped for a reason.
    pub(crate) fn note_dropped(&mut self, reason: &'static str, count: u64) {
        note(&mut self.dropped, reason, count);
    }

    /// Returns the decisions as one line of text. It names the strategy, how many rows and lines stay and by
    /// which rules, how many rows were dropped for which reason, the payload's share of its record's budget if it
    /// had to give way, and by how much the budget is exceeded.
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
        if let Some(share) = self.share {
            clauses.push(format!("share {} of the {}'s budget", share.tokens, share.of));
        }
        if self.over_budget > 0 {
            clauses.push(format!("over budget by {}", self.over_budget));
        }
        clauses.join("; ")
    }
}

/// A payload's share of a budget for several payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The share.
    pub tokens: u64,
    /// Whose budget it is: `record` or `file`.
    pub of: &'static str,
}

/// Adds to the count of a name. Names are listed in the order of their first count.
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

/// How a payload was changed. Where several apply, the last of them in this order is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// It stays as it was.
    #[default]
    Unchanged,
    /// Printed without whitespace, or as a document.
    Minified,
    /// Arrays in it became tables.
    Table,
    /// Long strings went to the store.
    Blob,
    /// A long text went to the store, and an excerpt of it stays.
    Excerpt,
    /// An array went to the store, and some of its rows stay.
    Rows,
}

impl Strategy {
    /// Returns the name that reports use.
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
