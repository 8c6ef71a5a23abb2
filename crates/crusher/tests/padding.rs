//! Padded lines are as long as they were, and restore byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod common;

use common::check::crusher;
use common::mutate::mutate;
use common::{cases, documents, each, show};
use headroom_crusher::{Block, Crusher, Options, Originals, restore_padded_record, split_lines};

fn restored(padded: &[u8], originals: &Originals) -> Result<Vec<u8>, String> {
    let (mut restored, mut copied) = (Vec::new(), 0);
    for line in split_lines(padded).filter(|line| !line.is_blank()) {
        restored.extend_from_slice(&padded[copied..line.offset]);
        copied = line.offset + line.content.len();
        restore_padded_record(line.content, originals, &mut restored).map_err(|error| error.to_string())?;
    }
    restored.extend_from_slice(&padded[copied..]);
    Ok(restored)
}

fn check(crusher: &mut Crusher, lines: &[u8]) -> Result<(), String> {
    let block = Block::crush_lines(crusher, lines);
    let padded = block.padded();
    let sizes = |lines: &[u8]| {
        split_lines(lines)
            .map(|line| line.content.len())
            .collect::<Vec<_>>()
    };
    let pairs = sizes(lines).into_iter().zip(sizes(&padded));
    if sizes(lines).len() != sizes(&padded).len() || pairs.clone().any(|(before, after)| after < before) {
        return Err(format!("a line is shorter: {}", show(&padded)));
    }
    if restored(&padded, &block.originals)? != lines {
        return Err(format!("{} doesn't come back: {}", show(lines), show(&padded)));
    }
    Ok(())
}

#[test]
fn lines_of_every_shape_come_back() {
    each(cases(10), |random| {
        let mut lines = Vec::new();
        for _ in 0..random.below(4) {
            let mut record = documents::record(random).into_bytes();
            if random.chance(25) {
                mutate(random, &mut record);
            }
            record.retain(|byte| *byte != b'\n');
            lines.extend_from_slice(random.pick::<&[u8]>(&[b"", b" ", b"\xef\xbb\xbf"]));
            lines.extend_from_slice(&record);
            lines.extend_from_slice(random.pick::<&[u8]>(&[b"", b" ", b"  ", b"\t", b"  \t ", b" \r"]));
            lines.extend_from_slice(random.pick::<&[u8]>(&[b"\n", b"\r\n", b"\n \n"]));
        }
        check(&mut crusher(random)?, &lines)
    });
}

#[test]
fn blanks_of_the_log_are_told_from_padding() {
    let mut crusher = Crusher::new(Options::default()).unwrap();
    for blanks in ["", " ", "    ", "  \t  ", "\t", " \r"] {
        for record in [
            r#"{"a": 1, "b": 2}"#,
            "[]",
            r#""<<ccr:""#,
            r#"{"a": [broken"#,
            "x",
            &"x".repeat(300),
        ] {
            check(
                &mut crusher,
                format!("{record}{blanks}\n{record}{blanks}").as_bytes(),
            )
            .unwrap();
        }
    }
}
