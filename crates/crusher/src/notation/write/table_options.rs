//! The options of tables.

use crate::json::spelling::Spelling;

/// How tables are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableOptions {
    /// The most columns. An array whose rows have more is no table.
    pub max_columns: usize,
    /// The spelling of strings that stand bare.
    pub spelling: Spelling,
    /// Strings of this many bytes or more belong to no template, because a `Replacer` may replace them.
    pub long_bytes: usize,
    /// Templates may split a text, into fixed text in the header and holes in the cells.
    pub splits: bool,
}
