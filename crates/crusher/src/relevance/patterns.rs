//! Texts that the caller wants to see, wherever they stand.

use aho_corasick::AhoCorasick;

/// Searches for all texts at once. ASCII letters match in either case; other letters as given, all lower or
/// all upper.
#[derive(Debug)]
pub(crate) struct Patterns {
    searcher: AhoCorasick,
}

impl Patterns {
    /// None without patterns, and for patterns beyond what the search machine can hold (2 GiB).
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

    /// True if one of the texts stands in this one.
    pub fn find(&self, text: &[u8]) -> bool {
        self.searcher.is_match(text)
    }
}
