//! Finds the templates of a table's columns.
//!
//! A template is found by aligning the words of a few rows, and is then tried on all rows. Cells don't repeat
//! the text of columns that it names.

use crate::notation::grammar::{Place, is_bare_key, is_bare_text, is_fixed, is_number_or_word};
use crate::notation::write::align::aligned;
use crate::notation::write::columns::Columns;
use crate::notation::write::sample::Sample;
use crate::notation::write::template::{Template, TemplatePart, is_word_byte};
use crate::notation::write::texts::{NamedColumn, Texts};

/// The most columns of a table that templates may name.
const MAX_NAMED_COLUMNS: usize = 24;

/// Finds the template of each leaf column, if it has one. `in_cells` says which columns have their values in
/// cells; only these get templates.
pub(crate) fn find(texts: &Texts<'_, '_>, in_cells: &[bool]) -> Vec<Option<Template>> {
    let mut found: Vec<Option<Template>> = in_cells.iter().map(|_| None).collect();
    let sample = Sample::take(texts, in_cells);
    // A column may be named only if its own template names none. So no text depends on itself.
    let mut named = vec![false; in_cells.len()];
    let is_candidate = |column: &NamedColumn| {
        sample.can_be_named(*column)
            && (texts.options.splits || sample.is_repeated(*column))
            && match column {
                NamedColumn::Key => true,
                NamedColumn::Leaf(leaf) => is_nameable(texts.columns, *leaf),
            }
    };
    let leaves = (0..in_cells.len()).map(NamedColumn::Leaf);
    let candidates = [NamedColumn::Key].into_iter().chain(leaves).filter(is_candidate);
    let candidates: Vec<NamedColumn> = candidates.take(MAX_NAMED_COLUMNS).collect();
    for leaf in 0..in_cells.len() {
        let may_name = !named.get(leaf).copied().unwrap_or(true);
        let nameable = candidates.iter().copied().filter(|column| match column {
            NamedColumn::Key => true,
            NamedColumn::Leaf(other) => {
                let template = found.get(*other).and_then(Option::as_ref);
                *other != leaf && template.is_none_or(|template| template.named_columns().next().is_none())
            }
        });
        let nameable: Vec<NamedColumn> = if may_name { nameable.collect() } else { Vec::new() };
        let Some(template) = find_for_column(texts, leaf, &sample, &nameable) else {
            continue;
        };
        for column in template.named_columns() {
            if let NamedColumn::Leaf(other) = column
                && let Some(named) = named.get_mut(other)
            {
                *named = true;
            }
        }
        if let Some(place) = found.get_mut(leaf) {
            *place = Some(template);
        }
    }
    found
}

/// Returns true if a column's path can be read back from a back-reference.
fn is_nameable(columns: &Columns<'_>, leaf: usize) -> bool {
    let reads_back = |key: &[u8]| is_bare_key(key) && !key.contains(&b'.');
    let Some(column) = columns.leaves.get(leaf) else {
        return false;
    };
    let mut group = column.group;
    while let Some(around) = group.and_then(|group| columns.groups.get(group)) {
        if !reads_back(around.key) {
            return false;
        }
        group = around.parent;
    }
    reads_back(column.key)
}

/// Finds a template of a column that saves bytes. What the texts share comes first, then a mere hole.
fn find_for_column(
    texts: &Texts<'_, '_>,
    leaf: usize,
    sample: &Sample<'_, '_>,
    nameable: &[NamedColumn],
) -> Option<Template> {
    let of_leaf = sample.of(NamedColumn::Leaf(leaf));
    // As a value, such a text needs quotes; in a hole it needs none.
    let is_quoted = |text: &&[u8]| is_number_or_word(text) && is_bare_text(text, Place::Cell);
    let has_quoted = of_leaf.iter().flatten().any(is_quoted);
    if !(texts.options.splits || has_quoted) && nameable.is_empty() {
        return None;
    }
    let mut sampled = Vec::with_capacity(sample.rows.len());
    for (at, (row, text)) in sample.rows.iter().zip(of_leaf).enumerate() {
        match text {
            Some(text) => sampled.push((at, *text)),
            None if texts.present(leaf, *row) => return None,
            None => {}
        }
    }
    if sampled.len() < 2 {
        return None;
    }
    let whole = || {
        let parts = vec![TemplatePart::Hole];
        has_quoted.then_some(Template { parts })
    };
    let pays = |template: &Template| template.saved_bytes(texts, leaf).is_some_and(|saved| saved > 0);
    let shared = if texts.options.splits {
        aligned(sample, &sampled, nameable)
            .filter(pays)
            .or_else(|| common_ends(texts, leaf).filter(pays))
    } else {
        repeated(sample, &sampled, nameable).filter(pays)
    };
    shared.or_else(|| whole().filter(pays))
}

/// Returns a template that only names another column, if that column has the same texts.
fn repeated(
    sample: &Sample<'_, '_>,
    sampled: &[(usize, &[u8])],
    nameable: &[NamedColumn],
) -> Option<Template> {
    let mut nameable = nameable.iter().map(|column| (*column, sample.of(*column)));
    let same = |others: &[Option<&[u8]>]| {
        sampled
            .iter()
            .all(|(at, text)| others.get(*at).copied().flatten() == Some(*text))
    };
    let (column, _) = nameable.find(|(_, others)| same(others))?;
    let parts = vec![TemplatePart::Column(column)];
    Some(Template { parts })
}

/// Returns a template with one hole between the text that all rows begin with and the text that all end with.
/// Both are cut at the end of a word.
fn common_ends(texts: &Texts<'_, '_>, leaf: usize) -> Option<Template> {
    let rows = (0..texts.columns.irregular.len()).filter(|row| texts.present(leaf, *row));
    let mut prefix: Option<&[u8]> = None;
    let mut suffix: &[u8] = &[];
    for row in rows {
        let text = texts.of(NamedColumn::Leaf(leaf), row)?;
        let Some(before) = prefix else {
            (prefix, suffix) = (Some(text), text);
            continue;
        };
        let same = |(one, other): &(&u8, &u8)| one == other;
        let length = before.iter().zip(text).take_while(same).count();
        prefix = before.get(..length);
        let length = suffix
            .iter()
            .rev()
            .zip(text.iter().rev())
            .take_while(same)
            .count();
        suffix = suffix.get(suffix.len() - length..).unwrap_or_default();
        if length == 0 && prefix.is_some_and(<[u8]>::is_empty) {
            return None;
        }
    }
    let prefix = prefix.unwrap_or_default();
    let end = prefix
        .iter()
        .rposition(|byte| !is_word_byte(*byte))
        .map_or(0, |at| at + 1);
    let prefix = prefix.get(..end).unwrap_or_default();
    let start = suffix
        .iter()
        .position(|byte| !is_word_byte(*byte))
        .unwrap_or(suffix.len());
    let suffix = suffix.get(start..).unwrap_or_default();
    let mut parts = Vec::new();
    if !prefix.is_empty() && is_fixed(prefix) && prefix.first() != Some(&b'[') {
        parts.push(TemplatePart::Fixed(prefix.to_vec()));
    }
    parts.push(TemplatePart::Hole);
    if !suffix.is_empty() && is_fixed(suffix) {
        parts.push(TemplatePart::Fixed(suffix.to_vec()));
    }
    (parts.len() > 1).then_some(Template { parts })
}
