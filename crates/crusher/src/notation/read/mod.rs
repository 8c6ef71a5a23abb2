//! Tables and documents → compact JSON.
//!
//! The text behind a header comes in; its JSON goes into a sink. One sink keeps the JSON, another one
//! compares it with the text that it has to be. Reading is strict: what the writer can't have written is an
//! error. It stands beside `write`, on the grammar, and neither imports the other.

pub(crate) mod compare;
pub(crate) mod cursor;
pub(crate) mod decode;
pub(crate) mod document;
pub(crate) mod fill;
pub(crate) mod header;
pub(crate) mod memory;
pub(crate) mod rows;
pub(crate) mod sink;
pub(crate) mod table;
pub(crate) mod value;
mod written_members;
