//! `max_tokens` is a real budget. What is left of a payload takes no more tokens, counted exactly, unless
//! more must stay; then the report says by how much.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::path::Path;

use common::json::{layout, print, spelling};
use common::random::Random;
use common::{cases, documents, each, show, strings};
use headroom_crusher::payload_path::Path as PayloadPath;
use headroom_crusher::tokens::count;
use headroom_crusher::{CrushedText, Crusher, Options, Originals, Output, Strategy, TextKind};

/// Rules whose rows need not stay once the budget is spent.
const OPTIONAL_RULES: [&str; 4] = ["relevant", "first", "last", "coverage"];

fn crusher(max_tokens: usize) -> Crusher {
    Crusher::new(Options {
        max_tokens,
        ..Options::default()
    })
    .unwrap()
}

/// Checks one text by itself against its budget, and returns by how much it is over.
fn check(crusher: &mut Crusher, text: &str, query: &str) -> Result<u64, String> {
    let Ok(crushed) = crusher.crush_text(text, TextKind::Any, query, 1.0) else {
        return Ok(0);
    };
    let budget = crusher.options().max_tokens as u64;
    let CrushedText {
        compressed, report, ..
    } = &crushed;
    let (tokens, over) = (count(compressed) as u64, report.decisions.over_budget);
    let told = |what: &str| {
        let explained = report.decisions.explain();
        Err(format!(
            "{what}: {tokens} tokens for {budget}, {explained}\n{}\n{}",
            show(text.as_bytes()),
            show(compressed.as_bytes())
        ))
    };
    // The escapes of reserved text may exceed the budget.
    let is_escaped = report.decisions.strategy == Strategy::Unchanged && compressed != text;
    if !is_escaped && (tokens > budget) != (over > 0) {
        return told("the report is wrong about the budget");
    }
    // Far above the budget the report is an estimate.
    if over > 0 && tokens <= budget * 11 / 10 && over.abs_diff(tokens - budget) > budget / 4 {
        return told("the report is wrong about the excess");
    }
    let whole = report.decisions.keep.is_some();
    let optional = report
        .decisions
        .rules
        .iter()
        .find(|(rule, _)| OPTIONAL_RULES.contains(rule));
    if whole && over > 0 && optional.is_some() {
        return told("rows over the budget stay that need not");
    }
    Ok(over)
}

fn any_text(random: &mut Random) -> String {
    match random.below(4) {
        0 => {
            let lines: Vec<String> = (0..random.size).map(|_| strings::words(random, 12)).collect();
            lines.join("\n")
        }
        1 => {
            let count = random.size * 20;
            strings::unicode(random, count)
        }
        _ => print(&documents::document(random), layout(random), spelling(random)),
    }
}

#[test]
fn payloads_of_any_shape_keep_to_their_budget() {
    let mut crushers: Vec<Crusher> = [64, 100, 256, 1000].map(crusher).into();
    each(cases(5), |random| {
        let text = any_text(random);
        let at = random.below(crushers.len());
        check(&mut crushers[at], &text, "the budget of 2024").map(|_| ())
    });
}

#[test]
fn large_arrays_of_plain_rows_keep_to_any_budget() {
    each(cases(1), |random| {
        let count = 200 + random.below(2000);
        let rows: Vec<String> = (0..count)
            .map(|at| {
                format!(
                    r#"{{"id":{at},"name":"{}","text":"{}"}}"#,
                    strings::word(random),
                    strings::words(random, 20)
                )
            })
            .collect();
        let mut crusher = crusher(128 + random.below(4000));
        check(&mut crusher, &format!("[{}]", rows.join(",")), "").map(|_| ())
    });
}

