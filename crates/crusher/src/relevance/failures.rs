//! Finds the texts that report an error or a failure.

use std::sync::OnceLock;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Stems of words in texts that report an error, in lower case, upper case or capitalized. A hit counts only
/// if its surroundings agree.
const STEMS: [&str; 7] = [
    "error",
    "exception",
    "traceback",
    "panic",
    "fatal",
    "failed",
    "failure",
];

/// Spellings of each stem.
const SPELLINGS: usize = 3;

/// Returns the stems in all their spellings, those of one stem together.
fn spellings() -> impl Iterator<Item = Vec<u8>> {
    STEMS.iter().flat_map(|stem| {
        let mut capitalized = stem.as_bytes().to_vec();
        if let Some(first) = capitalized.first_mut() {
            first.make_ascii_uppercase();
        }
        [
            stem.as_bytes().to_vec(),
            capitalized,
            stem.as_bytes().to_ascii_uppercase(),
        ]
    })
}

/// Finds failures in texts.
#[derive(Debug)]
pub(crate) struct FailureWords {
    stems: Option<AhoCorasick>,
    /// Finds the stems faster, in vectors of bytes. None on processors without them.
    quick: Option<Searcher>,
}

impl FailureWords {
    /// Returns the instance that all calls share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<FailureWords> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    fn new() -> Self {
        let stems = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(spellings());
        // To build this from seven fixed words can't fail. If it did, categories and codes would still report
        // failures.
        Self {
            stems: stems.ok(),
            quick: Searcher::new(spellings()),
        }
    }

    /// Returns a function that tells whether a part of a text, from one byte to another, may hold a stem. Ask
    /// it for parts in order, from the byte `from` on. It is many times faster than `tells`, and rules out
    /// most parts.
    pub fn survey<'t>(&'t self, text: &'t [u8], from: u32) -> impl FnMut(u32, u32) -> bool + 't {
        let rest = text.get(from as usize..).unwrap_or_default();
        let mut hits = self.quick.as_ref().map(|quick| quick.find_iter(rest).peekable());
        move |start, end| {
            let Some(hits) = &mut hits else { return true };
            let place = |at: usize| at as u32 + from;
            while hits.next_if(|hit| place(hit.end()) <= start).is_some() {}
            hits.peek().is_some_and(|hit| place(hit.start()) < end)
        }
    }

    /// Returns true for text that reports an error, and false for text about errors.
    pub fn tells(&self, text: &[u8]) -> bool {
        let Some(stems) = &self.stems else { return false };
        stems.find_iter(text).any(|hit| {
            let word = text.get(hit.range()).unwrap_or_default();
            let before = hit.start().checked_sub(1).and_then(|at| text.get(at)).copied();
            let behind = text.get(hit.end()..).unwrap_or_default();
            let at_start = before.is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let at_end = behind.first().is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let is_shouted = word.iter().all(u8::is_ascii_uppercase) && at_start && at_end;
            let is_announced = matches!(behind.first(), Some(b':' | b'[')) && behind.get(1) != Some(&b':');
            let is_type = word.first().is_some_and(u8::is_ascii_uppercase)
                && before.is_some_and(|b| b.is_ascii_lowercase());
            match hit.pattern().as_usize() / SPELLINGS {
                2 => behind.starts_with(b" (most recent call"),
                3 => (at_start && is_announced) || behind.starts_with(b"ked at "),
                5 => {
                    is_shouted
                        || (at_start
                            && (is_announced || behind.starts_with(b" to ") || behind.starts_with(b" with ")))
                }
                0 | 1 => is_shouted || (is_announced && (at_start || is_type)),
                _ => is_shouted || (at_start && is_announced),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::FailureWords;

    #[test]
    fn text_that_reports_an_error_is_told_from_text_about_errors() {
        let reports = [
            "Traceback (most recent call last):\n  File",
            "ValueError: bad",
            "java.lang.NullPointerException: null",
            "error: expected `;`",
            "error[E0308]: mismatched types",
            "thread 'main' panicked at src/main.rs:1",
            "12:01 ERROR disk full",
            "FATAL: role does not exist",
            "--- FAILED (3 of 5)",
            "failed to connect",
            "request failed with status 500",
        ];
        for text in reports {
            assert!(FailureWords::shared().tells(text.as_bytes()), "{text}");
        }
        let others = [
            "how to handle errors in Python",
            "error_count",
            "the errors: a comedy",
            "failover",
            "std::error::Error",
            "exceptional",
            "panicking",
            "Fatality rates",
            "no failures",
            "",
        ];
        for text in others {
            assert!(!FailureWords::shared().tells(text.as_bytes()), "{text}");
        }
    }
}
