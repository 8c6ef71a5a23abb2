//! The notation of `docs/notation.md`: markers, headers, tables and documents.
//!
//! Here stand the markers and headers that say what took the place of a JSON value, and the grammar that
//! writing and reading share. `write` turns values into tables and documents, `read` turns them back into
//! JSON. The folder stands on `json`; it neither chooses what goes nor looks originals up.

pub mod frame;
pub(crate) mod grammar;
pub mod header;
pub mod marker;
pub(crate) mod read;
pub mod reserved;
pub(crate) mod sentinel;
pub(crate) mod write;
