//! Reads a long text once: its lines, or pieces of long ones, and the reasons to show each.
//!
//! Only some units are noted: those at the two ends, those with new words, and those that a rule marks.

use std::collections::VecDeque;

use crate::excerpt::lines::{pattern_hash, piece};
use crate::excerpt::vocabulary::{Vocabulary, WordNumbers};
use crate::hashing::Map;
use crate::relevance::failures::FailureWords;
use crate::relevance::patterns::Patterns;
use crate::relevance::query_words::QueryWords;

/// The smallest and the largest size of the pieces of long lines. A larger budget gets larger pieces.
const PIECE_BYTES: (usize, usize) = (48, 200);
/// Number of lines after an error that belong to it.
const LINES_AFTER_ERROR: usize = 3;
/// At most so many errors of one line pattern are marked.
const MAX_EQUAL_ERRORS: u32 = 4;
/// In a text with more line patterns than this, a new one is no signal.
const MAX_LINE_PATTERNS: usize = 4096;
/// A word of the query that stands in more units than this marks none of them.
const MAX_HOLDING: usize = 16;
/// A word of the query that stands in at most so many units names them.
const MAX_NAMED: usize = 2;

/// The scores of the reasons to show a unit.
pub(crate) const PATTERN: u32 = 10_000;
const ERROR: u32 = 1000;
const NAMED: u32 = 900;
const AFTER_ERROR: u32 = 300;
/// From this score on, a rule asks for a unit.
pub(crate) const URGENT: u32 = 300;
const RELEVANT: u32 = 200;
const UNIQUE_LINE: u32 = 120;
const NEW_LINE: u32 = 60;

/// What matters to the reader of an excerpt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interest<'i> {
    /// The words that the reader is after.
    pub query: &'i str,
    /// Words that the reader has seen.
    pub known: &'i WordNumbers,
    /// Texts to show wherever they stand.
    pub keep_patterns: &'i [String],
}

/// A line, or a piece of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its place among all units of the text.
    pub ordinal: u32,
    pub start: u32,
    pub end: u32,
    pub line: u32,
    pub starts_line: bool,
    pub ends_line: bool,
    /// The sum of the scores that rules give it.
    pub score: u32,
    /// The range of its words in the list of all words.
    words: (u32, u32),
}

impl Unit {
    /// Returns its text.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Returns the numbers of its words.
    pub fn words<'w>(&self, words: &'w [u32]) -> &'w [u32] {
        words
            .get(self.words.0 as usize..self.words.1 as usize)
            .unwrap_or_default()
    }
}

/// The notes of one pass over a text.
pub(crate) struct Survey<'t, 'k> {
    text: &'t str,
    piece_bytes: usize,
    /// The most units that can be shown: each costs at least one token.
    most: usize,
    patterns: Option<Patterns>,
    query: Option<QueryWords>,
    pub lines: u32,
    units: u32,
    head: Vec<Unit>,
    tail: VecDeque<Unit>,
    /// Units with a score.
    marked: Vec<Unit>,
    marked_by_caller: usize,
    /// Units with words that no unit before them has.
    new: Vec<Unit>,
    /// The words of all noted units.
    pub words: Vec<u32>,
    pub vocabulary: Vocabulary<'k>,
    /// For each line pattern how often it was seen, and the first unit that has it. What is collected from
    /// this map is sorted by its place in the text.
    line_patterns: Map<u64, (u32, Unit)>,
    /// For each word of the query how many units hold it, and which.
    holders: Vec<(usize, Vec<Unit>)>,
    /// How many of the next lines belong to the last error.
    after_error: usize,
}

impl<'t, 'k> Survey<'t, 'k> {
    pub fn new(text: &'t str, max_tokens: usize, interest: Interest<'k>) -> Self {
        let query = QueryWords::new(interest.query);
        let holders = vec![(0, Vec::new()); query.as_ref().map_or(0, QueryWords::len)];
        Self {
            text,
            piece_bytes: (max_tokens / 2).clamp(PIECE_BYTES.0, PIECE_BYTES.1),
            most: max_tokens,
            patterns: Patterns::new(interest.keep_patterns),
            query,
            lines: 0,
            units: 0,
            head: Vec::new(),
            tail: VecDeque::new(),
            marked: Vec::new(),
            marked_by_caller: 0,
            new: Vec::new(),
            words: Vec::new(),
            vocabulary: Vocabulary::new(interest.known),
            line_patterns: Map::default(),
            holders,
            after_error: 0,
        }
    }

