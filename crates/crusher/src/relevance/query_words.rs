//! The words of a query, and where a text holds them.

use crate::hashing::Map;
use crate::relevance::words::{Word, words};

/// Of a longer query only the end is read, since what was said last matters most.
const MAX_QUERY_BYTES: usize = 4 << 10;
/// A query of so many words or fewer is a question, and a rare word in it names a row.
const QUESTION_WORDS: usize = 32;
/// Bits of the filter in front of the hash map.
const FILTER_BITS: usize = 1 << 14;

/// A word of the query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    /// True if it looks like an identifier: it has digits, or several words joined.
    pub is_identifier: bool,
    pub bytes: u32,
}

/// A query, split into its words once.
#[derive(Debug)]
pub(crate) struct QueryWords {
    /// Only looked up, never iterated.
    by_hash: Map<u64, u32>,
    filter: Vec<u64>,
    pub terms: Vec<Term>,
}

impl QueryWords {
    /// Reads the words of a query. Returns none for a query without words.
    pub fn new(query: &str) -> Option<Self> {
        let text = query.as_bytes();
        let text = text
            .get(text.len().saturating_sub(MAX_QUERY_BYTES)..)
            .unwrap_or_default();
        let mut this = Self {
            by_hash: Map::default(),
            filter: vec![0; FILTER_BITS / 64],
            terms: Vec::new(),
        };
        words(text, |word| {
            if word.bytes < 2 && !word.has_digit {
                return;
            }
            let next = this.terms.len() as u32;
            if *this.by_hash.entry(word.hash).or_insert(next) == next {
                let is_identifier = word.is_joined || (word.has_digit && word.bytes >= 4);
                this.terms.push(Term {
                    is_identifier,
                    bytes: word.bytes,
                });
                if let Some(bits) = this.filter.get_mut(word.hash as usize % FILTER_BITS / 64) {
                    *bits |= 1 << (word.hash % 64);
                }
            }
        });
        (!this.terms.is_empty()).then_some(this)
    }

    /// Returns the number of a word of the query, by its hash.
    pub fn find(&self, hash: u64) -> Option<u32> {
        let bits = self
            .filter
            .get(hash as usize % FILTER_BITS / 64)
            .copied()
            .unwrap_or(0);
        if bits >> (hash % 64) & 1 == 0 {
            return None;
        }
        self.by_hash.get(&hash).copied()
    }

    /// Returns the number of different words.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Calls `each` for every word of a text that the query has, too, with its number in the query.
    pub fn find_in(&self, text: &[u8], mut each: impl FnMut(u32, &Word)) {
        words(text, |word| {
            if let Some(term) = self.find(word.hash) {
                each(term, &word);
            }
        });
    }

    /// Returns true for a query so short that each of its words counts.
    pub fn is_question(&self) -> bool {
        self.terms.len() <= QUESTION_WORDS
    }

    /// Returns true for a term that points to the few texts that hold it: an identifier, or any word of a
    /// question.
    pub fn points(&self, term: u32) -> bool {
        let is_question = self.is_question();
        self.terms
            .get(term as usize)
            .is_some_and(|term| term.is_identifier || (is_question && term.bytes >= 3))
    }
}
