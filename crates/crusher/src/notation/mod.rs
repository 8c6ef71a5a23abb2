//! The notation of `docs/notation.md`: markers, headers, tables and documents.
//!
//! The files of this folder hold markers, headers and frames, and the grammar that writing and reading share.
//! `write` turns values into tables and documents, `read` turns them back into JSON. The folder imports
//! `json`. It neither chooses what is left out nor looks originals up.

pub mod frame;
pub(crate) mod grammar;
pub mod header;
pub mod marker;
pub(crate) mod mixed;
pub(crate) mod read;
pub mod reserved;
pub(crate) mod sentinel;
pub mod separator;
pub(crate) mod write;
