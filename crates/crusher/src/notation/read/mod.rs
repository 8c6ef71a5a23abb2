//! Reads tables and documents as JSON.
//!
//! The text behind a header comes in, and its JSON goes into a sink. One sink keeps the JSON, another one
//! compares it with the expected text. Reading is strict, as section 6.4 of `docs/notation.md` demands. The
//! folder imports the grammar; `read` and `write` never import each other.

pub(crate) mod columns;
pub(crate) mod compare;
pub(crate) mod cursor;
pub(crate) mod decode;
pub(crate) mod document;
pub(crate) mod fill;
pub(crate) mod memory;
pub(crate) mod rows;
pub(crate) mod sink;
pub(crate) mod table;
pub(crate) mod value;
mod written_members;
