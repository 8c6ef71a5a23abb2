//! Crush JSON tool results to far fewer tokens, and restore every byte.
//!
//! ```
//! use headroom_crusher::{Block, Crusher, Options, restore_record};
//!
//! let lines = b"{\"result\": [{\"id\": 1, \"ok\": true}, {\"id\": 2, \"ok\": true}, {\"id\": 3, \"ok\": true}]}\nnot JSON\n";
//! let mut crusher = Crusher::new(Options { paths: vec!["$.result".parse()?], ..Options::default() })?;
//! let block = Block::crush_lines(&mut crusher, lines);
//! assert_eq!((block.records.len(), block.failures.len()), (2, 1));
//!
//! let mut restored = Vec::new();
//! for line in block.compacted.split_inclusive(|byte| *byte == b'\n') {
//!     restore_record(line.trim_ascii_end(), &block.originals, &mut restored)?;
//!     restored.push(b'\n');
//! }
//! assert_eq!(restored, lines);
//! # Ok::<(), headroom_crusher::Error>(())
//! ```
//!
//! The way of a record: `json::scan` finds its tokens, `crush::payloads` its payloads; `crush::values`, `crush::array` and
//! `notation::write` decide and print; `notation::marker` says what stands where; `restore` is the inverse of it all. There is no I/O, no clock, no unsafe
//! code, and nothing depends on the order of a hash map.

mod crush;
mod decisions;
mod digest;
mod error;
mod excerpt;
mod hashing;
pub mod json;
mod lookup;
pub mod notation;
mod options;
mod originals;
pub mod payload_path;
mod relevance;
mod restore;
mod select;
pub mod tokens;

pub use crush::block::{Block, CrushedRecord, Failure, Line, split_lines};
pub use crush::record::{Crusher, PayloadReport};
pub use crush::text::{CrushedText, TextKind};
pub use decisions::{Decisions, Strategy};
pub use digest::{Digest, digest, hash, is_hash};
pub use error::{Error, Limit, Result};
pub use json::layout::Layout;
pub use json::spelling::Spelling;
pub use lookup::Lookup;
pub use options::Options;
pub use originals::{OriginalEntry, Originals};
pub use restore::record::{markers_in_record, restore_record};
pub use restore::text::{markers_in_text, restore_text};

/// Version of the notation that this build writes; it restores this one and all before it.
pub const NOTATION_VERSION: u32 = 1;
