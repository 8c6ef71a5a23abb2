//! Prints what is recognised in each line of standard input, or how fast.
//!
//! `cargo run --release --example recognise -- [--speed] < FILE.jsonl`

use std::error::Error;
use std::io::{Read, Write};
use std::time::Instant;

use headroom_crusher::json::scan::Tape;
use headroom_crusher::recognise::Recogniser;

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    let speed = std::env::args().any(|argument| argument == "--speed");
    let mut tape = Tape::default();
    let mut recogniser = Recogniser::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut scan_s, mut recognise_s, mut found_count) = (0.0, 0.0, 0);
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let started = Instant::now();
        let Ok(doc) = tape.scan(line, 256) else { continue };
        scan_s += started.elapsed().as_secs_f64();
        let started = Instant::now();
        let record = recogniser.recognise(&doc);
        recognise_s += started.elapsed().as_secs_f64();
        found_count += record.found.len();
        if !speed {
            for path in record.against {
                writeln!(out, "{number}\tagainst\t\t\t0\t0\t0\t{path}")?;
            }
            for found in record.found {
                let sure = if found.sure { "sure" } else { "likely" };
                writeln!(
                    out,
                    "{number}\t{sure}\t{:?}\t{}\t{}\t{}\t{}\t{}",
                    found.reason,
                    found.tool,
                    found.tokens,
                    found.offset,
                    found.length,
                    found.full_path()
                )?;
            }
        }
    }
    if speed {
        let megabytes = text.len() as f64 / 1e6;
        let (scan, recognise) = (megabytes / scan_s, megabytes / recognise_s);
        writeln!(
            out,
            "{megabytes:.1} MB, {found_count} found, scan {scan:.0} MB/s, recognise {recognise:.0} MB/s"
        )?;
    }
    Ok(())
}
