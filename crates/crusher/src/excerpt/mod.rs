//! Chooses which parts of a long text stay visible beside its marker.
//!
//! A text and a budget come in. An excerpt of its lines, or of pieces of them, goes out. One pass notes the
//! reasons to show each line; then lines are chosen, the most important first. The folder builds on `json`
//! and `relevance`. `select`, beside it, does the same for rows.

pub(crate) mod choice;
pub(crate) mod cut;
pub(crate) mod kind;
pub(crate) mod lines;
pub(crate) mod shorten;
pub(crate) mod survey;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests;
pub(crate) mod vocabulary;
