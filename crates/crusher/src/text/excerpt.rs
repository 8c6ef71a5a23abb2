//! Which parts of a long text stay visible beside its marker.
//!
//! An excerpt is made of whole lines where lines are short, else of pieces of them. Head and tail stay, and the lines
//! that matter: the caller's texts, errors and what follows them, what the query speaks of, lines of a new pattern.
//! One pass over the text notes the units that may be shown; how many these are depends on the size of the excerpt
//! and not on the text.

use std::collections::VecDeque;

use crate::hashing::Map;
use crate::select::{Failures, Patterns, Query};
use crate::text::lines::{piece, shape};
use crate::text::shorten;
use crate::tokens;

/// Longer lines are cut into pieces of about this size at most; smaller where there is little room.
const PIECE_BYTES: (usize, usize) = (48, 200);
/// Shares of an excerpt for the head and the tail, in hundredths.
const HEAD_SHARE: u64 = 50;
const TAIL_SHARE: u64 = 10;
/// What a gap costs at most, in tokens.
const GAP_TOKENS: u64 = 8;
/// Lines after an error that belong to it.
const LINES_AFTER_ERROR: usize = 3;
/// Of each pattern of lines, errors are noted so many times.
const MAX_EQUAL_ERRORS: u32 = 4;
/// A text with more patterns than this has none worth speaking of.
const MAX_SHAPES: usize = 4096;
/// A word of the query in more units than this says little about any of them.
const MAX_HOLDING: usize = 16;
/// A word in no more units than this points to them.
const MAX_NAMED: usize = 2;

/// How much a reason counts.
const PATTERN: u32 = 10_000;
const ERROR: u32 = 1000;
const NAMED: u32 = 900;
const AFTER_ERROR: u32 = 300;
const RELEVANT: u32 = 200;
const UNIQUE_SHAPE: u32 = 120;
const NEW_SHAPE: u32 = 60;

/// A line, or a piece of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unit {
    /// Its place among all units of the text.
    ordinal: u32,
    start: u32,
    end: u32,
    line: u32,
    starts_line: bool,
    ends_line: bool,
    score: u32,
}

/// Cuts a text down to at most `max_tokens` (as estimated), in its order, with gaps shown as `…` and the number of
/// whole lines left out. A text that fits comes back whole.
pub(crate) fn excerpt(text: &str, max_tokens: usize, query: &str, keep_patterns: &[String]) -> String {
    if max_tokens == 0 {
        return String::new();
    }
    // Few texts have more bytes in a token than this, so that most need not be estimated whole.
    if text.len() <= max_tokens * 16 && tokens::estimate(text.as_bytes()) <= max_tokens {
        return text.to_owned();
    }
    let mut survey = Survey::new(text, max_tokens, query, keep_patterns);
    survey.read();
    let lines = survey.lines;
    let units = survey.finish();
    let mut ranked = choose(text, &units, max_tokens as u64);
    while !ranked.is_empty() {
        let mut kept = ranked.clone();
        kept.sort_unstable_by_key(|unit| unit.ordinal);
        let excerpt = print(text, lines, &kept);
        if tokens::estimate(excerpt.as_bytes()) <= max_tokens {
            return excerpt;
        }
        // Costs were added up unit by unit; what little they were short of goes from the end of the ranking.
        ranked.truncate(ranked.len() - ranked.len().div_ceil(16));
    }
    opening(text, max_tokens)
}

/// As much of the beginning as fits: for budgets smaller than any unit.
fn opening(text: &str, max_tokens: usize) -> String {
    let mut bytes = max_tokens * 4;
    while bytes > 0 {
        let head = format!("{}…", shorten(text, bytes));
        if tokens::estimate(head.as_bytes()) <= max_tokens {
            return head;
        }
        bytes = bytes * 3 / 4;
    }
    String::new()
}

