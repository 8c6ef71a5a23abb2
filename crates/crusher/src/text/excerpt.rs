//! Which parts of a long text stay visible beside its marker.
//!
//! An excerpt is made of whole lines where lines are short, else of pieces of them. Head and tail stay, and the lines
//! that matter: the caller's texts, errors and what follows them, what the query speaks of, lines of a new pattern.

use std::collections::HashMap;

use crate::analyze::hash;
use crate::select::{Failures, Patterns, Query};
use crate::text::shorten;
use crate::tokens;

/// Longer lines are cut into pieces of about this size at most; smaller where there is little room.
const PIECE_BYTES: (usize, usize) = (48, 200);
/// Shares of an excerpt for the head and the tail, in hundredths.
const HEAD_SHARE: u64 = 30;
const TAIL_SHARE: u64 = 15;
/// What a gap costs at most, in tokens.
const GAP_TOKENS: u64 = 8;
/// Lines after an error that belong to it.
const LINES_AFTER_ERROR: usize = 3;
/// A term in no more lines than this points to them.
const MAX_NAMED: u32 = 2;

/// How much a reason counts.
const PATTERN: u32 = 10_000;
const ERROR: u32 = 1000;
const NAMED: u32 = 900;
const AFTER_ERROR: u32 = 300;
const RELEVANT: u32 = 200;
const UNIQUE_SHAPE: u32 = 120;
const NEW_SHAPE: u32 = 60;
const IDENTIFIER: u32 = 10;

/// A line, or a piece of a long one.
#[derive(Clone, Copy, Debug)]
struct Unit {
    start: u32,
    end: u32,
    line: u32,
    starts_line: bool,
    shape: u64,
    score: u32,
}

/// Cuts a text down to at most `max_tokens` (as estimated), in its order, with gaps shown as `…` and the number of
/// whole lines left out. A text that fits comes back whole.
pub(crate) fn excerpt(text: &str, max_tokens: usize, query: &str, keep_patterns: &[String]) -> String {
    if max_tokens == 0 {
        return String::new();
    }
    // A token is a byte at least, so that most texts need not be estimated whole.
    if text.len() <= max_tokens * 16 && tokens::estimate(text.as_bytes()) <= max_tokens {
        return text.to_owned();
    }
    let mut units = units(text, (max_tokens / 2).clamp(PIECE_BYTES.0, PIECE_BYTES.1));
    score(text, &mut units, query, keep_patterns);
    let mut ranked = choose(text, &units, max_tokens as u64);
    while !ranked.is_empty() {
        let mut kept = ranked.clone();
        kept.sort_unstable();
        let excerpt = print(text, &units, &kept);
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

fn units(text: &str, piece_bytes: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut start = 0;
    for (line, content) in text.split_inclusive('\n').enumerate() {
        let mut rest = content.trim_end_matches(['\n', '\r']);
        let mut at = start;
        let mut starts_line = true;
        loop {
            let piece = if rest.len() <= piece_bytes * 3 / 2 {
                rest
            } else {
                piece(rest, piece_bytes)
            };
            units.push(Unit {
                start: at as u32,
                end: (at + piece.len()) as u32,
                line: line as u32,
                starts_line,
                shape: shape(piece.as_bytes()),
                score: 0,
            });
            at += piece.len();
            rest = rest.get(piece.len()..).unwrap_or_default();
            starts_line = false;
            if rest.is_empty() {
                break;
            }
        }
        start += content.len();
    }
    units
}

/// The first piece of a long line: up to the end of a sentence or clause, else a space, else anywhere.
fn piece(line: &str, piece_bytes: usize) -> &str {
    let head = shorten(line, piece_bytes);
    let tail = shorten(head, piece_bytes / 2).len();
    let end_of = |marks: &[&str]| {
        let found = marks
            .iter()
            .filter_map(|mark| head.get(tail..)?.rfind(mark).map(|at| tail + at + mark.len()));
        found.max()
    };
    let end = end_of(&[". ", "! ", "? ", "; ", "},"])
        .or_else(|| end_of(&[", ", " "]))
        .unwrap_or(head.len());
    line.get(..end).unwrap_or(line)
}

/// A hash of a line's pattern: letters, digits and the rest by runs, the first word as it is.
fn shape(line: &[u8]) -> u64 {
    let mut pattern = [0_u8; 64];
    let mut length = 0;
    let mut last = 0;
    for &byte in line {
        let class = match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' | 0x80..=0xff => b'a',
            b' ' | b'\t' => b' ',
            other => other,
        };
        if class != last {
            let Some(place) = pattern.get_mut(length) else {
                break;
            };
            *place = class;
            length += 1;
            last = class;
        }
    }
    hash(pattern.get(..length).unwrap_or_default())
}

fn unit_text<'a>(text: &'a str, unit: &Unit) -> &'a str {
    text.get(unit.start as usize..unit.end as usize)
        .unwrap_or_default()
}

