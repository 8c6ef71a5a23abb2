//! Divides the budget of a record among its payloads.
//!
//! A level stands for the whole record. The share of the newest payload is the level, that of the second
//! newest a half of it, that of the tenth a tenth. A payload that needs less than its share leaves the rest to
//! the others: the level is as high as the budget allows. So shares only grow with the budget.

/// What a payload asks of its record's budget, in tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    /// What it takes.
    pub tokens: u64,
    /// What it keeps, whatever the budget is.
    pub least: u64,
    /// Its age in payloads: 1 for the newest.
    pub age: u64,
}

impl Claim {
    fn share(&self, level: u64) -> u64 {
        self.tokens.min(self.least.max(level / self.age.max(1)))
    }
}

/// Returns the share of each payload in the budget. They exceed it only if what all payloads keep does.
pub(crate) fn shares(claims: &[Claim], budget: u64) -> Vec<u64> {
    let at = |level: u64| claims.iter().map(move |claim| claim.share(level));
    let fits = |level: u64| at(level).sum::<u64>() <= budget;
    // No level is of use above one that gives the oldest payload the whole budget.
    let oldest = claims.iter().map(|claim| claim.age).max().unwrap_or(1);
    let (mut low, mut high) = (0, budget.saturating_mul(oldest) + 1);
    while low + 1 < high {
        let level = low.midpoint(high);
        if fits(level) {
            low = level;
        } else {
            high = level;
        }
    }
    at(low).collect()
}

#[cfg(test)]
mod tests {
    use super::{Claim, shares};

    fn claims(tokens: &[u64], least: u64) -> Vec<Claim> {
        let ages = (1..=tokens.len() as u64).rev();
        let claims = tokens.iter().zip(ages);
        claims
            .map(|(tokens, age)| Claim {
                tokens: *tokens,
                least,
                age,
            })
            .collect()
    }

    #[test]
    fn the_newest_get_most_and_what_they_do_not_need_goes_to_the_others() {
        let of = |tokens: &[u64], least, budget| shares(&claims(tokens, least), budget);
        assert_eq!(of(&[900, 900, 900], 0, 1100), [200, 300, 600]);
        assert_eq!(of(&[900, 900, 300], 0, 1100), [320, 480, 300]);
        assert_eq!(of(&[900, 10, 900], 0, 1210), [300, 10, 900]);
        assert_eq!(of(&[900, 900, 900], 250, 1100), [250, 283, 567]);
        assert_eq!(of(&[5, 6, 7], 0, 18), [5, 6, 7]);
        assert_eq!(of(&[], 0, 18), [0; 0]);
    }

    #[test]
    fn shares_fit_the_budget_and_grow_with_it() {
        let tokens: Vec<u64> = (0..60).map(|at| at * at * 7919 % 4096).collect();
        let all: u64 = tokens.iter().sum();
        let mut smaller = vec![0; tokens.len()];
        for budget in (60 * 192..all + 999).step_by(997) {
            let larger = shares(&claims(&tokens, 192), budget);
            assert!(larger.iter().zip(&smaller).all(|(more, less)| more >= less));
            let sum: u64 = larger.iter().sum();
            assert!(
                sum <= budget && (sum + 60 > budget || sum == all),
                "{sum} {budget}"
            );
            smaller = larger;
        }
        assert_eq!(smaller, tokens);
        // What all payloads keep may be more than the budget.
        let least: u64 = tokens.iter().map(|tokens| *tokens.min(&192)).sum();
        assert_eq!(shares(&claims(&tokens, 192), 100).iter().sum::<u64>(), least);
    }
}
