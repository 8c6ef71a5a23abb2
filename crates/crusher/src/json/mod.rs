//! Reads and prints JSON. Nothing here knows of markers, tables or crushing.
//!
//! A text is scanned into a tape of tokens. Changes are collected as edits, and printed in a layout. Strings
//! are decoded, and encoded again byte for byte. A file that is too large to scan is cut into values first.
//! The folder imports only leaf modules at the root of the crate; all other folders may import it.

pub(crate) mod bytes;
pub mod cut;
pub(crate) mod edits;
pub mod framing;
pub(crate) mod inside;
pub(crate) mod layout;
mod layout_proof;
pub(crate) mod output;
mod print;
pub(crate) mod python;
pub mod scan;
mod scan_state;
mod spacing;
pub mod spelling;
pub mod tape;
#[cfg(test)]
mod tests;
pub(crate) mod words;
