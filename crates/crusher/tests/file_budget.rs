//! The budget of a file: payloads of all its records share it, in blocks of any size.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use common::random::Random;
use common::{cases, each, strings};
use headroom_crusher::tokens::count;
use headroom_crusher::{Block, Crusher, FileBudget, Options, restore_record, split_lines};
use serde_json::{Value, json};

fn crusher(options: Options) -> Crusher {
    Crusher::new(Options {
        paths: vec![
            "$.content".parse().unwrap(),
            "$.inner|json.content".parse().unwrap(),
        ],
        ..options
    })
    .unwrap()
}

/// A file that was crushed block by block, within a budget.
struct Written {
    compacted: String,
    shares: Vec<Option<u64>>,
    tokens: u64,
    excess: u64,
    readings: usize,
}

/// Crushes blocks of so many lines.
fn write(crusher: &mut Crusher, lines: &[String], per_block: usize, max_tokens: usize) -> Written {
    let mut budget = FileBudget::new(crusher.options(), max_tokens);
    for readings in 1.. {
        let is_measured = budget.is_measured();
        crusher.file = Some(budget);
        let (mut compacted, mut shares, mut restored) = (String::new(), Vec::new(), Vec::new());
        for lines in lines.chunks(per_block) {
            let text = format!("{}\n", lines.join("\n"));
            let block = Block::crush_lines(crusher, text.as_bytes());
            shares.extend(block.payloads.iter().map(|report| report.decisions.share));
            compacted += std::str::from_utf8(&block.compacted).unwrap();
            for line in split_lines(&block.compacted) {
                restore_record(line.content, &block.originals, &mut restored).unwrap();
                restored.push(b'\n');
            }
        }
        budget = crusher.file.take().unwrap();
        assert_eq!(
            String::from_utf8(restored).unwrap(),
            format!("{}\n", lines.join("\n"))
        );
        if is_measured {
            let has_both = crusher.options().max_record_tokens > 0;
            assert!(has_both || shares.iter().flatten().all(|share| share.of == "file"));
            return Written {
                tokens: compacted.lines().map(tokens_of).sum(),
                compacted,
                shares: shares
                    .iter()
                    .map(|share| share.map(|share| share.tokens))
                    .collect(),
                excess: budget.excess(),
                readings,
            };
        }
        budget.end_reading();
    }
    unreachable!()
}

/// Counts the tokens of the payload in a line.
fn tokens_of(line: &str) -> u64 {
    let record: Value = serde_json::from_str(line).unwrap();
    match &record["content"] {
        Value::String(text) => count(text) as u64,
        Value::Null => 0,
        other => count(&other.to_string()) as u64,
    }
}

fn log(word: &str, count: usize) -> String {
    let lines: Vec<String> = (0..count)
        .map(|at| format!("{word}{at} step {} is done", at * 7919 % 1009))
        .collect();
    json!({"content": lines.join("\n")}).to_string()
}

fn file(random: &mut Random) -> Vec<String> {
    (0..=random.below(12))
        .map(|_| match random.below(5) {
            0 => json!({"said": strings::words(random, 30)}).to_string(),
            1 => json!({"content": strings::words(random, 30)}).to_string(),
            _ => {
                let count = 1 + random.below(random.size * 6);
                let lines: Vec<String> = (0..count).map(|_| strings::words(random, 12)).collect();
                json!({"content": lines.join("\n")}).to_string()
            }
        })
        .collect()
}

#[test]
fn payloads_of_a_file_keep_to_its_budget_in_blocks_of_any_size() {
    let mut gave_way = 0;
    each(cases(1), |random| {
        let lines = file(random);
        let budget = 100 + random.below(6000);
        let max_record_tokens = *random.pick(&[0, 0, 500]);
        let mut crusher = crusher(Options {
            max_record_tokens,
            ..Options::default()
        });
        let one = write(&mut crusher, &lines, 1, budget);
        let all = write(&mut crusher, &lines, 1 + random.below(99), budget);
        if one.compacted != all.compacted {
            return Err(format!("blocks matter: {lines:?}"));
        }
        if one.tokens.saturating_sub(budget as u64) != one.excess {
            return Err(format!(
                "{} for {budget}, over by {}: {lines:?}",
                one.tokens, one.excess
            ));
        }
        gave_way += one.shares.iter().flatten().count();
        Ok(())
    });
    assert!(gave_way > 100, "{gave_way}");
}

#[test]
fn older_and_larger_payloads_of_a_file_give_way_first() {
    let lines = [
        log("a", 100),
        log("b", 10),
        log("c", 200),
        r#"{"said":"no result"}"#.to_owned(),
        log("d", 100),
    ];
    let mut crusher = crusher(Options::default());
    let whole: Vec<u64> = lines.iter().map(|line| tokens_of(line)).collect();
    let written = write(&mut crusher, &lines, 2, 2500);
    let tokens: Vec<u64> = written.compacted.lines().map(tokens_of).collect();
    assert!(written.tokens <= 2500 && written.excess == 0, "{tokens:?}");
    assert_eq!([tokens[1], tokens[4]], [whole[1], whole[4]]);
    assert!(
        tokens[0] < tokens[2] && tokens[2] < whole[2],
        "{tokens:?} of {whole:?}"
    );
    assert_eq!(
        written.shares.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, false, true, false]
    );
    assert_eq!(written.readings, 3, "measured, measured again, written");
    // A file within its budget is measured once, and is what it is without one.
    let fitting = write(&mut crusher, &lines, 2, 10_000);
    let text = format!("{}\n", lines.join("\n"));
    assert_eq!(
        fitting.compacted.as_bytes(),
        Block::crush_lines(&mut crusher, text.as_bytes()).compacted
    );
    assert_eq!(fitting.readings, 2);
}

#[test]
fn lines_that_are_no_records_and_payloads_in_strings_have_their_places() {
    let inner = |word: &str| json!({"inner": log(word, 150)}).to_string();
    let lines = [inner("a"), "no record".to_owned(), inner("b"), log("c", 150)];
    let mut crusher = crusher(Options::default());
    let mut budget = FileBudget::new(crusher.options(), 2000);
    let text = lines.join("\n");
    let written = loop {
        let is_measured = budget.is_measured();
        crusher.file = Some(budget);
        let block = Block::crush_lines(&mut crusher, text.as_bytes());
        budget = crusher.file.take().unwrap();
        if is_measured {
            break block;
        }
        budget.end_reading();
    };
    assert_eq!((written.failures.len(), written.payloads.len()), (1, 3));
    assert_eq!(budget.excess(), 0);
    let shares: Vec<u64> = written
        .payloads
        .iter()
        .map(|report| report.decisions.share.unwrap().tokens)
        .collect();
    assert!(
        shares.is_sorted() && shares.iter().sum::<u64>() <= 2000,
        "{shares:?}"
    );
    let explained = written.payloads[0].decisions.explain();
    assert!(explained.ends_with("of the file's budget"), "{explained}");
}

#[test]
fn what_must_stay_in_a_file_is_reported() {
    let lines: Vec<String> = ["a", "b", "c"].map(|word| log(word, 100)).into();
    let written = write(&mut crusher(Options::default()), &lines, 1, 100);
    assert!(written.excess > 0 && written.tokens == 100 + written.excess);
    assert!(written.tokens <= 3 * 192);
    // Without loss, and without compaction, budgets in tokens don't act.
    for options in [
        Options {
            lossless_only: true,
            ..Options::default()
        },
        Options {
            with_compaction: false,
            ..Options::default()
        },
    ] {
        assert_eq!(write(&mut crusher(options), &lines, 1, 100).readings, 1);
    }
}
