//! Crushes a payload of several parts again, with less for each, until it fits its budget.

use crate::crush::context::Context;

/// A payload is crushed at most so many times.
const MAX_ATTEMPTS: usize = 3;
/// No part is cut below this: a marker takes half of it.
const LEAST_TOKENS: usize = 64;

impl Context<'_> {
    /// Calls `crush`, and calls it again with less for each part while `excess` says that the whole is over
    /// its budget. Notes the excess that is left, because parts must stay.
    ///
    /// The size of the whole grows with the budget of each part, ever more slowly, since more and more parts
    /// fit in full. So a straight line through two results, extended to smaller budgets, is never below the
    /// true size. The third result mostly fits.
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
        // If rows that must stay are the whole excess, less for each part changes nothing.
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

/// Returns the bias that scales a budget to `part`, where `bias` scales it to `whole`.
#[allow(clippy::cast_precision_loss, reason = "budgets are far below 2^52")]
pub(super) fn share(bias: f64, part: usize, whole: usize) -> f64 {
    bias * part as f64 / whole as f64
}