    /// Reads the text. Returns all units that may be shown, in order, each once and with the sum of its
    /// scores.
    pub fn read(&mut self) -> Vec<Unit> {
        let mut start = 0;
        for content in self.text.split_inclusive('\n') {
            let mut rest = content.trim_end_matches(['\n', '\r']);
            let mut at = start;
            loop {
                let piece = if rest.len() <= self.piece_bytes * 3 / 2 {
                    rest
                } else {
                    piece(rest, self.piece_bytes)
                };
                let end = at + piece.len();
                rest = rest.get(piece.len()..).unwrap_or_default();
                self.note(Unit {
                    ordinal: self.units,
                    start: at as u32,
                    end: end as u32,
                    line: self.lines,
                    starts_line: at == start,
                    ends_line: rest.is_empty(),
                    score: 0,
                    words: (0, 0),
                });
                at = end;
                if rest.is_empty() {
                    break;
                }
            }
            start += content.len();
            self.lines += 1;
        }
        self.finish()
    }

    /// Notes a unit, unless there is no reason to show it.
    fn note(&mut self, mut unit: Unit) {
        self.units += 1;
        let line = unit.of(self.text).as_bytes();
        if !line.is_empty() {
            let first = self.words.len();
            let is_new = self.vocabulary.read(line, unit.start, &mut self.words);
            unit.words = (first as u32, self.words.len() as u32);
            let is_noted = self.judge(&mut unit, line);
            if is_new {
                self.new.push(unit);
            } else if !is_noted {
                self.words.truncate(first);
                unit.words = (0, 0);
            }
        }
        if unit.score > 0 {
            self.marked.push(unit);
        }
        if self.head.len() < self.most {
            self.head.push(unit);
        }
        if self.tail.len() >= self.most {
            self.tail.pop_front();
        }
        self.tail.push_back(unit);
    }

    /// Adds the scores that rules give a unit. Returns true if a rule notes it.
    fn judge(&mut self, unit: &mut Unit, line: &[u8]) -> bool {
        let times = self.count_line_pattern(line, *unit);
        let recurring = |score: u32| {
            if times <= MAX_EQUAL_ERRORS {
                score / times
            } else {
                0
            }
        };
        if self.patterns.as_ref().is_some_and(|patterns| patterns.find(line))
            && self.marked_by_caller < self.most
        {
            self.marked_by_caller += 1;
            unit.score += PATTERN;
        }
        if FailureWords::shared().tells(line) {
            // An error that repeats counts less each time, and soon nothing.
            unit.score += recurring(ERROR);
            self.after_error = LINES_AFTER_ERROR;
        } else if self.after_error > 0 {
            unit.score += recurring(AFTER_ERROR);
            self.after_error -= 1;
        }
        let mut is_noted = times == 1 || unit.score > 0;
        if let Some(query) = &self.query {
            query.find_in(line, |term, _| {
                let Some((count, holders)) = self.holders.get_mut(term as usize) else {
                    return;
                };
                if holders.last().is_none_or(|last| last.ordinal != unit.ordinal) && *count <= MAX_HOLDING {
                    *count += 1;
                    holders.push(*unit);
                    is_noted = true;
                }
            });
        }
        is_noted
    }

    /// Counts the pattern of a line, and returns how often it has been seen.
    fn count_line_pattern(&mut self, line: &[u8], unit: Unit) -> u32 {
        let full = self.line_patterns.len() > MAX_LINE_PATTERNS;
        let pattern_hash = pattern_hash(line);
        if full && !self.line_patterns.contains_key(&pattern_hash) {
            return 1;
        }
        let (count, _) = self
            .line_patterns
            .entry(pattern_hash)
            .and_modify(|(count, _)| *count += 1)
            .or_insert((1, unit));
        *count
    }

    /// Puts all noted units together.
    fn finish(&mut self) -> Vec<Unit> {
        let mut units = std::mem::take(&mut self.marked);
        let uniques = self
            .line_patterns
            .values()
            .filter(|(count, _)| *count == 1)
            .count();
        if self.line_patterns.len() <= MAX_LINE_PATTERNS
            && self.units >= 8
            && uniques * 5 <= self.units as usize
        {
            let firsts = self.line_patterns.values();
            units.extend(firsts.map(|(count, unit)| {
                let score = if *count == 1 { UNIQUE_LINE } else { NEW_LINE };
                Unit { score, ..*unit }
            }));
        }
        for (term, (count, holders)) in self
            .holders
            .iter()
            .enumerate()
            .filter(|(_, (count, _))| *count <= MAX_HOLDING)
        {
            let points = self.query.as_ref().is_some_and(|query| query.points(term as u32));
            let score = if points && *count <= MAX_NAMED {
                NAMED
            } else {
                RELEVANT / (*count).max(1) as u32
            };
            units.extend(holders.iter().map(|unit| Unit { score, ..*unit }));
        }
        let others = [&self.head, &self.new].into_iter().flatten().chain(&self.tail);
        units.extend(others.map(|unit| Unit { score: 0, ..*unit }));
        units.sort_unstable_by_key(|unit| unit.ordinal);
        units.dedup_by(|unit, kept| {
            let is_same = unit.ordinal == kept.ordinal;
            kept.score += if is_same { unit.score } else { 0 };
            is_same
        });
        units
    }
}
