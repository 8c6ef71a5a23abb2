//! What some texts have in common, word by word.

use crate::notation::grammar::is_fixed;
use crate::notation::write::sample::Sample;
use crate::notation::write::template::{Template, TemplatePart, is_word_byte, places_of};
use crate::notation::write::texts::NamedColumn;

/// Words of a text that are aligned; of a longer one only the ends can be fixed.
const MAX_WORDS: usize = 48;
/// Fixed text between two holes that is shorter isn't worth its place in a template.
const MIN_FIXED_BYTES: usize = 4;
/// Cells of a column in a row, beyond which a reader loses count.
const MAX_HOLES: usize = 3;

/// A word of a text, or the text of another column inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AlignedWord<'t> {
    Text(&'t [u8]),
    Column(NamedColumn),
}

/// What stays of a text: a word, and whether something else stood before it in some row.
struct Kept<'t> {
    word: AlignedWord<'t>,
    gap: bool,
}

/// The template of what some rows have in common; `sampled` are their places in the sample, and their texts.
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

/// Where another column's text stands in a text, not as a part of a longer word.
fn find_word(text: &[u8], other: &[u8]) -> Option<usize> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_word_byte(*byte));
    places_of(text, other).find(|start| {
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        let behind = text.get(start + other.len());
        !((is_word(before) && is_word(other.first())) || (is_word(behind) && is_word(other.last())))
    })
}

/// The words of a text, with the columns that stand in it; `at` is its place in the sample.
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

/// Keeps the longest common subsequence with another text; true if something stands behind its last word in
/// either.
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
                // What stood before a word that goes stays a gap.
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

/// The template of what is kept; fixed text between two holes stays only where it is long.
fn template_of(kept: &[Kept<'_>], tail_gap: bool) -> Template {
    let mut parts: Vec<TemplatePart> = Vec::new();
    let mut fixed: Vec<u8> = Vec::new();
    for Kept { word, gap } in kept {
        if *gap {
            close(&mut parts, &mut fixed, true);
            open(&mut parts);
        }
        match word {
            AlignedWord::Text(text) => fixed.extend_from_slice(text),
            AlignedWord::Column(column) => {
                close(&mut parts, &mut fixed, false);
                parts.push(TemplatePart::Column(*column));
            }
        }
    }
    close(&mut parts, &mut fixed, tail_gap);
    if tail_gap {
        open(&mut parts);
    }
    Template { parts }
}

fn open(parts: &mut Vec<TemplatePart>) {
    if parts.last() != Some(&TemplatePart::Hole) {
        parts.push(TemplatePart::Hole);
    }
}

/// Ends fixed text, which must be free of what has a meaning in the header; `hole`: a hole follows.
fn close(parts: &mut Vec<TemplatePart>, fixed: &mut Vec<u8>, hole: bool) {
    if fixed.is_empty() {
        return;
    }
    let between = hole && parts.last() == Some(&TemplatePart::Hole);
    if (between && fixed.len() < MIN_FIXED_BYTES) || !is_fixed(fixed) {
        open(parts);
    } else {
        parts.push(TemplatePart::Fixed(std::mem::take(fixed)));
    }
    fixed.clear();
}
