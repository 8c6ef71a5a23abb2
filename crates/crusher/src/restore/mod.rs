//! Compacted → original bytes, the inverse of `crush`.
//!
//! A compacted record, or a text by itself, comes in with the originals that its markers name; the original
//! bytes go out. It needs neither trace format nor options. The folder stands on `notation` and never imports
//! `crush`, which uses it to prove what it wrote.

mod behind_header;
pub(crate) mod proof;
pub(crate) mod record;
mod reserved_strings;
mod restorer;
pub(crate) mod text;
mod verbatim;
