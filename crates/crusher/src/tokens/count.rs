//! Counts the o200k tokens of a text exactly, and cuts a text where that doesn't change the count.

use std::sync::OnceLock;

use crate::tokens::estimate::estimate;

/// Longer texts are counted in pieces of at most this size.
const COUNTED_BYTES: usize = 1 << 16;

/// Counts the o200k tokens of a text exactly. Special tokens are read as plain text.
///
/// Ordinary text is counted at 50 to 280 MB/s. A run of 64 KiB or more that is all letters, punctuation or
/// space is counted in pieces of that size, since its time grows faster than its length. There the count may
/// be off by a token or two for each 64 KiB.
#[must_use]
pub fn count(text: &str) -> usize {
    static VOCABULARY: OnceLock<Option<&'static tiktoken::CoreBpe>> = OnceLock::new();
    // The vocabulary is a feature of this build, so `None` can't happen. If it did, the estimate would be the
    // next best answer.
    let Some(encoding) = VOCABULARY.get_or_init(|| tiktoken::get_encoding("o200k_base")) else {
        return estimate(text.as_bytes());
    };
    let count = |(piece, _): (&str, bool)| encoding.count(piece);
    pieces(text, COUNTED_BYTES).map(count).sum()
}

/// Splits a text into pieces of at most `max_bytes`. Each comes with true if o200k itself always cuts the
/// text at its end. Only then do the counts of the pieces add up to the count of the text.
pub(crate) fn pieces(text: &str, max_bytes: usize) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (at, safe) = if rest.len() > max_bytes {
            cut(rest, max_bytes)
        } else {
            (rest.len(), true)
        };
        let (piece, behind) = rest.split_at(at);
        rest = behind;
        Some((piece, safe))
    })
}

/// Returns where to cut a long text: the last place in its first piece at which o200k always cuts, and true.
/// Such a place is behind an ASCII letter or digit, and before a space or punctuation, or between a letter
/// and a digit. Before `'` there is none, since it may begin a contraction. Without such a place, it returns
/// the last end of a character, and false.
fn cut(text: &str, max_bytes: usize) -> (usize, bool) {
    let head = text.as_bytes().get(..=max_bytes).unwrap_or_default();
    let safe = head.windows(2).rposition(|pair| match pair {
        [before, behind] if before.is_ascii_alphanumeric() => {
            *behind == b' '
                || (behind.is_ascii_punctuation() && *behind != b'\'')
                || (before.is_ascii_digit() && behind.is_ascii_alphabetic())
                || (before.is_ascii_alphabetic() && behind.is_ascii_digit())
        }
        _ => false,
    });
    let any = || {
        (0..=max_bytes)
            .rfind(|at| text.is_char_boundary(*at))
            .unwrap_or(text.len())
    };
    safe.map_or_else(|| (any(), false), |at| (at + 1, true))
}
