//! Which parts of a long text stay visible beside its marker.
//!
//! An excerpt is made of whole lines where lines are short, else of pieces of them: the caller's texts, the
//! head and the tail, errors and what follows them, what the query speaks of, lines of a new pattern; then
//! the lines that show most words for their size that nothing shows yet, which passes over repetition and
//! finds what is defined; and last the names in what is left out.

use crate::excerpt::choice::{Choice, Excerpt};
use crate::excerpt::shorten::shorten;
use crate::excerpt::survey::{Interest, Survey};
use crate::tokens;

/// A text is shortened so many times until it fits.
const MAX_ATTEMPTS: usize = 12;

/// Cuts a text down to about `max_tokens`, and further as long as `excess` finds tokens too many; in its
/// order, with gaps shown as `…`. A text that fits comes back whole; where nothing fits, nothing does.
pub(crate) fn cut(
    text: &str,
    max_tokens: usize,
    interest: Interest<'_>,
    excess: &dyn Fn(&str) -> usize,
) -> Excerpt {
    if max_tokens == 0 {
        return Excerpt::default();
    }
    // Few texts have more bytes in a token than this, so that most need not be estimated whole.
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

/// As much of the beginning as fits: for budgets smaller than any unit.
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
