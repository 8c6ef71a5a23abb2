//! The exact count of the o200k tokens of a text, and places at which a text may be cut without changing it.

use std::sync::OnceLock;

use crate::tokens::estimate::estimate;

/// Longer texts are counted in pieces of at most this size.
const COUNTED_BYTES: usize = 1 << 16;

/// Counts the o200k tokens of a text exactly, special tokens read as plain text.
///
/// Text as people write it goes at 50 to 280 MB/s. A run of 64 KiB and more of letters alone, or of nothing
/// but punctuation or space, is counted in pieces of that size, since merging one such run takes more than
/// linear time: there the count may be off by a token or two for each 64 KiB.
#[must_use]
pub fn count(text: &str) -> usize {
    static VOCABULARY: OnceLock<Option<&'static tiktoken::CoreBpe>> = OnceLock::new();
    // The vocabulary is a feature of this build, so that `None` can't happen; were it to, the estimate is the
    // next best answer.
    let Some(encoding) = VOCABULARY.get_or_init(|| tiktoken::get_encoding("o200k_base")) else {
        return estimate(text.as_bytes());
    };
    let count = |(piece, _): (&str, bool)| encoding.count(piece);
    pieces(text, COUNTED_BYTES).map(count).sum()
}

/// Pieces of at most `max_bytes`; false for one that isn't cut where o200k cuts whatever stands around it.
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

/// Where a long text can be cut: the last place in the first piece at which o200k cuts whatever stands around
/// it. Such a place is behind an ASCII letter or digit and before a space, before punctuation other than `'`
/// (which may begin a contraction), or between a letter and a digit. Where there is none, between any two
/// characters, and false.
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
