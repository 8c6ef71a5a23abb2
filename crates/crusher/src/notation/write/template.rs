//! Templates: what the texts of a column have in common.

use crate::notation::grammar::{Place, is_bare, is_bare_text};
use crate::notation::write::columns::signed;
use crate::notation::write::texts::{NamedColumn, Texts};

/// At most one row in this many may have a text that the template doesn't fit.
const ROWS_PER_MISFIT: usize = 8;

/// One part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    /// Text that all rows have.
    Fixed(Vec<u8>),
    /// The text of another column in the same row.
    Column(NamedColumn),
    /// Text that stands in the row's cell.
    Hole,
}

/// The parts of a column's texts, in order.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub parts: Vec<TemplatePart>,
}

impl Template {
    /// Returns the number of holes: a row has as many cells for the column.
    pub fn holes(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| **part == TemplatePart::Hole)
            .count()
    }

    /// Returns the columns that the template names.
    pub fn named_columns(&self) -> impl Iterator<Item = NamedColumn> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Column(named) => Some(*named),
            _ => None,
        })
    }

    /// Takes a text apart into the texts of the holes. Returns false if the template doesn't fit the text.
    pub fn take_apart<'t>(
        &self,
        texts: &Texts<'t, '_>,
        text: &'t [u8],
        row: usize,
        holes: &mut Vec<&'t [u8]>,
    ) -> bool {
        holes.clear();
        let mut rest = text;
        let mut open = false;
        let last = self.parts.len().saturating_sub(1);
        for (at, part) in self.parts.iter().enumerate() {
            let fixed = match part {
                TemplatePart::Hole => {
                    open = true;
                    continue;
                }
                TemplatePart::Fixed(fixed) => fixed.as_slice(),
                TemplatePart::Column(named) => match texts.of(*named, row) {
                    Some(text) => text,
                    None => return false,
                },
            };
            let start = match (open, at == last) {
                (false, _) => rest.starts_with(fixed).then_some(0),
                (true, true) => rest.ends_with(fixed).then(|| rest.len() - fixed.len()),
                (true, false) => places_of(rest, fixed).next(),
            };
            let Some(start) = start else { return false };
            if open {
                holes.extend(rest.get(..start));
            }
            open = false;
            rest = rest.get(start + fixed.len()..).unwrap_or_default();
        }
        if open {
            holes.push(rest);
            return true;
        }
        rest.is_empty()
    }

    /// Returns the bytes that the template saves in all rows, less its own; none if it doesn't fit.
    pub fn saved_bytes(&self, texts: &Texts<'_, '_>, leaf: usize) -> Option<i64> {
        let rows = texts.columns.irregular.len();
        let (mut saved, mut misfits, mut holes) = (0, 0, Vec::new());
        for row in (0..rows).filter(|row| !texts.columns.irregular.get(*row).copied().unwrap_or(true)) {
            if !texts.present(leaf, row) {
                // Without a cell, no row can say that it has no value.
                if self.holes() == 0 {
                    return None;
                }
                continue;
            }
            let text = texts.of(NamedColumn::Leaf(leaf), row);
            if let Some(text) = text.filter(|text| self.take_apart(texts, text, row, &mut holes)) {
                let left: usize = holes.iter().map(|hole| hole.len()).sum();
                saved += signed(text.len()) - signed(left);
                saved += if is_bare(text, Place::Cell) { 0 } else { 2 };
                let quoted = holes.iter().filter(|hole| !is_bare_text(hole, Place::Cell));
                saved -= 2 * signed(quoted.count());
            } else {
                misfits += 1;
                if self.holes() == 0 || misfits * ROWS_PER_MISFIT > rows {
                    return None;
                }
                saved -= 3;
            }
            saved += 1 - signed(self.holes());
        }
        let own = self.parts.iter().map(|part| match part {
            TemplatePart::Fixed(text) => text.len(),
            TemplatePart::Column(_) => 8,
            TemplatePart::Hole => 2,
        });
        Some(saved - signed(own.sum()) - 1)
    }
}

/// Returns the positions of a short text in another one. A search with tables would take longer to set up.
pub(crate) fn places_of<'t>(text: &'t [u8], part: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    let first = part.first().copied().unwrap_or_default();
    memchr::memchr_iter(first, text)
        .filter(move |at| text.get(*at..).is_some_and(|rest| rest.starts_with(part)))
}

/// Returns true for ASCII letters and digits, and for bytes above 0x7f.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}
