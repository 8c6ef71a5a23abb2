//! Texts that the caller wants to see, wherever they stand.

use aho_corasick::AhoCorasick;

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED};
use crate::select::analysis::Analysis;
use crate::select::column_statistics::Shape;

/// Searches for all texts at once. ASCII letters match in either case; other letters as given, all lower or all upper.
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

    /// Marks rows that hold one of the texts: as JSON text, keys included, or inside a value without its escapes.
    pub fn mark(&self, doc: &Doc<'_>, analysis: &Analysis, mut hit: impl FnMut(u32)) {
        let mut decoded = Vec::new();
        for ((row, cells), at) in analysis.iter().zip(&analysis.rows) {
            let mut in_value = |node| {
                decoded.clear();
                spelling::decode(doc.inner(node), &mut decoded) && self.find(&decoded)
            };
            let mut escaped = cells
                .iter()
                .filter(|cell| cell.shape == Shape::String)
                .map(|cell| doc.node(cell.node));
            if self.find(doc.raw(doc.node(*at)))
                || escaped.any(|node| node.flags & ESCAPED != 0 && in_value(node))
            {
                hit(row);
            }
        }
    }
}
