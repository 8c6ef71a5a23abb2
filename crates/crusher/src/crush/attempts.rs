//! A payload of several parts crushed again with less for each, until it fits its budget.

use crate::crush::context::Context;

/// A payload of several parts is crushed so many times at most.
const MAX_ATTEMPTS: usize = 3;
/// Its parts are never cut below this: a marker takes half of it.
const LEAST_TOKENS: usize = 64;

impl Context<'_> {
    /// Lets `crush` do its work, and again with less for each part as long as the whole is over the budget,
    /// as `excess` counts it. Notes by how much the parts that must stay exceed the budget.
    ///
    /// The whole grows with what each part may take, ever more slowly, since parts run out one by one. So a
    /// straight line through two results, extended to smaller parts, never lies below the truth, and the
    /// third result mostly fits.
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
}

/// The bias at which a budget that was scaled by `bias` comes down from `whole` to `part`.
#[allow(clippy::cast_precision_loss, reason = "budgets are far below 2^52")]
fn share(bias: f64, part: usize, whole: usize) -> f64 {
    bias * part as f64 / whole as f64
}
