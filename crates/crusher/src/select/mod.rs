//! Which rows of an array stay when not all can.
//!
//! An array, the costs of its rows and a budget come in; positions of rows, and the rule that keeps each, go
//! out. Rows are analysed once; rules read the analysis and mark rows. The folder stands on `notation` and
//! `relevance`, beside `excerpt`, which does the same for lines.

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