/// What one pass over a text notes.
struct Survey<'t> {
    text: &'t str,
    piece_bytes: usize,
    /// No more units than this can be shown: each costs a token at least.
    most: usize,
    patterns: Option<Patterns>,
    query: Option<Query>,
    lines: u32,
    units: u32,
    head: Vec<Unit>,
    tail: VecDeque<Unit>,
    /// Units with a score.
    marked: Vec<Unit>,
    marked_by_caller: usize,
    /// For each pattern of lines how often it was seen, and the first unit that has it. Only asked by hash; what is
    /// collected from it is put in order of the text.
    shapes: Map<u64, (u32, Unit)>,
    /// For each word of the query how many units hold it, and the first few.
    holders: Vec<(usize, Vec<Unit>)>,
    /// Lines that still belong to the last error.
    after_error: usize,
}

impl<'t> Survey<'t> {
    fn new(text: &'t str, max_tokens: usize, query: &str, keep_patterns: &[String]) -> Self {
        let query = Query::new(query);
        let holders = vec![(0, Vec::new()); query.as_ref().map_or(0, Query::len)];
        Self {
            text,
            piece_bytes: (max_tokens / 2).clamp(PIECE_BYTES.0, PIECE_BYTES.1),
            most: max_tokens,
            patterns: Patterns::new(keep_patterns),
            query,
            lines: 0,
            units: 0,
            head: Vec::new(),
            tail: VecDeque::new(),
            marked: Vec::new(),
            marked_by_caller: 0,
            shapes: Map::default(),
            holders,
            after_error: 0,
        }
    }

    fn read(&mut self) {
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
                });
                at = end;
                if rest.is_empty() {
                    break;
                }
            }
            start += content.len();
            self.lines += 1;
        }
    }

    fn note(&mut self, mut unit: Unit) {
        self.units += 1;
        if self.head.len() < self.most {
            self.head.push(unit);
        }
        if self.tail.len() >= self.most {
            self.tail.pop_front();
        }
        self.tail.push_back(unit);
        let line = unit_text(self.text, &unit).as_bytes();
        if line.is_empty() {
            return;
        }
        let times = self.count_shape(line, unit);
        if self.patterns.as_ref().is_some_and(|patterns| patterns.find(line))
            && self.marked_by_caller < self.most
        {
            self.marked_by_caller += 1;
            unit.score += PATTERN;
        }
        if Failures::shared().tells(line) {
            // An error that repeats is worth less each time, and soon nothing.
            unit.score += if times <= MAX_EQUAL_ERRORS {
                ERROR / times
            } else {
                0
            };
            self.after_error = LINES_AFTER_ERROR;
        } else if self.after_error > 0 {
            unit.score += if times <= MAX_EQUAL_ERRORS {
                AFTER_ERROR / times
            } else {
                0
            };
            self.after_error -= 1;
        }
        if unit.score > 0 {
            self.marked.push(unit);
        }
        if let Some(query) = &self.query {
            query.find_in(line, |term, _| {
                let Some((count, holders)) = self.holders.get_mut(term as usize) else {
                    return;
                };
                if holders.last().is_none_or(|last| last.ordinal != unit.ordinal) && *count <= MAX_HOLDING {
                    *count += 1;
                    holders.push(unit);
                }
            });
        }
    }

    /// Counts the pattern of a line; gives how often it has been seen.
    fn count_shape(&mut self, line: &[u8], unit: Unit) -> u32 {
        let full = self.shapes.len() > MAX_SHAPES;
        let shape = shape(line);
        if full && !self.shapes.contains_key(&shape) {
            return 1;
        }
        let (count, _) = self
            .shapes
            .entry(shape)
            .and_modify(|(count, _)| *count += 1)
            .or_insert((1, unit));
        *count
    }

    /// All units that may be shown, in order, each once and with the sum of its scores.
    fn finish(mut self) -> Vec<Unit> {
        let uniques = self.shapes.values().filter(|(count, _)| *count == 1).count();
        if self.shapes.len() <= MAX_SHAPES && self.units >= 8 && uniques * 5 <= self.units as usize {
            let firsts = self.shapes.values();
            self.marked.extend(firsts.map(|(count, unit)| {
                let score = if *count == 1 { UNIQUE_SHAPE } else { NEW_SHAPE };
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
            self.marked
                .extend(holders.iter().map(|unit| Unit { score, ..*unit }));
        }
        let mut units = self.marked;
        units.extend(self.head);
        units.extend(self.tail);
        units.sort_unstable_by_key(|unit| unit.ordinal);
        units.dedup_by(|unit, kept| {
            let is_same = unit.ordinal == kept.ordinal;
            kept.score += if is_same { unit.score } else { 0 };
            is_same
        });
        units
    }
}

fn unit_text<'a>(text: &'a str, unit: &Unit) -> &'a str {
    text.get(unit.start as usize..unit.end as usize)
        .unwrap_or_default()
}

