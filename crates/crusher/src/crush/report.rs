//! What is told of one payload after crushing.

use crate::decisions::{Decisions, Strategy};
use crate::options::Options;

/// What happened to one payload.
#[derive(Clone, Debug)]
pub struct PayloadReport {
    /// Index of the path that found it; none for a whole record.
    pub path: Option<usize>,
    /// The tool's name, or empty.
    pub tool: String,
    /// What was decided.
    pub decisions: Decisions,
    /// Bytes of the payload's token, in the text in which it stands: the record, or JSON in a string of it.
    pub bytes_before: u64,
    /// Bytes of the token in its place.
    pub bytes_after: u64,
    /// Tokens of the payload, estimated unless `exact_tokens` is set.
    pub tokens_before: u64,
    /// Tokens in its place.
    pub tokens_after: u64,
    /// The change was taken back since it didn't restore: a defect, which costs savings but no data.
    pub unproved: bool,
}

impl PayloadReport {
    /// Says of a payload that it stays as it was, after all.
    pub(crate) fn leave(&mut self, options: &Options) {
        self.bytes_after = self.bytes_before;
        if self.decisions.strategy == Strategy::Unchanged {
            return;
        }
        let over = self.tokens_before.saturating_sub(options.max_tokens as u64);
        let counts_tokens = !options.lossless_only && options.with_compaction;
        self.decisions = Decisions {
            over_budget: if counts_tokens { over } else { 0 },
            ..Decisions::default()
        };
        self.tokens_after = self.tokens_before;
    }
}
