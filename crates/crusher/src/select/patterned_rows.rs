//! Marks the rows that hold one of the caller's patterns.

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED};
use crate::relevance::patterns::Patterns;
use crate::select::analysis::Analysis;
use crate::select::column_statistics::ValueClass;

/// Calls `hit` for each row that holds a pattern: in its JSON text, keys included, or in a string without its
/// escapes.
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
