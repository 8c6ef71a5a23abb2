//! Original → compacted: one record, or one text by itself.
//!
//! The payloads of a record come in; their compacted forms, the originals taken out and a report of each decision go out.
//! What doesn't pay, or doesn't restore, stays as it was. This is the top layer: it uses every other folder, and only
//! `lib.rs` imports it.

pub(crate) mod array;
pub(crate) mod block;
pub(crate) mod budget;
pub(crate) mod json_text;
pub(crate) mod kept_rows;
pub(crate) mod payloads;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod text;
pub(crate) mod values;
