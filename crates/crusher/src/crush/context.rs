//! The context of one payload: what crushing it needs, and what it has decided so far.

use crate::crush::budget;
use crate::crush::budget::{Counted, counted, scaled, uncounted};
use crate::crush::query::PayloadQuery;
use crate::decisions::{Decisions, Strategy};
use crate::digest::hash;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::options::Options;
use crate::originals::Originals;
use crate::tokens;

/// Everything that crushing one payload needs and leaves behind.
pub(crate) struct Context<'o> {
    pub options: &'o Options,
    pub originals: &'o mut Originals,
    /// Tapes that aren't in use.
    pub tapes: &'o mut Vec<Tape>,
    /// Text that tells which rows and lines matter.
    pub query: PayloadQuery<'o>,
    /// Tokens of the payload itself, as estimated: its node, and how many.
    pub tokens: (u32, usize),
    /// Above 1 keeps more, below 1 less.
    pub bias: f64,
    /// Something may go to the store.
    pub lossy: bool,
    /// There is an array that may lose rows, or a text that may be cut.
    pub cuttable: bool,
    pub decisions: Decisions,
    /// Strings around the text at hand.
    pub strings: usize,
    /// The payload is a string that holds a JSON string, and so on, so many times.
    pub json_strings: usize,
    pub counted: Counted,
}

/// A state to go back to when a change turns out not to pay.
#[derive(Clone)]
pub(crate) struct Mark {
    originals: usize,
    hashes: usize,
    /// Without the hashes, of which there may be many.
    decisions: Decisions,
}

impl<'o> Context<'o> {
    /// The context of one payload, given its node and text.
    pub fn new(
        options: &'o Options,
        tapes: &'o mut Vec<Tape>,
        originals: &'o mut Originals,
        (node, text): (u32, &[u8]),
        query: PayloadQuery<'o>,
        bias: f64,
    ) -> Self {
        let tokens = (node, tokens::estimate(text));
        let is_large = tokens.1 >= options.min_tokens_to_crush;
        let lossy = !options.lossless_only
            && (is_large || budget::excess(text, scaled(options.max_tokens, bias)) > 0);
        let decisions = Decisions::default();
        Self {
            options,
            originals,
            tapes,
            query,
            tokens,
            bias,
            lossy,
            cuttable: false,
            decisions,
            strings: 0,
            json_strings: 0,
            counted: budget::Counted::default(),
        }
    }
}

impl Context<'_> {
    pub fn mark(&mut self) -> Mark {
        let hashes = std::mem::take(&mut self.decisions.hashes);
        let mark = Mark {
            originals: self.originals.entries.len(),
            hashes: hashes.len(),
            decisions: self.decisions.clone(),
        };
        self.decisions.hashes = hashes;
        mark
    }

    pub fn undo(&mut self, mark: Mark) {
        self.originals.truncate(mark.originals);
        let mut hashes = std::mem::take(&mut self.decisions.hashes);
        hashes.truncate(mark.hashes);
        self.decisions = mark.decisions;
        self.decisions.hashes = hashes;
    }

    /// Estimated tokens of a value as it stands.
    pub fn tokens_of(&self, doc: &Doc<'_>, index: u32) -> usize {
        let (payload, tokens) = self.tokens;
        if self.strings == 0 && index == payload {
            tokens
        } else {
            tokens::estimate(doc.raw(doc.node(index)))
        }
    }

    /// Strings among others go to the store from so many raw bytes on.
    pub fn long_bytes(&self) -> usize {
        if self.lossy {
            self.options.blob_min_bytes
        } else {
            usize::MAX
        }
    }

    pub fn decide(&mut self, strategy: Strategy) {
        self.decisions.strategy = self.decisions.strategy.max(strategy);
    }

    /// Stores an original; gives its hash, or none if it can't be told from another one by it.
    pub fn offload(&mut self, bytes: &[u8], kind: &'static str, item_count: u64) -> Option<String> {
        let digest = self.originals.put(bytes, kind, item_count)?;
        let hash = hash(&digest, self.options.hash_digits);
        self.decisions.hashes.push(hash.clone());
        Some(hash)
    }

    /// The budget of the payload, or of each of its parts where there are several.
    pub fn budget(&self) -> usize {
        scaled(self.options.max_tokens, self.bias)
    }

    /// As the function of that name; a text isn't counted twice in a row.
    pub fn excess(&mut self, text: &[u8], budget: usize) -> usize {
        if self.counted.budget == budget && self.counted.text == text {
            return self.counted.excess;
        }
        if let Some(excess) = uncounted(text, budget) {
            return excess;
        }
        let last = &mut self.counted;
        last.text.clear();
        last.text.extend_from_slice(text);
        last.budget = budget;
        last.excess = counted(&String::from_utf8_lossy(text), budget);
        last.excess
    }

    /// A payload that is one text is cut from so many bytes on.
    pub fn least_text(&self) -> usize {
        self.options.blob_min_bytes.min(self.budget() + 1)
    }

    /// Notes by how much a payload that stays as it was exceeds the budget.
    pub fn note_excess(&mut self, text: &[u8]) {
        if self.counts_tokens() {
            self.decisions.over_budget = self.excess(text, self.budget()) as u64;
        }
    }

    /// Rows kept as JSON have a budget in rows.
    pub fn counts_tokens(&self) -> bool {
        self.lossy && self.options.with_compaction
    }
}
