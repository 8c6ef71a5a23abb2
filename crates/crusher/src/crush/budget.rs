//! Compares texts with budgets in tokens. A text that may be near its budget is counted exactly.

use crate::tokens;

/// A text of more bytes for each token of its budget is over it, and isn't counted.
const MOST_BYTES_PER_TOKEN: usize = 64;
/// A shorter text is counted even if its estimate fits: it may be punctuation only.
const COUNTED_BYTES: usize = 2048;
/// A text is counted in pieces of this many bytes, until it is known to fit.
const PIECE_BYTES: usize = 2048;
/// Two texts of fewer estimated tokens are counted if their estimates are too close to decide.
const COMPARED_TOKENS: usize = 512;

/// Returns by how many tokens a text exceeds its budget. This is exact if the text may be near the budget,
/// and estimated if it is far above.
pub(crate) fn excess(text: &[u8], budget: usize) -> usize {
    uncounted(text, budget).unwrap_or_else(|| counted(&String::from_utf8_lossy(text), budget))
}

/// Returns by how many tokens a text exceeds its budget, or none if the text must be counted to tell.
pub(crate) fn uncounted(text: &[u8], budget: usize) -> Option<usize> {
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

/// Returns a number of tokens that a text is sure not to exceed, without counting them.
pub(crate) fn most(text: &[u8]) -> usize {
    if text.len() < COUNTED_BYTES {
        text.len()
    } else {
        at_most(text, tokens::estimate(text))
    }
}

/// Counts by how many tokens a text exceeds its budget. It counts piece by piece, and stops once the rest is
/// sure to fit.
pub(crate) fn counted(text: &str, budget: usize) -> usize {
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

/// The text that was counted last, and its excess. A payload of one part would be counted twice without it.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub text: Vec<u8>,
    pub budget: usize,
    pub excess: usize,
}

/// Returns the tokens of the new and the old text, to compare them: their estimates or, if these are small
/// and close to each other, their counts.
pub(crate) fn compared(texts: [&[u8]; 2], [after, before]: [usize; 2]) -> [usize; 2] {
    // Estimates of texts so alike are off by one part in 32 and one token at most.
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

/// Returns the most tokens that a text can take. Random lower-case letters take up to twice their estimate.
/// Rare scripts, and random capitals, which look like acronyms, take far more.
fn at_most(text: &[u8], estimate: usize) -> usize {
    let is_strange = |byte: &u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    // A sum in a byte lets the processor add many at a time.
    let count = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| u8::from(is_strange(byte))).sum::<u8>());
    let strange: usize = text.chunks(usize::from(u8::MAX)).map(count).sum();
    2 * estimate + strange
}

/// Returns a budget scaled by a bias, which is above 0 and at most 1000.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "budgets are far below 2^52"
)]
pub(crate) fn scaled(budget: usize, bias: f64) -> usize {
    ((budget as f64 * bias) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::compared;
    use crate::tokens::count;

    #[test]
    fn small_texts_of_like_estimates_are_counted_before_they_are_compared() {
        let counted = |first: &str, second: &str, estimates| {
            let compared = compared([first.as_bytes(), second.as_bytes()], estimates);
            compared == [first, second].map(count)
        };
        assert!(counted("[]{a:Paris", r#"{"a":"Paris"}"#, [6, 5]));
        assert!(counted("hello world", "hello, world", [8, 7]));
        assert!(!counted("hello world", "hello, world", [9, 7]));
        assert!(counted("hello world", "hello, world", [480, 496]));
        assert!(!counted("hello world", "hello, world", [479, 496]));
        assert!(!counted("hello world", "hello, world", [512, 512]));
    }
}
