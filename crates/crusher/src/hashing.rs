//! Hashes of bytes, and hash maps that use them.
//!
//! `hash` is the same in every run, so that equal input leads to equal decisions. Maps draw a seed for each
//! process, so that nobody can prepare keys that collide. Their order is random, so nothing may depend on it:
//! most maps are only looked up, and what is collected from the others is sorted or counted.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// A hash map for keys from hostile input.
pub(crate) type Map<K, V> = HashMap<K, V, Seeded>;

/// Returns a hash of some bytes. Where two texts collide, decisions based on it are less sharp, but still
/// valid.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    fold(0, bytes)
}

fn fold(seed: u64, bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = seed ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    let (blocks, rest) = bytes.as_chunks::<32>();
    if !blocks.is_empty() {
        // Four multiplications at a time, so that none waits for another.
        let mut lanes = [state, !state, state.rotate_left(17), !state.rotate_left(31)];
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = mix(*lane ^ u64::from_le_bytes(*word));
            }
        }
        state = lanes.into_iter().fold(state, |state, lane| mix(state ^ lane));
    }
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let last = rest.iter().fold(0, |last, byte| last << 8 | u64::from(*byte));
    mix(state ^ last)
}

/// Spreads every bit over the word: the two halves of a 128-bit product, combined.
fn mix(word: u64) -> u64 {
    let product = u128::from(word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

/// Builds the hashers of a map, all from the seed of this process.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Default for Seeded {
    fn default() -> Self {
        static SEED: OnceLock<u64> = OnceLock::new();
        Self(*SEED.get_or_init(|| RandomState::new().hash_one(0)))
    }
}

impl BuildHasher for Seeded {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding(self.0)
    }
}

/// Computes the hash of one key.
pub(crate) struct Folding(u64);

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(self.0, bytes);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::collections::HashSet;

    #[test]
    fn texts_that_differ_in_one_byte_or_in_length_differ_in_hash() {
        let mut seen = HashSet::new();
        let mut count = 0;
        for length in 0..100 {
            let mut text = vec![b'a'; length];
            seen.insert(hash(&text));
            count += 1;
            for at in 0..length {
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'b';
                }
                seen.insert(hash(&text));
                count += 1;
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'a';
                }
            }
        }
        assert_eq!(seen.len(), count);
    }
}
