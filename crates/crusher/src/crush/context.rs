//! The context of one payload: what crushing it needs, and what it has decided so far.

use crate::crush::budget;
use crate::crush::budget::{Counted, counted, scaled, uncounted};
use crate::crush::main_text::{self, MainText};
use crate::crush::query::PayloadQuery;
use crate::decisions::{Decisions, Strategy};
use crate::digest::hash;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::options::Options;
use crate::originals::Originals;
use crate::tokens;

/// Everything that crushing one payload needs, and what it leaves behind.
pub(crate) struct Context<'o> {
    pub options: &'o Options,
    pub originals: &'o mut Originals,
    /// Tapes that aren't in use.
    pub tapes: &'o mut Vec<Tape>,
    /// The query, which tells which rows and lines matter.
    pub query: PayloadQuery<'o>,
    /// The payload's node, and its estimated tokens.
    pub tokens: (u32, usize),
    /// The budget of the payload, before it is scaled.
    pub max_tokens: usize,
    /// The factor of all budgets.
    pub bias: f64,
    /// True if parts of the payload may go to the store.
    pub lossy: bool,
    /// True once an array was found that may lose rows, or a text that may be cut.
    pub cuttable: bool,
    pub decisions: Decisions,
    /// Number of strings around the text at hand, one inside the other.
    pub strings: usize,
    /// How many more strings, each in the one before it, hold the text of the payload, which is a string.
    pub json_strings: usize,
    /// The string that has the budget of the payload, if the payload is a wrapper around one.
    pub main: Option<MainText>,
    pub counted: Counted,
}

/// A state of the context, to return to when a change doesn't pay.
#[derive(Clone)]
pub(crate) struct Mark {
    originals: usize,
    hashes: usize,
    /// The decisions without their hashes, which may be many.
    decisions: Decisions,
}

impl<'o> Context<'o> {
    /// Returns the context of the payload with this node and this text. `max_tokens` is its budget, and `bias`
    /// the factor of all budgets.
    pub fn new(
        options: &'o Options,
        tapes: &'o mut Vec<Tape>,
        originals: &'o mut Originals,
        (node, text): (u32, &[u8]),
        query: PayloadQuery<'o>,
        (max_tokens, bias): (usize, f64),
    ) -> Self {
        let tokens = (node, tokens::estimate(text));
        let is_large = tokens.1 >= options.min_tokens_to_crush;
        let lossy =
            !options.lossless_only && (is_large || budget::excess(text, scaled(max_tokens, bias)) > 0);
        let decisions = Decisions::default();
        Self {
            options,
            originals,
            tapes,
            query,
            tokens,
            max_tokens,
            bias,
            lossy,
            cuttable: false,
            decisions,
            strings: 0,
            json_strings: 0,
            main: None,
            counted: budget::Counted::default(),
        }
    }
}

impl Context<'_> {
    /// Returns the present state.
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

    /// Returns to an earlier state.
    pub fn undo(&mut self, mark: Mark) {
        self.originals.truncate(mark.originals);
        let mut hashes = std::mem::take(&mut self.decisions.hashes);
        hashes.truncate(mark.hashes);
        self.decisions = mark.decisions;
        self.decisions.hashes = hashes;
    }

    /// Looks for the main text of the payload in this value. `tokens_around` says what stands around the
    /// text with this value.
    pub fn find_main(&mut self, doc: &Doc<'_>, index: u32, tokens_around: usize) {
        let root = doc.node(index);
        let tokens = |from: u32, to: u32| {
            let text = doc.text.get(from as usize..to as usize);
            tokens::estimate(text.unwrap_or_default())
        };
        self.main = main_text::find(doc, index).map(|at| MainText {
            place: (self.strings, at),
            tokens_around: tokens_around
                + tokens(root.start, doc.node(at).start)
                + tokens(doc.node(at).end, root.end),
        });
    }

    /// Returns the budget for a string that is the payload, or its main text. None for any other string.
    pub fn budget_of_text(&self, index: u32) -> Option<usize> {
        if self.strings == 0 && index == self.tokens.0 {
            return Some(self.budget());
        }
        let main = self.main.filter(|main| main.place == (self.strings, index))?;
        Some(self.budget().saturating_sub(main.tokens_around).max(1))
    }

    /// Returns the estimated tokens of a value as it is.
    pub fn tokens_of(&self, doc: &Doc<'_>, index: u32) -> usize {
        let (payload, tokens) = self.tokens;
        if self.strings == 0 && index == payload {
            tokens
        } else {
            tokens::estimate(doc.raw(doc.node(index)))
        }
    }

    /// Returns how many bytes a string among other values must have to go to the store.
    pub fn long_bytes(&self) -> usize {
        if self.lossy {
            self.options.blob_min_bytes
        } else {
            usize::MAX
        }
    }

    /// Notes that a strategy applies.
    pub fn decide(&mut self, strategy: Strategy) {
        self.decisions.strategy = self.decisions.strategy.max(strategy);
    }

    /// Stores an original and returns its hash. Returns none if another original has the same hash.
    pub fn offload(&mut self, bytes: &[u8], kind: &'static str, item_count: u64) -> Option<String> {
        let digest = self.originals.put(bytes, kind, item_count)?;
        let hash = hash(&digest, self.options.hash_digits);
        self.decisions.hashes.push(hash.clone());
        Some(hash)
    }

    /// Returns the budget of the payload, or of each of its parts if there are several.
    pub fn budget(&self) -> usize {
        scaled(self.max_tokens, self.bias)
    }

    /// Like `budget::excess`, but doesn't count a text again that it counted last.
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

    /// Returns how many bytes a text with this budget must have to be cut.
    pub fn least_text(&self, budget: usize) -> usize {
        self.options.blob_min_bytes.min(budget + 1)
    }

    /// Notes by how much a payload that stays as it was exceeds the budget.
    pub fn note_excess(&mut self, text: &[u8]) {
        if self.counts_tokens() {
            self.decisions.over_budget = self.excess(text, self.budget()) as u64;
        }
    }

    /// Returns true if the budget is in tokens. Rows that stay as JSON have a budget in rows.
    pub fn counts_tokens(&self) -> bool {
        self.lossy && self.options.with_compaction
    }
}
