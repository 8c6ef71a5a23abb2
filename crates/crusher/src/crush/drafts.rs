//! Drafts of a record's payloads: what became of each so far, while the budget of the record may still ask for
//! less of some.

use std::collections::HashSet;

use crate::crush::budget::most;
use crate::crush::payload::{CrushedPayload, read};
use crate::crush::report::PayloadReport;
use crate::crush::shares::{Claim, shares};
use crate::hashing::{Map, hash};
use crate::json::edits::Edits;
use crate::options::Options;
use crate::tokens;

/// Tokens of the marker beside an excerpt.
const MARKER_TOKENS: usize = 32;

/// The payloads of a record in document order, and the budget that they share.
pub(crate) struct Drafts {
    list: Vec<Draft>,
    /// The position of the payload at hand.
    at: usize,
    budget: usize,
    /// What each payload keeps, whatever the budget is.
    least: u64,
}

/// What became of a payload so far.
struct Draft {
    crushed: CrushedPayload,
    /// Its token as it was, if it stands in a string that stays as it was unless that pays.
    whole: Option<Vec<u8>>,
    /// True if that string stays as it was.
    left: bool,
    /// The same number for all payloads with this text.
    text: u64,
    /// Exact tokens: of the draft, of the whole payload, and of what stood in the record at first.
    tokens: u64,
    whole_tokens: u64,
    first_tokens: u64,
    /// The most tokens that it may take.
    share: u64,
    /// True if it is to be crushed again.
    gives_way: bool,
    /// True if it can't get as small as it should.
    is_stuck: bool,
}

impl Draft {
    /// Returns the tokens of what stands in the record.
    fn standing(&self) -> u64 {
        if self.left { self.whole_tokens } else { self.tokens }
    }
}

impl Drafts {
    /// Returns an empty list for a record if it has a budget.
    pub fn new(options: &Options) -> Option<Self> {
        let least = (options.excerpt_tokens + MARKER_TOKENS).min(options.max_tokens);
        Some(Self {
            list: Vec::new(),
            at: 0,
            budget: options.record_tokens()?,
            least: least as u64,
        })
    }

    /// Returns the budget to which the payload at hand is to be crushed, or none if its draft stays.
    pub fn asked(&self, options: &Options) -> Option<usize> {
        match self.list.get(self.at) {
            Some(draft) => {
                let share = (draft.share as usize).min(options.max_tokens);
                draft.gives_way.then_some(share)
            }
            None => Some(options.max_tokens),
        }
    }

    /// Takes what became of the payload at hand, and of its token. `may_stay`: it stands in a string that
    /// stays as it was unless that pays.
    pub fn put(&mut self, crushed: CrushedPayload, token: &[u8], may_stay: bool) {
        if let Some(draft) = self.list.get_mut(self.at) {
            let tokens = counted(&crushed.token);
            let unproved = crushed.report.unproved | draft.crushed.report.unproved;
            draft.is_stuck = tokens > draft.share;
            if tokens < draft.tokens {
                draft.tokens = tokens;
                draft.crushed = crushed;
            }
            draft.crushed.report.unproved = unproved;
            return;
        }
        self.list.push(Draft {
            text: hash(&read(token)),
            whole: may_stay.then(|| token.to_vec()),
            crushed,
            left: false,
            tokens: 0,
            whole_tokens: 0,
            first_tokens: 0,
            share: 0,
            gives_way: false,
            is_stuck: false,
        });
    }

    /// Returns the draft of the payload at hand, and goes on to the next payload.
    pub fn next(&mut self) -> Option<(&Edits, &PayloadReport)> {
        let draft = self.list.get_mut(self.at)?;
        self.at += 1;
        draft.left = false;
        Some((&draft.crushed.edits, &draft.crushed.report))
    }

    /// Notes that the last `count` payloads stay as they were, with the string in which they stand.
    pub fn leave(&mut self, count: usize) {
        let first = self.at.saturating_sub(count);
        let last = self.list.iter_mut().take(self.at).skip(first);
        last.for_each(|draft| draft.left = true);
    }

    /// Returns true if the first drafts are sure to fit the budget. Otherwise counts their tokens.
    pub fn fit(&mut self) -> bool {
        let read_of = |draft: &Draft| match &draft.whole {
            Some(token) if draft.left => most(&read(token)),
            _ => most(&read(&draft.crushed.token)),
        };
        if self.list.iter().map(read_of).sum::<usize>() <= self.budget {
            return true;
        }
        for draft in &mut self.list {
            draft.tokens = counted(&draft.crushed.token);
            draft.whole_tokens = draft.whole.take().map_or(0, |token| counted(&token));
            draft.first_tokens = draft.standing();
        }
        self.excess() == 0
    }

    /// Returns by how many tokens the drafts exceed the budget.
    fn excess(&self) -> u64 {
        let sum: u64 = self.list.iter().map(Draft::standing).sum();
        sum.saturating_sub(self.budget as u64)
    }

    /// Returns what the payloads ask of the budget. Those with the same text are as old as the newest of them.
    fn claims(&self, claim: impl Fn(&Draft) -> (u64, u64)) -> Vec<Claim> {
        let mut ages = Map::default();
        let claims = self.list.iter().rev().map(|draft| {
            let (tokens, least) = claim(draft);
            let age = ages.len() as u64 + 1;
            let age = *ages.entry(draft.text).or_insert(age);
            Claim { tokens, least, age }
        });
        let mut claims: Vec<Claim> = claims.collect();
        claims.reverse();
        claims
    }

    /// Divides the budget among the payloads, and begins anew with the first of them. Returns false if no
    /// payload has to be crushed again.
    pub fn share_out(&mut self) -> bool {
        if self.excess() == 0 {
            return false;
        }
        let claims = self.claims(|draft| {
            let least = if draft.is_stuck {
                draft.standing()
            } else {
                self.least
            };
            (draft.first_tokens, least)
        });
        let shares = shares(&claims, self.budget as u64);
        for (draft, share) in self.list.iter_mut().zip(shares) {
            draft.share = share;
            draft.gives_way = !draft.is_stuck && draft.tokens.min(draft.first_tokens) > share;
        }
        self.at = 0;
        self.list.iter().any(|draft| draft.gives_way)
    }

    /// Writes into the reports of the payloads which of them gave way, and what their shares were.
    pub fn report(&self, reports: &mut [PayloadReport], options: &Options) {
        let is_over = self.excess() > 0;
        let claims = self.claims(|draft| (draft.standing(), 0));
        let shares = if is_over {
            shares(&claims, self.budget as u64)
        } else {
            // A payload whose share was too small fits if others left it enough.
            let given = |draft: &Draft| draft.share.max(draft.standing());
            self.list.iter().map(given).collect()
        };
        for ((draft, share), report) in self.list.iter().zip(shares).zip(reports) {
            let standing = draft.standing();
            let gave_way = standing < draft.first_tokens;
            if gave_way || is_over && standing > share {
                let budget = share.min(options.max_tokens as u64);
                report.decisions.share = Some(share);
                report.decisions.over_budget = standing.saturating_sub(budget);
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