#[test]
fn the_parts_of_a_document_share_its_budget() {
    each(cases(1), |random| {
        let parts = 2 + random.below(9);
        let members: Vec<String> = (0..parts)
            .map(|part| {
                let count = 10 + random.below(300);
                let items: Vec<String> = (0..count)
                    .map(|at| format!(r#"{{"at":{at},"word":"{}"}}"#, strings::word(random)))
                    .collect();
                match random.below(3) {
                    0 => format!(r#""part{part}":[{}]"#, items.join(",")),
                    1 => format!(
                        r#""part{part}":{{"rows":[{}],"note":"{}"}}"#,
                        items.join(","),
                        strings::words(random, 9)
                    ),
                    _ => format!(r#""part{part}":"{}""#, strings::words(random, count)),
                }
            })
            .collect();
        let mut crusher = crusher(1500);
        // Even ten parts of the smallest size, and the text between them, fit this budget.
        match check(&mut crusher, &format!("{{{}}}", members.join(",")), "")? {
            0 => Ok(()),
            over => Err(format!("{parts} parts are over by {over}")),
        }
    });
}

#[test]
fn a_text_with_far_more_tokens_than_its_estimate_is_cut_to_its_budget() {
    for letters in [["Q", "Z", "X", "J"], ["ж", "щ", "ы", "ю"], ["𐍈", "𐍊", "𐌰", "𐍃"]] {
        let mut random = Random::new(7, 40);
        let text: String = (0..6000).map(|_| letters[random.below(4)]).collect();
        assert_eq!(check(&mut crusher(512), &text, "").unwrap(), 0, "{letters:?}");
    }
}

#[test]
fn few_words_of_many_tokens_in_ordinary_text_are_counted() {
    each(cases(1), |random| {
        let mut text = strings::words(random, 800 + random.size * 10);
        let hostile: String = (0..random.below(1500))
            .map(|_| *random.pick(&['Q', 'Z', 'X', 'ж', 'щ', '~']))
            .collect();
        let at = random.below(text.len());
        let at = (at..text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        text.insert_str(at, &hostile);
        let budget = count(&text) * (80 + random.below(40)) / 100;
        check(&mut crusher(budget.max(64)), &text, "").map(|_| ())
    });
}

#[test]
fn recorded_results_keep_to_their_budget() {
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/traces/openai_messages.jsonl");
    let paths: Vec<PayloadPath> = vec!["${role=tool}.content".parse().unwrap()];
    let text = std::fs::read_to_string(traces).unwrap();
    for max_tokens in [256, 1024, 4096] {
        let options = Options {
            max_tokens,
            paths: paths.clone(),
            exact_tokens: true,
            ..Options::default()
        };
        let mut crusher = Crusher::new(options).unwrap();
        let (mut payloads, mut over) = (0, 0);
        for line in text.lines() {
            let mut reports = Vec::new();
            crusher
                .crush_record(
                    line.as_bytes(),
                    &mut Output {
                        compacted: &mut Vec::new(),
                        originals: &mut Originals::default(),
                        payloads: &mut reports,
                        tool_of: &mut |_| 0,
                    },
                )
                .unwrap();
            for report in reports {
                payloads += 1;
                over += usize::from(report.decisions.over_budget > 0);
                let is_over = report.tokens_after > max_tokens as u64;
                assert_eq!(
                    is_over,
                    report.decisions.over_budget > 0,
                    "{}: {}",
                    report.tool,
                    report.decisions.explain()
                );
            }
        }
        assert!(payloads > 20 && over * 4 < payloads, "{over} of {payloads}");
    }
}

#[test]
fn the_smallest_budget_holds_a_marker_and_a_word() {
    let lines: Vec<String> = (0..200)
        .map(|at| format!("step {at} of the migration is done"))
        .collect();
    let crushed = crusher(32)
        .crush_text(&lines.join("\n"), TextKind::Any, "", 1.0)
        .unwrap()
        .compressed
        .into_owned();
    assert!(crushed.ends_with(" step") && count(&crushed) <= 32, "{crushed}");
}

#[test]
fn names_of_rows_that_are_left_out_stand_before_the_marker_and_in_the_budget() {
    let rows: Vec<String> = (0..400)
        .map(|at| {
            let note = "some words of no great interest ".repeat(4);
            format!(r#"{{"name":"host-{at}","note":"{note}{at}","at":{at}}}"#)
        })
        .collect();
    let texts = [
        format!("[{}]", rows.join(",")),
        format!(r#"{{"page":1,"items":[{}],"next":null}}"#, rows.join(",")),
    ];
    for text in &texts {
        for max_tokens in [600, 1500, 3000] {
            let mut crusher = crusher(max_tokens);
            assert_eq!(check(&mut crusher, text, ""), Ok(0));
            let crushed = crusher.crush_text(text, TextKind::Any, "", 1.0).unwrap();
            let (kept, line) = crushed.compressed.split_once("\nalso name: ").unwrap();
            let names = line.lines().next().unwrap().split(' ').count();
            assert!(names * 8 > max_tokens / 3, "{names} names: {line}");
            let shown = kept.lines().count() - 1 + names;
            assert!(shown <= 400, "{shown} rows named");
            let note = format!("{names} name");
            let explained = crushed.report.decisions.explain();
            assert!(explained.contains(&note), "{note}: {explained}");
        }
    }
}

#[test]
fn arrays_and_objects_in_rows_that_stay_are_shortened_when_others_go() {
    let rows: Vec<String> = (0..60)
        .map(|at| {
            let parts: Vec<String> = (0..40)
                .map(|part| format!(r#"{{"part":"{at}-{part}","size":{part}}}"#))
                .collect();
            let status = if at == 7 { "failed" } else { "ok" };
            format!(
                r#"{{"id":"job-{at}","status":"{status}","parts":[{}]}}"#,
                parts.join(",")
            )
        })
        .collect();
    let text = format!("[{}]", rows.join(","));
    let mut crusher = crusher(600);
    assert_eq!(check(&mut crusher, &text, ""), Ok(0));
    let crushed = crusher.crush_text(&text, TextKind::Any, "", 1.0).unwrap();
    let crushed = crushed.compressed;
    assert!(
        crushed.contains("\njob-7,failed,\"[{part:7-0,size:0},"),
        "{crushed}"
    );
    assert!(!crushed.contains("7-39"), "{crushed}");
    // A whole row would take half of the budget, and names take a part of it.
    assert!(
        crushed.lines().filter(|line| line.starts_with("job-")).count() >= 3,
        "{crushed}"
    );
}
