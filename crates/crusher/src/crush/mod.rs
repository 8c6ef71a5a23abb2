//! Original → compacted: one record, or one text by itself.
//!
//! The payloads of a record come in; their compacted forms, the originals taken out and a report of each
//! decision go out. What doesn't pay, or doesn't restore, stays as it was. This is the top layer: it uses
//! every other folder, and only `lib.rs` imports it.

mod array;
mod attempts;
pub(crate) mod block;
mod budget;
mod context;
mod elements;
mod enveloped;
mod escape;
mod json_text;
mod kept_rows;
mod payloads;
mod query;
pub(crate) mod record;
mod replacers;
mod surroundings;
pub(crate) mod text;
mod values;
