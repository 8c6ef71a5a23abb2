//! Ranks rows by their relevance to the query: BM25 over words and identifiers.
//!
//! Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1 =
//! 1.2 and b = 0.75, in integers.

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED};
use crate::relevance::query_words::QueryWords;
use crate::relevance::words::words;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::ValueClass;

/// A word that stands in more rows than this names none of them.
const MAX_NAMED: u32 = 3;

/// The rows that a query finds in an array.
#[derive(Debug, Default)]
pub(crate) struct Relevance {
    /// Rows that the query names.
    pub named: Vec<u32>,
    /// Rows with a score, best first.
    pub ranked: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Hit {
    row: u32,
    term: u32,
    count: u32,
    is_key: bool,
}

/// In how many rows a word of the query stands.
#[derive(Clone, Copy, Default)]
struct TermCounts {
    /// Rows that hold it.
    rows: u32,
    /// Rows in which it is the whole value of a column whose values are all different.
    keys: u32,
}

/// Ranks the rows of an array.
pub(crate) fn rank(query: &QueryWords, doc: &Doc<'_>, analysis: &Analysis) -> Relevance {
    let mut hits: Vec<Hit> = Vec::new();
    let mut lengths = Vec::with_capacity(analysis.len());
    let mut decoded = Vec::new();
    for (row, cells) in analysis.iter() {
        let first = hits.len();
        let mut length = 0_u64;
        for cell in cells
            .iter()
            .filter(|cell| matches!(cell.class, ValueClass::Number | ValueClass::String))
        {
            let node = doc.node(cell.node);
            let mut text = if cell.class == ValueClass::Number {
                doc.raw(node)
            } else {
                doc.inner(node)
            };
            if node.flags & ESCAPED != 0 && cell.class == ValueClass::String {
                decoded.clear();
                if spelling::decode(text, &mut decoded) {
                    text = &decoded;
                }
            }
            let is_key_column = analysis
                .column(cell)
                .is_some_and(|c| !c.repeated && (c.many || c.values.len() as u32 == c.scalars()));
            words(text, |word| {
                length += 1;
                if let Some(term) = query.find(word.hash) {
                    let is_key = is_key_column && word.bytes as usize == text.len();
                    hits.push(Hit {
                        row,
                        term,
                        count: 1,
                        is_key,
                    });
                }
            });
        }
        lengths.push(length);
        merge(&mut hits, first);
    }
    let mut counts = vec![TermCounts::default(); query.len()];
    for hit in &hits {
        if let Some(count) = counts.get_mut(hit.term as usize) {
            count.rows += 1;
            count.keys += u32::from(hit.is_key);
        }
    }
    Relevance {
        named: named(query, &counts, &hits, analysis.len()),
        ranked: ranked(&counts, &hits, &lengths),
    }
}

/// Returns the rows that hold a rare identifier of the query or, if the query is a question, any rare word of
/// it. A word that is the whole value of a key counts as rare whatever other columns hold. A query that names
/// many rows, unless it is a question, points to none: its text may list them all.
fn named(query: &QueryWords, counts: &[TermCounts], hits: &[Hit], rows: usize) -> Vec<u32> {
    let is_question = query.is_question();
    let mut named: Vec<u32> = hits
        .iter()
        .filter(|hit| {
            let term = hit.term as usize;
            let known = query.terms.get(term).zip(counts.get(term));
            known.is_some_and(|(term, count)| {
                let is_rare = count.rows <= MAX_NAMED && (count.rows as usize) * 4 <= rows;
                (is_rare && (term.is_identifier || (is_question && term.bytes >= 3)))
                    || (hit.is_key && count.keys <= MAX_NAMED && (is_question || term.bytes >= 4))
            })
        })
        .map(|hit| hit.row)
        .collect();
    named.dedup();
    if named.len() > (rows / 10).max(MAX_NAMED as usize) && !is_question {
        Vec::new()
    } else {
        named
    }
}

/// Returns the rows with a score, best first.
fn ranked(counts: &[TermCounts], hits: &[Hit], lengths: &[u64]) -> Vec<u32> {
    let rows = lengths.len() as u64;
    let average = (lengths.iter().sum::<u64>() / rows.max(1)).max(1);
    let mut scored: Vec<(u64, u32)> = Vec::new();
    for hit in hits {
        let Some(holding) = counts.get(hit.term as usize) else {
            continue;
        };
        let length = lengths.get(hit.row as usize).copied().unwrap_or(0);
        let weight = inverse_frequency(rows, u64::from(holding.rows));
        let count = u64::from(hit.count);
        let score = weight * count * 2200 / (count * 1000 + 300 + 900 * length / average);
        match scored.last_mut() {
            Some(last) if last.1 == hit.row => last.0 += score,
            _ => scored.push((score, hit.row)),
        }
    }
    scored.retain(|(score, _)| *score > 0);
    scored.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, row)| row).collect()
}

/// Merges the hits of one row, which begin at `first`: each term gets one hit with its count.
fn merge(hits: &mut Vec<Hit>, first: usize) {
    let Some(row) = hits.get_mut(first..).filter(|row| row.len() > 1) else {
        return;
    };
    row.sort_unstable_by_key(|hit| hit.term);
    let mut rest = hits.split_off(first).into_iter();
    let Some(mut last) = rest.next() else { return };
    for hit in rest {
        if hit.term == last.term {
            last.count += 1;
            last.is_key |= hit.is_key;
        } else {
            hits.push(last);
            last = hit;
        }
    }
    hits.push(last);
}

/// Returns BM25's inverse document frequency times 1024, with the binary logarithm. A word in half of the
/// rows or more weighs nothing.
fn inverse_frequency(rows: u64, holding: u64) -> u64 {
    if holding * 2 >= rows {
        return 0;
    }
    let ratio = ((rows + 1) << 17) / (2 * holding + 1);
    let whole = u64::from(ratio.ilog2());
    // Between powers of two the logarithm is interpolated: it is at most 0.09 too low.
    let part = (ratio << 10 >> whole) & 1023;
    (whole.saturating_sub(16) << 10) + part
}

#[cfg(test)]
mod tests {
    use super::inverse_frequency;

    #[test]
    fn rarer_words_weigh_more_and_common_ones_nothing() {
        let weights: Vec<u64> = [1, 2, 10, 400, 500, 1000]
            .iter()
            .map(|rows| inverse_frequency(1000, *rows))
            .collect();
        assert!(weights.is_sorted_by(|a, b| a >= b), "{weights:?}");
        assert!(
            weights.first() > weights.get(1) && weights.ends_with(&[0, 0]),
            "{weights:?}"
        );
    }
}
