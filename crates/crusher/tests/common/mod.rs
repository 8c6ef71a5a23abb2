//! Generators and checks that the tests share.
//!
//! The generators are written for speed, so that 40,000 documents take seconds. They are a seeded source of
//! random numbers, a JSON tree that remembers how it is spelled, and documents in the shapes of real tool
//! results. Some of their strings try to read as the notation. A failing case is named by its seed and size.
//! `smallest` then finds the smallest size that still fails.

#![allow(dead_code, reason = "each test binary uses its own part of the generators")]
#![allow(
    clippy::similar_names,
    clippy::match_same_arms,
    clippy::cast_possible_wrap,
    reason = "weights are listed by kind; numbers are small"
)]

pub mod check;
pub mod documents;
pub mod envelopes;
pub mod json;
pub mod mutate;
pub mod random;
pub mod shelf;
pub mod strings;
pub mod texts;
pub mod time;

use random::Random;

/// The seed of the first case. Seeds are fixed, so that a case which failed once is tried again.
const FIRST_SEED: u64 = 0x005e_ed00;

/// Returns how many cases a property tries: its share, in percent, of `HEADROOM_PROPERTY_CASES`. The default
/// is 40,000 in an optimized build. It is 2,000 in a debug build, where each case takes fifty times as long.
pub fn cases(share_percent: u64) -> u64 {
    let all = std::env::var("HEADROOM_PROPERTY_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let all: u64 = all.unwrap_or(if cfg!(debug_assertions) { 2_000 } else { 40_000 });
    (all * share_percent / 100).max(1)
}

/// Runs a property on `count` cases of different sizes. `HEADROOM_PROPERTY_SEED` moves to other cases.
///
/// # Panics
/// If the property refuses a case, with its seed and the smallest size that fails.
pub fn each(count: u64, mut property: impl FnMut(&mut Random) -> Result<(), String>) {
    let offset = std::env::var("HEADROOM_PROPERTY_SEED")
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0);
    for case in 0..count {
        let seed = FIRST_SEED
            .wrapping_add(offset.wrapping_mul(0x1_0000_0000))
            .wrapping_add(case);
        let size = size_of_case(case);
        if let Err(found) = property(&mut Random::new(seed, size)) {
            let (size, found) = smallest(seed, size, &mut property).unwrap_or((size, found));
            panic!("seed {seed:#x} size {size}: {found}");
        }
    }
}

/// Returns the size of a case. Most documents are small, and a few have some hundred rows: a big one costs as
/// much as all small ones together.
fn size_of_case(case: u64) -> usize {
    match case % 64 {
        0 => 160,
        1..8 => 40,
        _ => 4 + (case % 17) as usize,
    }
}

fn smallest(
    seed: u64,
    size: usize,
    property: &mut impl FnMut(&mut Random) -> Result<(), String>,
) -> Option<(usize, String)> {
    (1..size).find_map(|size| {
        property(&mut Random::new(seed, size))
            .err()
            .map(|found| (size, found))
    })
}

/// Returns bytes as text for the message of a failure, cut if they are long.
pub fn show(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= 6_000 {
        return text.into_owned();
    }
    let head: String = text.chars().take(3_000).collect();
    format!("{head}… ({} bytes)", bytes.len())
}
