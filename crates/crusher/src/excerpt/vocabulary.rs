//! Numbers the words of a text, and notes how often and where they stand. They tell what each part of an
//! excerpt is worth.

use crate::hashing::Map;
use crate::relevance::words::{Word, spelled_words};

/// Shorter words say little.
const MIN_BYTES: u32 = 4;
/// At most so many different words of a text are told apart, those that come first.
const MAX_WORDS: usize = 1 << 16;
/// At most so many words before a text are noted. Beyond that, nearly every word stood before.
const MAX_KNOWN: usize = 1 << 20;
/// The worth of a new word, and of one that stands before the text in its record.
const WORTH: u32 = 80;
const WORTH_KNOWN: u32 = 2;
/// More occurrences than this make a word no more important.
const MAX_COUNTED: u32 = 16;

/// Numbers of words, by the hash of their spelling. Words are only added.
#[derive(Debug, PartialEq)]
pub(crate) struct WordNumbers {
    numbers: Map<u64, u32>,
    most: usize,
}

impl Default for WordNumbers {
    fn default() -> Self {
        Self::at_most(MAX_KNOWN)
    }
}

impl WordNumbers {
    /// Returns an empty list that takes at most so many words.
    fn at_most(most: usize) -> Self {
        let numbers = Map::default();
        Self { numbers, most }
    }

    /// Notes the words of a text.
    pub fn read(&mut self, text: &[u8]) {
        spelled_words(text, |word| {
            if tells(&word) {
                self.number(word.hash);
            }
        });
    }

    fn find(&self, hash: u64) -> Option<u32> {
        self.numbers.get(&hash).copied()
    }

    /// Returns the number of a word. A new word gets one while there is room.
    fn number(&mut self, hash: u64) -> Option<u32> {
        if self.numbers.len() >= self.most {
            return self.find(hash);
        }
        let next = self.numbers.len() as u32;
        Some(*self.numbers.entry(hash).or_insert(next))
    }
}

/// Returns true for a word that says something by itself: it is long enough, and has a letter.
fn tells(word: &Word) -> bool {
    word.bytes >= MIN_BYTES && word.has_letter
}

/// One different word of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextWord {
    /// Where it stands first.
    pub start: u32,
    pub bytes: u32,
    count: u32,
    has_digit: bool,
    is_known: bool,
    /// True if it stands in what is shown.
    pub is_shown: bool,
}

impl TextWord {
    /// Returns what it is worth to show the word. A word that recurs is what the text is about. One that
    /// stood earlier need not be shown again. Words with digits are many and alike.
    pub fn worth(&self) -> u32 {
        let worth = if self.is_known { WORTH_KNOWN } else { WORTH };
        let recurring = worth + worth / 2 * self.count.clamp(1, MAX_COUNTED).ilog2();
        if self.has_digit { recurring / 8 } else { recurring }
    }

    /// Returns true if the word stands nowhere before the text.
    pub fn is_new(&self) -> bool {
        !self.is_known
    }
}

/// The words of one text.
#[derive(Debug)]
pub(crate) struct Vocabulary<'k> {
    words: WordNumbers,
    known: &'k WordNumbers,
    pub entries: Vec<TextWord>,
    /// Numbers of the words of the part at hand.
    part: Vec<u32>,
}

impl<'k> Vocabulary<'k> {
    /// Returns an empty vocabulary. `known` are the words that stand before the text.
    pub fn new(known: &'k WordNumbers) -> Self {
        Self {
            words: WordNumbers::at_most(MAX_WORDS),
            known,
            entries: Vec::new(),
            part: Vec::new(),
        }
    }

    /// Notes the words of a part of the text that begins at `start`. Appends the number of each, once, to
    /// `numbers`. Returns true if there are words that no part before has.
    pub fn read(&mut self, part: &[u8], start: u32, numbers: &mut Vec<u32>) -> bool {
        let before = self.entries.len();
        self.part.clear();
        spelled_words(part, |word| {
            if !tells(&word) {
                return;
            }
            let Some(number) = self.words.number(word.hash) else {
                return;
            };
            if let Some(entry) = self.entries.get_mut(number as usize) {
                entry.count += 1;
            } else {
                let entry = TextWord {
                    start: start + word.start,
                    bytes: word.bytes,
                    count: 1,
                    has_digit: word.has_digit,
                    is_known: self.known.find(word.hash).is_some(),
                    is_shown: false,
                };
                self.entries.push(entry);
            }
            self.part.push(number);
        });
        self.part.sort_unstable();
        self.part.dedup();
        numbers.extend_from_slice(&self.part);
        self.entries.len() > before
    }

    /// Returns the worth of those words that nothing shows yet.
    pub fn gain(&self, numbers: &[u32]) -> u32 {
        let hidden = self.entries_of(numbers).filter(|entry| !entry.is_shown);
        hidden.map(TextWord::worth).sum()
    }

    fn entries_of(&self, numbers: &[u32]) -> impl Iterator<Item = &TextWord> {
        numbers
            .iter()
            .filter_map(|number| self.entries.get(*number as usize))
    }

    /// Notes that words are shown.
    pub fn show(&mut self, numbers: &[u32]) {
        for number in numbers {
            if let Some(entry) = self.entries.get_mut(*number as usize) {
                entry.is_shown = true;
            }
        }
    }

    /// Notes that the words of a text are shown.
    pub fn show_text(&mut self, text: &[u8]) {
        spelled_words(text, |word| {
            if let Some(number) = self.words.find(word.hash) {
                self.show(&[number]);
            }
        });
    }
}
