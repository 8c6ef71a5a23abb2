//! Drafts of a record's payloads: what became of each so far, while the budget of the record may still ask for
//! less of some.

use std::collections::HashSet;

use crate::crush::budget::most;
use crate::crush::ledger::{Entry, Ledger};
use crate::crush::payload::{CrushedPayload, read};
use crate::crush::report::PayloadReport;
use crate::hashing::hash;
use crate::json::edits::Edits;
use crate::options::Options;
use crate::tokens;

/// The payloads of a record in document order.
pub(crate) struct Drafts {
    list: Vec<Draft>,
    /// The position of the payload at hand.
    at: usize,
    budget: usize,
    /// What payloads take of the record's budget, once that is needed.
    pub ledger: Ledger,
    /// The budgets of the payloads in their file, if that has one.
    limits: Vec<usize>,
}

/// What became of a payload so far.
struct Draft {
    crushed: CrushedPayload,
    /// A hash of its text.
    text: u64,
    /// Its token as it was, if it stands in a string that stays as it was unless that pays.
    whole: Option<Vec<u8>>,
    whole_tokens: u64,
    /// True if that string stays as it was.
    left: bool,
}

impl Drafts {
    /// Returns an empty list for a record, if it has a budget or stands in a file that has one. `limits` are
    /// the budgets of the payloads in their file.
    pub fn new(options: &Options, limits: Option<Vec<usize>>) -> Option<Self> {
        let budget = options.record_tokens();
        if budget.is_none() && limits.is_none() {
            return None;
        }
        let budget = budget.unwrap_or(usize::MAX);
        Some(Self {
            list: Vec::new(),
            at: 0,
            budget,
            ledger: Ledger::new(options, budget),
            limits: limits.unwrap_or_default(),
        })
    }

    /// Returns the budget to which the payload at hand is to be crushed, or none if its draft stays.
    pub fn asked(&self, options: &Options) -> Option<usize> {
        if let Some(entry) = self.ledger.entries.get(self.at) {
            let share = (entry.share as usize).min(options.max_tokens);
            return entry.gives_way.then_some(share);
        }
        let limit = self.limits.get(self.at).copied();
        Some(options.max_tokens.min(limit.unwrap_or(usize::MAX)))
    }

    /// Takes what became of the payload at hand, and of its token. `may_stay`: it stands in a string that
    /// stays as it was unless that pays.
    pub fn put(&mut self, crushed: CrushedPayload, token: &[u8], may_stay: bool) {
        let Some(draft) = self.list.get_mut(self.at) else {
            self.list.push(Draft {
                crushed,
                text: hash(&read(token)),
                whole: may_stay.then(|| token.to_vec()),
                whole_tokens: 0,
                left: false,
            });
            return;
        };
        let Some(entry) = self.ledger.entries.get_mut(self.at) else {
            return;
        };
        let tokens = counted(&crushed.token);
        let unproved = crushed.report.unproved | draft.crushed.report.unproved;
        if tokens < entry.draft {
            entry.gave_way(tokens);
            draft.crushed = crushed;
        } else {
            entry.is_stuck = true;
        }
        draft.crushed.report.unproved = unproved;
    }

    /// Returns the draft of the payload at hand, and goes on to the next payload.
    pub fn next(&mut self) -> Option<(&Edits, &PayloadReport)> {
        let draft = self.list.get_mut(self.at)?;
        self.at += 1;
        draft.left = false;
        Some((&draft.crushed.edits, &draft.crushed.report))
    }

    /// Begins anew with the first payload.
    pub fn rewind(&mut self) {
        self.at = 0;
    }

    /// Notes that the last `count` payloads stay as they were, with the string in which they stand.
    pub fn leave(&mut self, count: usize) {
        let first = self.at.saturating_sub(count);
        let last = self.list.iter_mut().take(self.at).skip(first);
        last.for_each(|draft| draft.left = true);
    }

    /// Returns true if the drafts are sure to fit the budget, without counting.
    pub fn surely_fit(&self) -> bool {
        let most = self.list.iter().map(|draft| match &draft.whole {
            Some(token) if draft.left => most(&read(token)),
            _ => most(&read(&draft.crushed.token)),
        });
        self.budget == usize::MAX || most.sum::<usize>() <= self.budget
    }

    /// Counts the tokens of the drafts.
    pub fn count(&mut self) {
        if self.ledger.entries.len() == self.list.len() {
            return;
        }
        for draft in &mut self.list {
            let tokens = counted(&draft.crushed.token);
            draft.whole_tokens = draft.whole.take().map_or(0, |token| counted(&token));
            let standing = if draft.left { draft.whole_tokens } else { tokens };
            self.ledger.entries.push(Entry::new(draft.text, tokens, standing));
        }
    }

    /// Notes what stands in the record after payloads gave way.
    pub fn note_standing(&mut self) {
        for (draft, entry) in self.list.iter().zip(&mut self.ledger.entries) {
            entry.standing = if draft.left {
                draft.whole_tokens
            } else {
                entry.draft
            };
        }
    }

    /// Writes into the reports of the payloads which of them gave way, and what their shares were.
    pub fn report(&mut self, reports: &mut [PayloadReport]) {
        self.ledger.settle();
        for (at, report) in reports.iter_mut().enumerate() {
            if let Some((share, over_budget)) = self.ledger.decided(at, "record") {
                report.decisions.share = Some(share);
                report.decisions.over_budget = over_budget;
            }
        }
    }
}

/// Returns the hashes of all originals that payloads need.
pub(crate) fn needed(reports: &[PayloadReport]) -> HashSet<&str> {
    let hashes = reports.iter().flat_map(|report| &report.decisions.hashes);
    hashes.map(String::as_str).collect()
}

/// Counts exactly the tokens that a model reads of a JSON token.
fn counted(token: &[u8]) -> u64 {
    tokens::count(&String::from_utf8_lossy(&read(token))) as u64
}
