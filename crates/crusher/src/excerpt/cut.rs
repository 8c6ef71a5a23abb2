//! Cuts a long text to an excerpt.
//!
//! An excerpt is made of whole lines if lines are short, or else of pieces of them. These come first: the
//! caller's patterns, the head and the tail, errors and what follows them, words of the query, and lines of a
//! new pattern. Then come the lines that show most new words for their size, which skips repetition and finds
//! definitions. Last come names from what is left out.

use crate::excerpt::choice::{Choice, Excerpt};
use crate::excerpt::shorten::shorten;
use crate::excerpt::survey::{Interest, Survey};
use crate::tokens;

/// An excerpt is shortened at most so many times until it fits.
const MAX_ATTEMPTS: usize = 12;

/// Cuts a text down to an excerpt of at most `max_tokens` estimated tokens. `excess` returns by how many
/// tokens a text is over its budget; the excerpt is shortened until that is 0. It keeps the order of the
/// text, and shows gaps as `…`. A text that fits comes back whole. If no part fits, the excerpt is empty.
pub(crate) fn cut(
    text: &str,
    max_tokens: usize,
    interest: Interest<'_>,
    excess: &dyn Fn(&str) -> usize,
) -> Excerpt {
    if max_tokens == 0 {
        return Excerpt::default();
    }
    // Few texts have more than 16 bytes in a token, so most long texts need no estimate.
    if text.len() <= max_tokens * 16 && tokens::estimate(text.as_bytes()) <= max_tokens && excess(text) == 0 {
        return Excerpt {
            text: text.to_owned(),
            ..Excerpt::default()
        };
    }
    let mut survey = Survey::new(text, max_tokens, interest);
    let units = survey.read();
    let mut choice = Choice::new(text, &units, &survey.words, survey.vocabulary, max_tokens as u64);
    for _ in 0..MAX_ATTEMPTS {
        let excerpt = choice.print(survey.lines);
        let excess =
            excess(&excerpt.text).max(tokens::estimate(excerpt.text.as_bytes()).saturating_sub(max_tokens));
        if excess == 0 {
            return excerpt;
        }
        choice.give_back(excess as u64);
    }
    Excerpt {
        text: opening(text, max_tokens, excess),
        lines_total: survey.lines,
        lines_kept: 1,
        rules: vec![("head", 1)],
    }
}

/// Returns as much of the beginning as fits, for budgets smaller than any unit.
fn opening(text: &str, max_tokens: usize, excess: &dyn Fn(&str) -> usize) -> String {
    let mut bytes = max_tokens * 4;
    while bytes > 0 {
        let head = format!("{}…", shorten(text, bytes));
        if tokens::estimate(head.as_bytes()) <= max_tokens && excess(&head) == 0 {
            return head;
        }
        bytes = bytes * 3 / 4;
    }
    String::new()
}
