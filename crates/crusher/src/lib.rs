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
//! The way of a record: [`scan`] finds its tokens, [`record`] its payloads; `document`, `array` and [`table`] decide
//! and print; [`marker`] says what stands where; [`restore_record`] is the inverse of it all. There is no I/O, no clock, no unsafe
//! code, and nothing depends on the order of a hash map.

mod analyze;
mod array;
mod bare;
mod block;
mod budget;
mod bytes;
mod columns;
mod crusher;
mod decisions;
mod digest;
mod document;
mod earlier;
mod edits;
mod error;
mod hashing;
mod json_text;
mod layout;
pub mod marker;
mod options;
mod originals;
mod output;
pub mod record;
mod restore;
mod rows;
pub mod scan;
mod select;
mod sentinel;
mod shapes;
mod spelling;
pub mod table;
pub mod tape;
mod text;
pub mod tokens;
mod walker;

pub use bare::{CrushedText, TextKind};
pub use block::{Block, Failure, Line, Record, split_lines};
pub use crusher::{Crusher, PayloadReport};
pub use decisions::{Decisions, Strategy};
pub use digest::{Digest, digest, hash, is_hash};
pub use error::{Error, Limit, Result};
pub use layout::Layout;
pub use options::Options;
pub use originals::{Entry, Originals};
pub use restore::{Lookup, markers_in_record, markers_in_text, restore_record, restore_text};
pub use spelling::Spelling;

/// Version of the notation that this build writes; it restores this one and all before it.
pub const NOTATION_VERSION: u32 = 1;
