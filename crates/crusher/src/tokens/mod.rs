//! Tokens of o200k: counted exactly for reports, estimated fast for decisions.
//!
//! A text comes in, and a number of tokens goes out. The folder imports nothing of the crate. Any other
//! module may use it, through the names that this file hands on.

mod count;
mod estimate;
#[cfg(test)]
mod tests;

pub use count::count;
pub(crate) use count::pieces;
pub use estimate::{estimate, estimate_64ths};
