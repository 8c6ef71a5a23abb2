//! What makes a text matter to its reader, whether it stands in a row or on a line.
//!
//! A text comes in; what comes out is whether it reports a failure, holds a pattern of the caller, or shares
//! words with the query. The folder stands on the modules at the root of the crate; `select` and `excerpt`
//! both stand on it.

pub(crate) mod failures;
pub(crate) mod patterns;
pub(crate) mod query_words;
pub(crate) mod words;
