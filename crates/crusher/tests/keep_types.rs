//! With `keep_types`, every node of a record stays what it is and where it is on its tape.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::cell::Cell;

use common::{cases, documents, each};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::json::tape::{Doc, Kind};
use headroom_crusher::{Block, Crusher, Options, restore_record};

fn nodes(doc: Doc<'_>) -> Vec<(Kind, u32)> {
    (0..doc.len())
        .map(|at| (doc.node(at).kind, doc.node(at).next))
        .collect()
}

#[test]
fn a_crushed_record_has_the_nodes_that_it_had() {
    let changed = Cell::new(0);
    each(cases(100), |random| {
        let mut crusher = Crusher::new(Options {
            keep_types: true,
            max_tokens: 64,
            min_tokens_to_crush: 0,
            blob_min_bytes: 128,
            ..Options::default()
        })
        .map_err(|error| error.to_string())?;
        let record = documents::record(random);
        let mut block = Block::default();
        block.crush_record(&mut crusher, record.as_bytes(), 7);
        let crushed = block.records[0];
        assert_eq!((crushed.offset, crushed.length), (7, record.len()));
        if crushed.failed {
            return Ok(());
        }
        let compacted = &block.compacted[crushed.start..crushed.end];
        changed.set(changed.get() + usize::from(compacted != record.as_bytes()));
        let (mut before, mut after) = (Tape::default(), Tape::default());
        let old = nodes(before.scan(record.as_bytes(), 256).unwrap());
        let new = nodes(after.scan(compacted, 256).unwrap());
        let mut restored = Vec::new();
        restore_record(compacted, &block.originals, &mut restored).unwrap();
        if new != old || restored != record.as_bytes() {
            return Err(record);
        }
        Ok(())
    });
    assert!(changed.get() > 0);
}
