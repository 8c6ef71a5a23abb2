//! Budgets in tokens, and by how much a text exceeds one: counted exactly where it may be near.

use crate::tokens;

/// A text of more bytes for each token of its budget isn't counted: it is over.
const MOST_BYTES_PER_TOKEN: usize = 64;
/// Shorter texts are counted whatever the estimate says: they may be of punctuation only.
const COUNTED_BYTES: usize = 2048;
/// A text is counted in pieces of so many bytes, until it is known to fit.
const PIECE_BYTES: usize = 2048;
/// Texts of fewer estimated tokens are counted where their estimates are too near one another to decide.
const COMPARED_TOKENS: usize = 512;
/// By how many tokens a text exceeds its budget. What may be near it is counted exactly, what is far above is
/// estimated.
pub(crate) fn excess(text: &[u8], budget: usize) -> usize {
    uncounted(text, budget).unwrap_or_else(|| counted(&String::from_utf8_lossy(text), budget))
}

/// By how many tokens a text exceeds its budget that isn't near it.
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

/// By how many tokens a text exceeds its budget, counted piece by piece as long as the rest might not fit.
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

/// The text that was counted last: what is printed for a part is often the whole.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub text: Vec<u8>,
    pub budget: usize,
    pub excess: usize,
}

/// The tokens of what was written and of what stood there before, to be compared: their estimates or, where
/// these are near and small, counts.
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

/// What a text takes at the most. The estimate takes random small letters for half of what they are, and
/// strange scripts and random capitals, which look like acronyms, for far less.
fn at_most(text: &[u8], estimate: usize) -> usize {
    let is_strange = |byte: &u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    // Bytes are counted in bytes, which is many at a time.
    let count = |bytes: &[u8]| usize::from(bytes.iter().map(|byte| u8::from(is_strange(byte))).sum::<u8>());
    let strange: usize = text.chunks(usize::from(u8::MAX)).map(count).sum();
    2 * estimate + strange
}

/// A budget scaled by the caller's bias, which is above 0 and at most 1000.
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
