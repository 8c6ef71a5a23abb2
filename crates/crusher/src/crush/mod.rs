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
mod call_names;
pub(crate) mod calls;
mod context;
mod drafts;
mod elements;
mod embedded;
mod enveloped;
mod escape;
pub(crate) mod file_budget;
pub(crate) mod found;
mod json_text;
mod kept_rows;
mod ledger;
mod main_text;
mod media_type;
mod mixed_text;
mod name_copies;
mod padding;
mod payload;
mod payloads;
mod plain_text;
mod query;
pub(crate) mod record;
mod record_budget;
mod replacers;
pub(crate) mod report;
mod shares;
mod strings;
mod surroundings;
pub(crate) mod text;
mod text_payloads;
mod tools;
mod values;
mod walk;
mod walk_memory;
