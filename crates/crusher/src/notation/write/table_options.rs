//! What tables may be.

use crate::json::spelling::Spelling;

/// What tables may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding {
    /// An array whose rows have more distinct columns is none.
    pub max_columns: usize,
    /// How bare text is spelled.
    pub spelling: Spelling,
    /// Strings of so many bytes or more are left to the `Parts` that write them.
    pub long_bytes: usize,
    /// A text may stand in part in the head, in part in its cell.
    pub splits: bool,
}
