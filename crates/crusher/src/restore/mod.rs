//! Restores original bytes: the inverse of `crush`.
//!
//! A compacted record, or a text by itself, comes in with the originals that its markers name. The original
//! bytes go out. Restoring needs neither trace format nor options. The folder imports `notation` and never
//! `crush`, which imports it to prove what it wrote.

mod behind_header;
pub(crate) mod padding;
pub(crate) mod proof;
pub(crate) mod record;
mod reserved_strings;
mod restorer;
pub(crate) mod text;
mod verbatim;
