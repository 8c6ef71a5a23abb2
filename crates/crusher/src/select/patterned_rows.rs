//! Rows that hold one of the caller's texts.

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED};
use crate::relevance::patterns::Patterns;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::ValueClass;

/// Marks rows that hold one of the texts: as JSON text, keys included, or inside a value without its escapes.
pub(crate) fn mark_patterned(
    patterns: &Patterns,
    doc: &Doc<'_>,
    analysis: &Analysis,
    mut hit: impl FnMut(u32),
) {
    let mut decoded = Vec::new();
    for ((row, cells), at) in analysis.iter().zip(&analysis.rows) {
        let mut in_value = |node| {
            decoded.clear();
            spelling::decode(doc.inner(node), &mut decoded) && patterns.find(&decoded)
        };
        let mut escaped = cells
            .iter()
            .filter(|cell| cell.class == ValueClass::String)
            .map(|cell| doc.node(cell.node));
        if patterns.find(doc.raw(doc.node(*at)))
            || escaped.any(|node| node.flags & ESCAPED != 0 && in_value(node))
        {
            hit(row);
        }
    }
}
