//! Chooses the rows of an array that stay when not all can.
//!
//! An array, the costs of its rows and a budget come in. Positions of rows, and the rule that keeps each, go
//! out. Rows are analysed once; then rules read the analysis and mark rows. The folder builds on `notation`
//! and `relevance`. `excerpt`, beside it, does the same for lines.

pub(crate) mod analysis;
pub(crate) mod choose;
pub(crate) mod column_statistics;
mod coverage;
mod failing_values;
mod patterned_rows;
mod ranking;
pub(crate) mod row_names;
mod rule;
mod series;
mod signals;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests;
