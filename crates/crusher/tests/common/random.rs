//! A small source of random numbers. A seed gives the same numbers on every machine.

/// `SplitMix64` (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014), and the size of
/// the case.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// About the most rows, members or bytes in a part of the case.
    pub size: usize,
}

impl Random {
    pub fn new(seed: u64, size: usize) -> Self {
        Self {
            state: seed.wrapping_mul(0xd134_2543_de82_ef95),
            size,
        }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, or 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn within(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Returns true in `percent` of 100 cases.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Returns a source of its own for a part of the case. However many numbers the part draws, the rest of
    /// the case stays the same.
    pub fn fork(&mut self) -> Self {
        Self {
            state: self.next(),
            size: self.size,
        }
    }

    /// Returns `count` characters of an ASCII alphabet.
    pub fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(*self.pick(alphabet))).collect()
    }
}
