//! Crushes records, and texts by themselves.
//!
//! Records come in. Their compacted forms, the originals that were left out and a report for each payload go
//! out. A payload that wouldn't get smaller, or doesn't restore, stays as it was. This is the top layer: it
//! uses every other folder, and only `lib.rs` imports it.

mod array;
mod attempts;
pub(crate) mod block;
mod budget;
mod by_shape;
pub(crate) mod calls;
mod context;
mod elements;
mod embedded;
mod enveloped;
mod escape;
pub(crate) mod found;
mod json_text;
mod kept_rows;
mod padding;
mod payload;
mod payloads;
mod query;
pub(crate) mod record;
mod replacers;
pub(crate) mod report;
mod strings;
mod surroundings;
pub(crate) mod text;
mod text_payloads;
mod tools;
mod values;
mod walk;
mod walk_memory;
