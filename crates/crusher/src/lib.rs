//! Crush JSON tool results to far fewer tokens, and restore every byte.
//!
//! ```
//! use headroom_crusher::{Block, Crusher, Options, restore_record};
//!
//! let rows = r#"[{"id": 1, "ok": true}, {"id": 2, "ok": true}, {"id": 3, "ok": true}]"#;
//! let lines = format!("{{\"result\": {rows}}}\nnot JSON\n").into_bytes();
//! let mut crusher = Crusher::new(Options { paths: vec!["$.result".parse()?], ..Options::default() })?;
//! let block = Block::crush_lines(&mut crusher, &lines);
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
//! The crate has no I/O, no clock and no unsafe code. Nothing depends on the order of a hash map.
//!
//! # The way of a record
//!
//! Crushing, file by file:
//!
//! 1. `crush/block.rs` splits a block into lines, and `crush/record.rs` crushes one record. A text that is too
//!    long to be a record is cut into elements by `json/cut.rs`; `crush/elements.rs` crushes these, and
//!    `crush/enveloped.rs` puts around each what its paths lead through.
//! 2. `json/scan.rs` turns the record's text into a tape of tokens (`json/tape.rs`).
//! 3. `crush/payloads.rs` finds the payloads that the paths of `payload_path/` select.
//! 4. `crush/values.rs` goes through the values of a payload. An array goes to `crush/array.rs`, JSON in a
//!    string to `crush/json_text.rs`, a long text to `excerpt/cut.rs`.
//! 5. `notation/write/table.rs` finds the columns of an array and `notation/write/plan.rs` plans them;
//!    `notation/write/rows.rs` writes the table.
//! 6. If the table is over its budget (`crush/budget.rs`), `select/choose.rs` chooses the rows that stay, and
//!    `crush/kept_rows.rs` prints them.
//! 7. Everything left out goes to `originals.rs`, and `notation/marker.rs` writes the marker in its place.
//! 8. `restore/proof.rs` restores the compacted payload and compares it with the original one. If they
//!    differ, the payload stays as it was.
//!
//! Restoring, file by file:
//!
//! 1. `restore/record.rs` restores one compacted record.
//! 2. `restore/reserved_strings.rs` finds the strings that are markers, tables or documents.
//! 3. `restore/restorer.rs` looks up the original of a marker in a `Lookup`.
//! 4. `restore/behind_header.rs` restores a table or document: `notation/read/decode.rs` decodes it, and
//!    `json/print.rs` prints it in its layout.
//!
//! # Who may import whom
//!
//! The layers stand in `Cargo.toml`, under `package.metadata.imports`: each imports only from those below it.
//! No files import each other in a circle, and no file of a folder imports its `mod.rs`.

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
pub mod recognise;
mod relevance;
mod restore;
mod select;
pub mod tokens;

pub use crush::block::{Block, CrushedRecord, Failure, Line, split_lines};
pub use crush::calls::CallTable;
pub use crush::found::Recognition;
pub use crush::record::Crusher;
pub use crush::report::PayloadReport;
pub use crush::text::{CrushedText, TextKind};
pub use decisions::{Decisions, Strategy};
pub use digest::{Digest, digest, hash, is_hash};
pub use error::{Error, Limit, Result};
pub use json::layout::Layout;
pub use json::spelling::Spelling;
pub use lookup::Lookup;
pub use options::Options;
pub use originals::{OriginalEntry, Originals};
pub use restore::padding::restore_padded_record;
pub use restore::record::{markers_in_record, restore_record};
pub use restore::text::{markers_in_text, restore_text};

/// Version of the notation that this build writes. It restores this version and all before it.
pub const NOTATION_VERSION: u32 = 1;