/// Gives every unit its score.
fn score(text: &str, units: &mut [Unit], query: &str, keep_patterns: &[String]) {
    // Only asked, never iterated.
    let mut shapes: HashMap<u64, u32> = HashMap::new();
    for unit in &*units {
        *shapes.entry(unit.shape).or_default() += 1;
    }
    let uniques = units
        .iter()
        .filter(|unit| shapes.get(&unit.shape) == Some(&1))
        .count();
    let has_patterns = units.len() >= 8 && uniques * 5 <= units.len();
    let patterns = Patterns::new(keep_patterns);
    let failures = Failures::shared();
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let mut after_error = 0;
    for unit in &mut *units {
        let line = unit_text(text, unit).as_bytes();
        if line.is_empty() {
            continue;
        }
        let times = seen.entry(unit.shape).or_default();
        *times += 1;
        if patterns.as_ref().is_some_and(|patterns| patterns.find(line)) {
            unit.score += PATTERN;
        }
        if failures.tells(line) {
            // An error that repeats is worth less each time.
            unit.score += ERROR / *times;
            after_error = LINES_AFTER_ERROR;
        } else if after_error > 0 {
            unit.score += AFTER_ERROR / *times;
            after_error -= 1;
        }
        if has_patterns && *times == 1 {
            unit.score += if shapes.get(&unit.shape) == Some(&1) {
                UNIQUE_SHAPE
            } else {
                NEW_SHAPE
            };
        }
        if line.iter().any(u8::is_ascii_digit) {
            unit.score += IDENTIFIER;
        }
    }
    if let Some(query) = Query::new(query) {
        score_query(text, units, &query);
    }
}

/// Adds what the units have to do with the query: a lot where they hold a word that few others hold.
fn score_query(text: &str, units: &mut [Unit], query: &Query) {
    let mut hits: Vec<(u32, u32)> = Vec::new();
    let mut holding = vec![0_u32; query.len()];
    for (at, unit) in units.iter().enumerate() {
        let first = hits.len();
        query.find_in(unit_text(text, unit).as_bytes(), |term, _| {
            hits.push((at as u32, term))
        });
        if let Some(found) = hits.get_mut(first..) {
            found.sort_unstable();
        }
        let mut last = None;
        for (_, term) in hits.get(first..).unwrap_or_default() {
            if last != Some(term)
                && let Some(count) = holding.get_mut(*term as usize)
            {
                *count += 1;
            }
            last = Some(term);
        }
    }
    hits.dedup();
    let count = units.len() as u32;
    for (at, term) in hits {
        let held = holding.get(term as usize).copied().unwrap_or(0);
        let gain = if held <= MAX_NAMED && query.points(term) {
            NAMED
        } else if u64::from(held) * 4 <= u64::from(count) {
            (RELEVANT / held.max(1)).max(IDENTIFIER)
        } else {
            0
        };
        if let Some(unit) = units.get_mut(at as usize) {
            unit.score += gain;
        }
    }
}