/// The units to show, the most important first.
fn choose(text: &str, units: &[Unit], max_tokens: u64) -> Vec<Unit> {
    let cost = |unit: &Unit| tokens::estimate(unit_text(text, unit).as_bytes()) as u64 + 1;
    let mut chosen = Vec::new();
    let mut taken = vec![false; units.len()];
    let mut left = max_tokens.saturating_sub(GAP_TOKENS);
    let mut take = |at: usize, share: &mut u64, gap: u64| {
        let (Some(unit), Some(mark)) = (units.get(at), taken.get_mut(at)) else {
            return false;
        };
        let price = cost(unit) + gap;
        if !*mark && price <= *share && price <= left {
            *mark = true;
            *share -= price;
            left -= price;
            chosen.push(*unit);
        }
        *mark
    };
    let score = |at: usize| units.get(at).map_or(0, |unit| unit.score);
    let mut by_score: Vec<usize> = (0..units.len()).filter(|at| score(*at) > 0).collect();
    by_score.sort_unstable_by_key(|at| (std::cmp::Reverse(score(*at)), *at));
    let mut whole = u64::MAX;
    for at in by_score.iter().copied().take_while(|at| score(*at) >= PATTERN) {
        take(at, &mut whole, GAP_TOKENS);
    }
    // However small the shares, the first and the last unit are worth a quarter.
    let share = |hundredths: u64, end: Option<&Unit>| {
        (max_tokens * hundredths / 100).max(end.map_or(0, cost).min(max_tokens / 4))
    };
    let (mut head, mut tail) = (share(HEAD_SHARE, units.first()), share(TAIL_SHARE, units.last()));
    let fill = |share: &mut u64, take: &mut dyn FnMut(usize, &mut u64, u64) -> bool| {
        // The head ends at the first gap between units.
        let run = units
            .iter()
            .zip(0_u32..)
            .take_while(|(unit, at)| unit.ordinal == *at)
            .count();
        (0..run).take_while(|at| take(*at, share, 0)).count()
    };
    fill(&mut head, &mut take);
    (0..units.len())
        .rev()
        .take_while(|at| take(*at, &mut tail, 0))
        .count();
    // A few lines too long to fit don't end the search; many do, to bound the time.
    let mut misses = 0;
    for at in by_score {
        misses += u32::from(!take(at, &mut whole, GAP_TOKENS));
        if misses > 32 {
            break;
        }
    }
    fill(&mut whole, &mut take);
    chosen
}

/// Prints units in order, gaps between them as `…`; `lines` is the number of lines of the text.
fn print(text: &str, lines: u32, kept: &[Unit]) -> String {
    let mut out = String::new();
    let mut last: Option<&Unit> = None;
    for unit in kept.iter().map(Some).chain([None]) {
        let is_gap = match (last, unit) {
            (Some(last), Some(unit)) => unit.ordinal != last.ordinal + 1,
            (Some(last), None) => !last.ends_line || last.line + 1 != lines,
            (None, unit) => unit.is_none_or(|unit| unit.ordinal != 0),
        };
        if is_gap && last.is_some_and(|last| !last.ends_line) {
            out.push_str(" …");
        }
        let first_line = last.map_or(0, |last| last.line + 1);
        let left_out = unit.map_or(lines, |unit| unit.line).saturating_sub(first_line);
        if is_gap && left_out > 0 {
            out.push_str(if out.is_empty() { "… " } else { "\n… " });
            out.push_str(&left_out.to_string());
            out.push_str(" lines");
        }
        let Some(unit) = unit else { break };
        if last.is_none_or(|last| last.line != unit.line) && !out.is_empty() {
            out.push('\n');
        }
        if is_gap && !unit.starts_line {
            out.push_str(if out.ends_with('…') { " " } else { "… " });
        }
        out.push_str(unit_text(text, unit));
        last = Some(unit);
    }
    out
}
