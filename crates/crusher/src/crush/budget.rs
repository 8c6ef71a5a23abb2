//! What a payload may take: `max_tokens`, counted exactly.

use crate::crush::array::scaled;
use crate::crush::values::Context;
use crate::tokens;

/// A text of more bytes for each token of its budget isn't counted: it is over.
const MOST_BYTES_PER_TOKEN: usize = 64;
/// Shorter texts are counted whatever the estimate says: they may be of punctuation only.
const COUNTED_BYTES: usize = 2048;
/// A text is counted in pieces of so many bytes, until it is known to fit.
const PIECE_BYTES: usize = 2048;
/// Texts of fewer estimated tokens are counted where their estimates are too near one another to decide.
const COMPARED_TOKENS: usize = 512;
/// A payload of several parts is crushed so many times at most.
const MAX_ATTEMPTS: usize = 3;
/// Its parts are never cut below this: a marker takes half of it.
const LEAST_TOKENS: usize = 64;

/// By how many tokens a text exceeds its budget. What may be near it is counted exactly, what is far above is estimated.
pub(crate) fn excess(text: &[u8], budget: usize) -> usize {
    uncounted(text, budget).unwrap_or_else(|| counted(&String::from_utf8_lossy(text), budget))
}

/// By how many tokens a text exceeds its budget that isn't near it.
fn uncounted(text: &[u8], budget: usize) -> Option<usize> {
    // No token is shorter than a byte.
    if text.len() <= budget {
        return Some(0);
    }
    let estimate = tokens::estimate(text);
    if text.len() / MOST_BYTES_PER_TOKEN > budget || estimate > budget + budget / 4 {
        return Some(estimate.saturating_sub(budget).max(1));
    }
    (text.len() >= COUNTED_BYTES && at_most(text, estimate) <= budget).then_some(0)
}

/// By how many tokens a text exceeds its budget, counted piece by piece as long as the rest might not fit.
fn counted(text: &str, budget: usize) -> usize {
    let mut most = Vec::with_capacity(text.len() / PIECE_BYTES + 2);
    for (piece, safe) in tokens::pieces(text, PIECE_BYTES) {
        if !safe {
            return tokens::count(text).saturating_sub(budget);
        }
        most.push((
            piece,
            at_most(piece.as_bytes(), tokens::estimate(piece.as_bytes())),
        ));
    }
    let mut left: usize = most.iter().map(|(_, tokens)| tokens).sum();
    let mut sum = 0;
    for (piece, tokens) in most {
        sum += tokens::count(piece);
        left -= tokens;
        if sum + left <= budget {
            return 0;
        }
    }
    sum.saturating_sub(budget)
}

/// The text that was counted last: what is printed for a part is often the whole.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    text: Vec<u8>,
    budget: usize,
    excess: usize,
}

/// The tokens of what was written and of what stood there before, to be compared: their estimates or, where these are near
/// and small, counts.
pub(crate) fn compared(texts: [&[u8]; 2], [after, before]: [usize; 2]) -> [usize; 2] {
    // A thirty-second, and one token, is what an estimate of so like texts may be off.
    let are_near = after.abs_diff(before) * 32 <= before + 32;
    if are_near && before < COMPARED_TOKENS {
        both(texts)
    } else {
        [after, before]
    }
}

#[cold]
#[inline(never)]
fn both(texts: [&[u8]; 2]) -> [usize; 2] {
    texts.map(|text| tokens::count(&String::from_utf8_lossy(text)))
}

/// What a text takes at the most. The estimate takes random small letters for half of what they are, and strange scripts and random
/// capitals, which look like acronyms, for far less.
fn at_most(text: &[u8], estimate: usize) -> usize {
    let is_strange = |byte: &u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    // Bytes are counted in bytes, which is many at a time.
    let count = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| u8::from(is_strange(byte))).sum::<u8>());
    let strange: usize = text.chunks(usize::from(u8::MAX)).map(count).sum();
    2 * estimate + strange
}

impl Context<'_> {
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

    /// Lets `crush` do its work, and again with less for each part as long as the whole is over the budget, as
    /// `excess` counts it. Notes by how much the parts that must stay exceed the budget.
    ///
    /// The whole grows with what each part may take, ever more slowly, since parts run out one by one. So a straight
    /// line through two results, extended to smaller parts, never lies below the truth, and the third result mostly fits.
    pub fn within_budget<T>(
        &mut self,
        mut crush: impl FnMut(&mut Self) -> T,
        excess: impl Fn(&mut Self, &T, usize) -> usize,
    ) -> T {
        let mark = self.mark();
        let (asked, budget) = (self.bias, self.budget());
        let mut crushed = crush(self);
        if !self.counts_tokens() {
            return crushed;
        }
        let mut over = excess(self, &crushed, budget);
        // Where rows that must stay are the reason, less for each part changes nothing.
        if self.cuttable && over as u64 > self.decisions.over_budget {
            let mut above = (budget, budget + over);
            let mut part = budget * budget / (budget + over);
            for _ in 1..MAX_ATTEMPTS {
                part = part.max(LEAST_TOKENS);
                if part >= above.0 {
                    break;
                }
                self.undo(mark.clone());
                self.bias = share(asked, part, budget);
                crushed = crush(self);
                over = excess(self, &crushed, budget);
                if over == 0 {
                    break;
                }
                let gained = above.1.saturating_sub(budget + over);
                let step = (above.0 - part) * over / gained.max(1);
                above = (part, budget + over);
                part = part.saturating_sub(step + step / 16 + 1);
            }
            self.bias = asked;
        }
        self.decisions.over_budget = over as u64;
        crushed
    }

    /// Notes by how much a payload that stays as it was exceeds the budget.
    pub fn note_excess(&mut self, text: &[u8]) {
        if self.counts_tokens() {
            self.decisions.over_budget = self.excess(text, self.budget()) as u64;
        }
    }

    /// Rows kept as JSON have a budget in rows.
    fn counts_tokens(&self) -> bool {
        self.lossy && self.options.with_compaction
    }
}

/// The bias at which a budget that was scaled by `bias` comes down from `whole` to `part`.
#[allow(clippy::cast_precision_loss, reason = "budgets are far below 2^52")]
fn share(bias: f64, part: usize, whole: usize) -> f64 {
    bias * part as f64 / whole as f64
}