/// The units to show, the most important first.
fn choose(text: &str, units: &[Unit], max_tokens: u64) -> Vec<u32> {
    let cost = |at: u32| {
        units.get(at as usize).map_or(0, |unit| {
            tokens::estimate(unit_text(text, unit).as_bytes()) as u64 + 1
        })
    };
    let mut chosen = Vec::new();
    let mut taken = vec![false; units.len()];
    let mut left = max_tokens.saturating_sub(GAP_TOKENS);
    let mut take = |at: u32, share: &mut u64, gap: u64| {
        let price = cost(at) + gap;
        let Some(mark) = taken.get_mut(at as usize).filter(|mark| !**mark) else {
            return true;
        };
        let fits = price <= *share && price <= left;
        if fits {
            *mark = true;
            *share -= price;
            left -= price;
            chosen.push(at);
        }
        fits
    };
    let mut by_score: Vec<u32> = (0..units.len() as u32).collect();
    let score = |at: u32| units.get(at as usize).map_or(0, |unit| unit.score);
    by_score.retain(|at| score(*at) >= NEW_SHAPE);
    by_score.sort_unstable_by_key(|at| (std::cmp::Reverse(score(*at)), *at));
    let mut whole = u64::MAX;
    for at in by_score.iter().copied().take_while(|at| score(*at) >= PATTERN) {
        take(at, &mut whole, GAP_TOKENS);
    }
    let last = units.len() as u32;
    // However small the shares, the first and the last unit are worth a quarter.
    let share = |hundredths: u64, at: u32| (max_tokens * hundredths / 100).max(cost(at).min(max_tokens / 4));
    let (mut head, mut tail) = (share(HEAD_SHARE, 0), share(TAIL_SHARE, last.saturating_sub(1)));
    let _ = (0..last).try_for_each(|at| take(at, &mut head, 0).then_some(()));
    let _ = (0..last)
        .rev()
        .try_for_each(|at| take(at, &mut tail, 0).then_some(()));
    // A few lines too long to fit don't end the search; many do, to bound the time.
    let mut misses = 0;
    for at in by_score {
        misses += u32::from(!take(at, &mut whole, GAP_TOKENS));
        if misses > 32 {
            break;
        }
    }
    let _ = (0..last).try_for_each(|at| take(at, &mut whole, 0).then_some(()));
    chosen
}

/// Prints units in order, gaps between them as `…`.
fn print(text: &str, units: &[Unit], kept: &[u32]) -> String {
    let mut out = String::new();
    let mut last: Option<&Unit> = None;
    let mut next = 0;
    let mut kept = kept.iter();
    loop {
        let at = kept.next().copied();
        let unit = at.and_then(|at| units.get(at as usize));
        // The gap ends at the next unit kept or at the end of the text, and begins with the unit `next`.
        let is_gap = at.unwrap_or(units.len() as u32) != next;
        if is_gap && units.get(next as usize).is_some_and(|first| !first.starts_line) {
            out.push_str(" …");
        }
        let end_line = unit.map_or_else(|| units.last().map_or(0, |last| last.line + 1), |unit| unit.line);
        let first_line = last.map_or(0, |last| last.line + 1);
        if is_gap && end_line > first_line {
            let break_before = if out.is_empty() { "" } else { "\n" };
            out.push_str(break_before);
            out.push_str("… ");
            out.push_str(&(end_line - first_line).to_string());
            out.push_str(" lines");
        }
        let Some(unit) = unit else { return out };
        if last.is_none_or(|last| last.line != unit.line) && !out.is_empty() {
            out.push('\n');
        }
        if is_gap && !unit.starts_line {
            out.push_str(if out.ends_with('…') { " " } else { "… " });
        }
        out.push_str(unit_text(text, unit));
        last = Some(unit);
        next = at.unwrap_or(0) + 1;
    }
}
