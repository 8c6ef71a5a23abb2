//! Crushes JSONL from standard input, restores it and compares. Prints counts and the speed as JSON.
//!
//! `cargo run --release --example round_trip -- [--lossless] [--no-verify] [PATH…] < FILE.jsonl`

use std::error::Error;
use std::io::Read;
use std::time::Instant;

use headroom_crusher::{Block, Crusher, Options, restore_record};

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let mut options = Options::default();
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("--") {
            Some("lossless") => options.lossless_only = true,
            Some("no-verify") => options.verify = false,
            Some(_) => return Err("unknown option: only --lossless and --no-verify are known".into()),
            None => options.paths.push(argument.parse()?),
        }
    }
    let mut crusher = Crusher::new(options)?;
    let started = Instant::now();
    let mut blocks = Vec::new();
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let wanted = rest.len().min(128 << 10);
        let end = rest
            .iter()
            .skip(wanted)
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| wanted + at + 1);
        let (lines, behind) = rest.split_at(end);
        blocks.push((lines, Block::crush_lines(&mut crusher, lines)));
        rest = behind;
    }
    let crushed_s = started.elapsed().as_secs_f64();
    let (mut records, mut failures, mut wrong, mut unproved, mut compacted, mut originals) =
        (0, 0, 0, 0, 0, 0);
    let (mut before, mut after) = (0, 0);
    for (lines, block) in &blocks {
        records += block.records.len();
        failures += block.failures.len();
        compacted += block.compacted.len();
        originals += block.originals.arena.len();
        unproved += block.payloads.iter().filter(|payload| payload.unproved).count();
        before += block
            .payloads
            .iter()
            .map(|payload| payload.tokens_before)
            .sum::<u64>();
        after += block
            .payloads
            .iter()
            .map(|payload| payload.tokens_after)
            .sum::<u64>();
        for record in &block.records {
            let mut restored = Vec::new();
            let compacted = block.compacted.get(record.start..record.end).unwrap_or_default();
            let same = restore_record(compacted, &block.originals, &mut restored).is_ok();
            wrong += usize::from(
                !same || Some(restored.as_slice()) != lines.get(record.offset..record.offset + record.length),
            );
        }
    }
    println!(
        "{{\"bytes\":{},\"records\":{records},\"failures\":{failures},\"not_restored\":{wrong},\
         \"unproved\":{unproved},\"compacted_bytes\":{compacted},\"original_bytes\":{originals},\
         \"tokens_before\":{before},\"tokens_after\":{after},\"crush_mb_per_s\":{:.0}}}",
        text.len(),
        text.len() as f64 / 1e6 / crushed_s
    );
    if wrong + unproved > 0 {
        Err("some records don't restore".into())
    } else {
        Ok(())
    }
}
