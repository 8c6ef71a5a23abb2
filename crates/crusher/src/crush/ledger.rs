//! The payloads that share a budget, those of a record or of a file: what each takes, and which must take less.

use crate::crush::shares::{Claim, shares};
use crate::decisions::Share;
use crate::hashing::Map;
use crate::options::Options;

/// Tokens of the marker beside an excerpt.
const MARKER_TOKENS: usize = 32;

/// Payloads in document order, and their budget in tokens.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub entries: Vec<Entry>,
    budget: u64,
    /// What each payload keeps, whatever the budget is.
    least: u64,
    /// The most tokens of any payload.
    max_tokens: u64,
}

/// What a payload takes of the budget. All numbers of tokens are exact.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The same number for all payloads with this text.
    pub text: u64,
    /// What stood in the record before anything gave way.
    pub first: u64,
    /// What stands there now.
    pub standing: u64,
    /// What the payload was crushed to, which may wait for the rest of its string to get smaller.
    pub draft: u64,
    /// The most that it may take.
    pub share: u64,
    /// True if it is to be crushed again.
    pub gives_way: bool,
    /// True if it can't get as small as it should.
    pub is_stuck: bool,
}

impl Entry {
    /// Returns the entry of a payload that was crushed to `draft` tokens, of which `standing` stand there.
    pub fn new(text: u64, draft: u64, standing: u64) -> Self {
        Self {
            text,
            first: standing,
            standing,
            draft,
            share: u64::MAX,
            gives_way: false,
            is_stuck: false,
        }
    }

    /// Notes what became of a payload that gave way.
    pub fn gave_way(&mut self, draft: u64) {
        self.is_stuck = draft > self.share;
        self.draft = draft;
    }
}

impl Ledger {
    /// Returns an empty ledger of a budget.
    pub fn new(options: &Options, budget: usize) -> Self {
        Self {
            entries: Vec::new(),
            budget: budget as u64,
            least: (options.excerpt_tokens + MARKER_TOKENS).min(options.max_tokens) as u64,
            max_tokens: options.max_tokens as u64,
        }
    }

    /// Returns by how many tokens the payloads exceed the budget.
    pub fn excess(&self) -> u64 {
        let sum: u64 = self.entries.iter().map(|entry| entry.standing).sum();
        sum.saturating_sub(self.budget)
    }

    /// Divides the budget. Returns false if no payload has to be crushed again.
    pub fn share_out(&mut self) -> bool {
        if self.excess() == 0 {
            return false;
        }
        let shares = self.shares(|entry| {
            let least = if entry.is_stuck {
                entry.standing
            } else {
                self.least
            };
            (entry.first, least)
        });
        for (entry, share) in self.entries.iter_mut().zip(shares) {
            entry.share = share;
            entry.gives_way = !entry.is_stuck && entry.draft.min(entry.first) > share;
        }
        self.entries.iter().any(|entry| entry.gives_way)
    }

    /// Divides the budget for the last time: what payloads keep beyond it is over their shares.
    pub fn settle(&mut self) {
        let shares = if self.excess() > 0 {
            let asked = |entry: &Entry| {
                if entry.is_stuck {
                    entry.standing
                } else {
                    entry.share.min(entry.first)
                }
            };
            self.shares(|entry| (asked(entry), 0))
        } else {
            // A payload whose share was too small fits if others left it enough.
            let given = |entry: &Entry| entry.share.max(entry.standing);
            self.entries.iter().map(given).collect()
        };
        for (entry, share) in self.entries.iter_mut().zip(shares) {
            entry.share = share;
        }
    }

    /// Returns the share of a payload that had to give way, and by how many tokens it exceeds its budget.
    pub fn decided(&self, at: usize, of: &'static str) -> Option<(Share, u64)> {
        let entry = self.entries.get(at)?;
        let Entry { share, standing, .. } = *entry;
        let over = standing.saturating_sub(share.min(self.max_tokens));
        (standing < entry.first || standing > share).then_some((Share { tokens: share, of }, over))
    }

    /// Returns the shares of payloads that claim so many tokens, and keep so many. Payloads with the same text
    /// are as old as the newest of them.
    fn shares(&self, claim: impl Fn(&Entry) -> (u64, u64)) -> Vec<u64> {
        let mut ages = Map::default();
        let claims = self.entries.iter().rev().map(|entry| {
            let (tokens, least) = claim(entry);
            let age = ages.len() as u64 + 1;
            let age = *ages.entry(entry.text).or_insert(age);
            Claim { tokens, least, age }
        });
        let mut claims: Vec<Claim> = claims.collect();
        claims.reverse();
        shares(&claims, self.budget)
    }
}
