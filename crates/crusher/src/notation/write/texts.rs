//! The texts of a table's columns, which a template may take apart or name.

use crate::json::tape::{Doc, Kind};
use crate::notation::write::columns::{Columns, MISSING};
use crate::notation::write::table_options::TableOptions;
use crate::notation::write::value::is_plain;

/// A column that a back-reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedColumn {
    /// The keys of a map.
    Key,
    /// The leaf column with this index.
    Leaf(usize),
}

/// The texts of a table's columns.
pub(crate) struct Texts<'a, 'd> {
    pub doc: &'d Doc<'a>,
    pub columns: &'d Columns<'a>,
    pub keys: &'d [u32],
    pub options: TableOptions,
}

impl<'a> Texts<'a, '_> {
    /// Returns the text of a column in a row. None for a value that isn't a short string, may be reserved, or
    /// is spelled with escapes.
    pub fn of(&self, column: NamedColumn, row: usize) -> Option<&'a [u8]> {
        let cell = match column {
            NamedColumn::Key => self.keys.get(row).copied(),
            NamedColumn::Leaf(leaf) => self
                .columns
                .leaves
                .get(leaf)
                .and_then(|leaf| leaf.cells.get(row).copied()),
        };
        let cell = cell.filter(|cell| *cell != MISSING)?;
        let node = self.doc.node(cell);
        let raw = self.doc.inner(node);
        // A string that may be reserved or hold JSON isn't taken apart.
        let is_text =
            !matches!(raw.first(), Some(b'<' | b'[' | b'{' | b'\\')) && raw.len() < self.options.long_bytes;
        (is_text && node.kind == Kind::String && is_plain(node, raw, self.options.spelling)).then_some(raw)
    }

    /// Returns true if a row has a value in a leaf column.
    pub fn present(&self, leaf: usize, row: usize) -> bool {
        let cell = self.columns.leaves.get(leaf).and_then(|leaf| leaf.cells.get(row));
        cell.is_some_and(|cell| *cell != MISSING)
    }
}
