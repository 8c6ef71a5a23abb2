//! The budget of a file whose records together are one conversation.
//!
//! Which payloads give way is known only at the end of the file. So the file is read several times: first its
//! payloads are measured, then those that give way are measured again, and at last all are written.

use crate::crush::drafts::Drafts;
use crate::crush::ledger::{Entry, Ledger};
use crate::crush::record_budget::MAX_ROUNDS;
use crate::crush::report::PayloadReport;
use crate::options::Options;

/// A file with more payloads has no budget, since each takes memory.
const MAX_PAYLOADS: usize = 1 << 20;

/// What is known of the payloads of a file that has a budget. `Crusher::file` holds it while the file is read.
///
/// # Examples
/// ```
/// use headroom_crusher::{Block, Crusher, FileBudget, Options};
/// let result = |word: &str| format!("{{\"result\":\"{}\"}}\n", format!("{word} and more words ").repeat(150));
/// let file = format!("{}{}", result("old"), result("new"));
/// let options = Options { paths: vec!["$.result".parse()?], ..Options::default() };
/// let mut crusher = Crusher::new(options)?;
/// let mut budget = FileBudget::new(crusher.options(), 800);
/// let written = loop {
///     crusher.file = Some(budget);
///     let block = Block::crush_lines(&mut crusher, file.as_bytes());
///     budget = crusher.file.take().unwrap_or_else(|| unreachable!());
///     if budget.is_measured() {
///         break block;
///     }
///     budget.end_reading();
/// };
/// assert_eq!(budget.excess(), 0);
/// assert!(written.payloads[0].decisions.share.is_some());
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
#[derive(Debug)]
pub struct FileBudget {
    ledger: Ledger,
    /// The budget to which each payload is crushed.
    limits: Vec<usize>,
    /// Payloads of each record, as they were measured first.
    records: Vec<usize>,
    /// The record at hand, and its first payload.
    record: usize,
    at: usize,
    /// How many times the file was read.
    readings: usize,
    is_measured: bool,
    is_too_long: bool,
}

impl FileBudget {
    /// Returns the budget of a file, of which nothing is known yet. `max_tokens` is for all payloads together.
    #[must_use]
    pub fn new(options: &Options, max_tokens: usize) -> Self {
        Self {
            ledger: Ledger::new(options, max_tokens),
            limits: Vec::new(),
            records: Vec::new(),
            record: 0,
            at: 0,
            readings: 0,
            is_measured: !options.counts_tokens(),
            is_too_long: false,
        }
    }

    /// Returns true if the next reading is to be written.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.is_measured
    }

    /// Returns true if the file has too many payloads to have a budget.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.is_too_long
    }

    /// Returns by how many tokens the payloads exceed the budget, since each keeps its excerpt.
    #[must_use]
    pub fn excess(&self) -> u64 {
        self.ledger.excess()
    }

    /// Ends one reading of the file. The next one begins with its first record.
    pub fn end_reading(&mut self) {
        self.readings += 1;
        (self.record, self.at) = (0, 0);
        if self.is_too_long {
            self.ledger.entries.clear();
            self.limits.clear();
            self.records.clear();
            self.is_measured = true;
        }
        if self.readings <= MAX_ROUNDS && self.ledger.share_out() {
            for (entry, limit) in self.ledger.entries.iter().zip(&mut self.limits) {
                if entry.gives_way {
                    *limit = entry.share as usize;
                }
            }
        } else {
            self.ledger.settle();
            self.is_measured = true;
        }
    }

    /// Returns the budgets of the payloads of the record at hand. None if it was measured, and nothing of it
    /// has to give way.
    pub(crate) fn limits(&mut self) -> Option<Vec<usize>> {
        let count = self.records.get(self.record).copied().unwrap_or_default();
        let payloads = self.at..self.at + count;
        let entries = self.ledger.entries.get(payloads.clone()).unwrap_or_default();
        let is_known = self.readings > 0 && !self.is_measured;
        if is_known && !entries.iter().any(|entry| entry.gives_way) {
            return None;
        }
        Some(self.limits.get(payloads).unwrap_or_default().to_vec())
    }

    /// Goes on to the next record, where nothing of the one at hand has to give way.
    pub(crate) fn skip(&mut self) {
        self.at += self.records.get(self.record).copied().unwrap_or_default();
        self.record += 1;
    }

    /// Takes what became of the record at hand, and goes on to the next one.
    pub(crate) fn take(&mut self, drafts: &mut Drafts, reports: &mut [PayloadReport]) {
        if self.is_measured {
            for (at, report) in reports.iter_mut().enumerate() {
                if let Some((share, over_budget)) = self.ledger.decided(self.at + at, "file") {
                    report.decisions.share = Some(share);
                    report.decisions.over_budget = over_budget;
                }
            }
            self.skip();
            return;
        }
        drafts.count();
        let entries = &drafts.ledger.entries;
        if self.readings > 0 {
            let known = self.ledger.entries.iter_mut().skip(self.at);
            for (entry, now) in known.zip(entries) {
                if entry.gives_way {
                    entry.gave_way(now.standing);
                } else {
                    entry.draft = now.standing;
                }
                entry.standing = now.standing;
            }
            self.skip();
            return;
        }
        self.is_too_long |= self.limits.len() + entries.len() > MAX_PAYLOADS;
        if !self.is_too_long {
            let measured = entries
                .iter()
                .map(|entry| Entry::new(entry.text, entry.standing, entry.standing));
            self.ledger.entries.extend(measured);
            self.limits.resize(self.ledger.entries.len(), usize::MAX);
            self.records.push(entries.len());
        }
    }
}
