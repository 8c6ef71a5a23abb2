//! Finds the texts that the caller wants to see, wherever they stand.

use aho_corasick::AhoCorasick;

/// Searches for all patterns at once. ASCII letters match in either case. Other letters match as given, all
/// in lower case, or all in upper case.
#[derive(Debug)]
pub(crate) struct Patterns {
    searcher: AhoCorasick,
}

impl Patterns {
    /// Returns none without patterns, and for patterns beyond what the automaton can hold (2 GiB).
    pub fn new(patterns: &[String]) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let mut spellings: Vec<String> = patterns
            .iter()
            .flat_map(|text| [text.clone(), text.to_lowercase(), text.to_uppercase()])
            .collect();
        spellings.sort_unstable();
        spellings.dedup();
        let searcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(spellings)
            .ok()?;
        Some(Self { searcher })
    }

    /// Returns true if a text holds one of the patterns.
    pub fn find(&self, text: &[u8]) -> bool {
        self.searcher.is_match(text)
    }
}
