//! Looks for results by their shape in any record. Every path that is found parses, and selects something in
//! the record.
#![no_main]

use headroom_crusher::json::scan::Tape;
use headroom_crusher::payload_path::Path;
use headroom_crusher::recognise::{Learned, Recogniser};
use headroom_crusher::{Block, Crusher, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut tape = Tape::default();
    let Ok(doc) = tape.scan(data, 256) else { return };
    let recognised = Recogniser::default().recognise(&doc);
    let mut learned = Learned::default();
    learned.add(&recognised);
    for found in &recognised.found {
        assert!(found.offset + found.length <= data.len());
        let path: Path = found.full_path().parse().expect("the path parses");
        let options = Options {
            paths: vec![path],
            ..Options::default()
        };
        let mut crusher = Crusher::new(options).expect("valid options");
        let line: Vec<u8> = data
            .iter()
            .map(|byte| if *byte == b'\n' { b' ' } else { *byte })
            .collect();
        let block = Block::crush_lines(&mut crusher, &line);
        assert!(block.failures.is_empty());
        // A string that holds JSON isn't opened if its spelling can't be told.
        if !found.tool.ends_with("headroom_retrieve") && !found.path.contains("|json") {
            assert!(
                !block.payloads.is_empty(),
                "{:?} selects nothing",
                found.full_path()
            );
        }
    }
});
