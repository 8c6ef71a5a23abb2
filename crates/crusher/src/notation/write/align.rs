//! Finds what some texts have in common, word by word.

use crate::notation::grammar::is_fixed;
use crate::notation::write::sample::Sample;
use crate::notation::write::template::{Template, TemplatePart, is_word_byte, places_of};
use crate::notation::write::texts::NamedColumn;

/// The most words of a text that is aligned. A longer text can only have common ends.
const MAX_WORDS: usize = 48;
/// Fixed text between two holes must be this long to be worth its place in a template.
const MIN_FIXED_BYTES: usize = 4;
/// The most holes of a template: with more cells for one column, a model that reads the table loses count.
const MAX_HOLES: usize = 3;

/// A word of a text, or the text of another column inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AlignedWord<'t> {
    Text(&'t [u8]),
    Column(NamedColumn),
}

/// A word that all texts so far have.
struct Kept<'t> {
    word: AlignedWord<'t>,
    /// Other text stands before the word in some row.
    gap: bool,
}

/// Makes a template of what some texts have in common. `sampled` holds each text with its position in the
/// sample.
pub(crate) fn aligned(
    sample: &Sample<'_, '_>,
    sampled: &[(usize, &[u8])],
    nameable: &[NamedColumn],
) -> Option<Template> {
    let mut named: Vec<(usize, NamedColumn)> = Vec::new();
    for column in nameable {
        let mut bytes = 0;
        let others = sample.of(*column);
        let stands = sampled.iter().all(|(at, text)| {
            others.get(*at).copied().flatten().is_some_and(|other| {
                bytes += other.len();
                other.len() <= text.len() && find_word(text, other).is_some()
            })
        });
        if stands {
            named.push((bytes, *column));
        }
    }
    named.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    named.truncate(2);
    let (first_at, first) = sampled.first()?;
    let second = sampled.get(1).map_or(&first[..], |(_, text)| text);
    let same_end = first.first() == second.first() || first.last() == second.last();
    if named.is_empty() && !same_end {
        return None;
    }
    let words = words(sample, *first_at, first, &named);
    let mut kept: Vec<Kept<'_>> = words.into_iter().map(|word| Kept { word, gap: false }).collect();
    let mut tail_gap = false;
    if kept.len() > MAX_WORDS {
        return None;
    }
    for (at, text) in sampled.iter().skip(1) {
        let other = self::words(sample, *at, text, &named);
        if other.len() > MAX_WORDS {
            return None;
        }
        tail_gap |= align(&mut kept, &other);
        if kept.is_empty() {
            return None;
        }
    }
    let template = template_of(&kept, tail_gap);
    (template.holes() <= MAX_HOLES).then_some(template)
}

/// Returns where another column's text stands in a text, but not as a part of a longer word.
fn find_word(text: &[u8], other: &[u8]) -> Option<usize> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_word_byte(*byte));
    places_of(text, other).find(|start| {
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let behind = text.get(start + other.len());
        !((is_word(before) && is_word(other.first())) || (is_word(behind) && is_word(other.last())))
    })
}

/// Splits a text into words and the columns whose texts stand in it. `at` is its position in the sample.
fn words<'t>(
    sample: &Sample<'_, '_>,
    at: usize,
    text: &'t [u8],
    named: &[(usize, NamedColumn)],
) -> Vec<AlignedWord<'t>> {
    for (number, (_, column)) in named.iter().enumerate() {
        let Some(other) = sample.of(*column).get(at).copied().flatten() else {
            continue;
        };
        if let Some(start) = find_word(text, other) {
            let left = named.get(number + 1..).unwrap_or_default();
            let (before, rest) = text.split_at(start);
            let mut found = words(sample, at, before, left);
            found.push(AlignedWord::Column(*column));
            found.extend(words(
                sample,
                at,
                rest.get(other.len()..).unwrap_or_default(),
                left,
            ));
            return found;
        }
    }
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.iter().take_while(|byte| is_word_byte(**byte)).count().max(1);
        let (word, behind) = rest.split_at(length);
        found.push(AlignedWord::Text(word));
        rest = behind;
    }
    found
}

/// Keeps only the longest common subsequence with another text. Returns true if other text stands behind the
/// last common word.
fn align<'t>(kept: &mut Vec<Kept<'t>>, other: &[AlignedWord<'t>]) -> bool {
    let width = other.len() + 1;
    let mut lengths = vec![0_u8; (kept.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    let get = |lengths: &[u8], i: usize, j: usize| lengths.get(at(i, j)).copied().unwrap_or(0);
    for (i, mine) in kept.iter().enumerate().rev() {
        for (j, theirs) in other.iter().enumerate().rev() {
            let length = if mine.word == *theirs {
                get(&lengths, i + 1, j + 1) + 1
            } else {
                get(&lengths, i + 1, j).max(get(&lengths, i, j + 1))
            };
            if let Some(place) = lengths.get_mut(at(i, j)) {
                *place = length;
            }
        }
    }
    let (mut i, mut j, mut gap) = (0, 0, false);
    let mut common = Vec::new();
    while let (Some(mine), Some(theirs)) = (kept.get(i), other.get(j)) {
        if mine.word == *theirs {
            common.push(Kept {
                word: mine.word,
                gap: gap || mine.gap,
            });
            (i, j, gap) = (i + 1, j + 1, false);
        } else {
            gap = true;
            if get(&lengths, i + 1, j) >= get(&lengths, i, j + 1) {
                // A gap before the dropped word is part of this gap.
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    let tail = gap || i < kept.len() || j < other.len();
    *kept = common;
    tail
}

/// Makes a template of the kept words. Fixed text between two holes stays only if it is long enough.
fn template_of(kept: &[Kept<'_>], tail_gap: bool) -> Template {
    let mut parts: Vec<TemplatePart> = Vec::new();
    let mut fixed: Vec<u8> = Vec::new();
    for Kept { word, gap } in kept {
        if *gap {
            push_fixed(&mut parts, &mut fixed, true);
            push_hole(&mut parts);
        }
        match word {
            AlignedWord::Text(text) => fixed.extend_from_slice(text),
            AlignedWord::Column(column) => {
                push_fixed(&mut parts, &mut fixed, false);
                parts.push(TemplatePart::Column(*column));
            }
        }
    }
    push_fixed(&mut parts, &mut fixed, tail_gap);
    if tail_gap {
        push_hole(&mut parts);
    }
    Template { parts }
}

/// Adds a hole, unless the last part is one.
fn push_hole(parts: &mut Vec<TemplatePart>) {
    if parts.last() != Some(&TemplatePart::Hole) {
        parts.push(TemplatePart::Hole);
    }
}

/// Adds fixed text, and clears it. A hole takes its place if it can't stand in a header, or if it is short
/// and stands between two holes. `hole` says that a hole follows.
fn push_fixed(parts: &mut Vec<TemplatePart>, fixed: &mut Vec<u8>, hole: bool) {
    if fixed.is_empty() {
        return;
    }
    let between = hole && parts.last() == Some(&TemplatePart::Hole);
    if (between && fixed.len() < MIN_FIXED_BYTES) || !is_fixed(fixed) {
        push_hole(parts);
    } else {
        parts.push(TemplatePart::Fixed(std::mem::take(fixed)));
    }
    fixed.clear();
}
