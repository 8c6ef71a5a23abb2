//! Tells what makes a text matter to its reader, in a row or on a line.
//!
//! A text comes in. Out goes whether it reports a failure, holds a pattern of the caller, or shares words
//! with the query. The folder imports only `hashing`. `select` and `excerpt` both build on it.

pub(crate) mod failures;
pub(crate) mod patterns;
pub(crate) mod query_words;
pub(crate) mod words;
