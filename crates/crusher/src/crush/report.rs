//! What is reported of one payload.

use std::sync::Arc;

use crate::decisions::{Decisions, Strategy};
use crate::options::Options;
use crate::recognise::Reason;

/// How one payload was crushed.
#[derive(Clone, Debug)]
pub struct PayloadReport {
    /// The path that found it, as it was written; empty for a whole record.
    pub path: Arc<str>,
    /// The tool's name, or empty.
    pub tool: String,
    /// Why it was taken for a result where it is known by its shape; none where a path was given.
    pub recognised_by: Option<Reason>,
    /// The decisions.
    pub decisions: Decisions,
    /// Bytes of the payload's JSON token, in the text in which it stands: the record, or JSON in a string.
    pub bytes_before: u64,
    /// Bytes of the JSON token that replaces it.
    pub bytes_after: u64,
    /// Tokens of the payload, estimated unless `exact_tokens` is set.
    pub tokens_before: u64,
    /// Tokens of what replaces it, counted in the same way.
    pub tokens_after: u64,
    /// True if the change was undone because it didn't restore. This is a defect, which costs savings but no
    /// data.
    pub unproved: bool,
}

impl PayloadReport {
    /// Notes that a payload stays as it was, after all.
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
