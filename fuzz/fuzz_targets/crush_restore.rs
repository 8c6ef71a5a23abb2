//! Crushes a block of records under options from the first two bytes, and restores it byte for byte. Crushes
//! and restores the compacted block in the same way. So with lines that are padded to their old length.
#![no_main]

use headroom_crusher::json::scan::Tape;
use headroom_crusher::{
    Block, Crusher, Options, Strategy, markers_in_record, restore_padded_record, restore_record, split_lines,
};
use libfuzzer_sys::fuzz_target;

fn options(first: u8, second: u8) -> Options {
    let bit = |at: u8| first >> at & 1 == 1;
    let paths = [
        "$.content",
        "$.messages[*]{role=tool}.content",
        "$[*]",
        "..(in|content)|json..{role^=too}.content",
        "..in|json|json.(in|content)",
    ];
    // Paths into strings come together.
    let taken = [0, 1, 2, 5];
    Options {
        max_tokens: if bit(0) { 64 } else { 1000 },
        min_tokens_to_crush: if bit(1) { 0 } else { 50 },
        min_items_to_analyze: if bit(2) { 2 } else { 5 },
        max_items_after_crush: if bit(3) { 1 } else { 15 },
        blob_min_bytes: if bit(4) { 128 } else { 1024 },
        lossless_only: bit(5) && bit(6),
        with_compaction: !(bit(6) && bit(7)),
        hash_digits: if bit(7) { 64 } else { 24 },
        lossless_min_savings_ratio: 0.0,
        // A payload that doesn't restore must fail here, and not stay as it was.
        verify: false,
        max_depth: 64,
        max_columns: if second & 1 == 1 { 3 } else { 1024 },
        excerpt_tokens: usize::from(second >> 1 & 31),
        paths: paths
            .iter()
            .take(taken[usize::from(second >> 6)])
            .filter_map(|path| path.parse().ok())
            .collect(),
        ..Options::default()
    }
}

/// Crushes lines and restores them. Returns the compacted lines.
fn round_trip(crusher: &mut Crusher, lines: &[u8]) -> Vec<u8> {
    let block = Block::crush_lines(crusher, lines);
    let mut restored = Vec::new();
    let mut at = 0;
    let mut markers = 0;
    for record in &block.records {
        restored.extend_from_slice(&block.compacted[at..record.start]);
        let compacted = &block.compacted[record.start..record.end];
        Tape::default()
            .scan(compacted, 1000)
            .expect("a compacted record is JSON");
        restore_record(compacted, &block.originals, &mut restored).expect("it restores");
        let mut found = Vec::new();
        markers_in_record(compacted, &mut found).expect("it lists its markers");
        markers += found.len();
        at = record.end;
    }
    restored.extend_from_slice(&block.compacted[at..]);
    assert_eq!(restored, lines);
    let padded = block.padded();
    let (mut restored, mut at) = (Vec::new(), 0);
    for line in split_lines(&padded).filter(|line| !line.is_blank()) {
        restored.extend_from_slice(&padded[at..line.offset]);
        at = line.offset + line.content.len();
        restore_padded_record(line.content, &block.originals, &mut restored).expect("it restores");
    }
    restored.extend_from_slice(&padded[at..]);
    assert_eq!(restored, lines);
    assert!(block.originals.arena.len() <= lines.len());
    assert!(markers >= block.originals.entries.len());
    for report in &block.payloads {
        assert!(!report.unproved);
        assert!(
            report.decisions.strategy == Strategy::Unchanged || report.tokens_after < report.tokens_before
        );
    }
    block.compacted
}

fuzz_target!(|data: &[u8]| {
    let [first, second, lines @ ..] = data else { return };
    let mut crusher = Crusher::new(options(*first, *second)).expect("valid options");
    let once = round_trip(&mut crusher, lines);
    let twice = round_trip(&mut crusher, &once);
    drop(twice);
});
