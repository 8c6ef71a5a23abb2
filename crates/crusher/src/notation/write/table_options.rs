//! What tables may be.

use crate::json::spelling::Spelling;

/// What tables may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableOptions {
    /// An array whose rows have more distinct columns is none.
    pub max_columns: usize,
    /// How bare text is spelled.
    pub spelling: Spelling,
    /// Strings of so many bytes or more are left to the `Replacer` that write them.
    pub long_bytes: usize,
    /// A text may stand in part in the header, in part in its cell.
    pub splits: bool,
}
