//! `max_record_tokens` is a real budget of all payloads of a record together, and the older and larger ones
//! give way first.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::collections::BTreeMap;

use common::check::{Crushed, check_record, crush};
use common::json::{layout, print, spelling};
use common::random::Random;
use common::{cases, documents, each, show, strings};
use headroom_crusher::tokens::count;
use headroom_crusher::{Block, Crusher, Options, PayloadReport, Strategy, TextKind};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What a payload keeps at the default options: its excerpt and the marker beside it.
const LEAST_TOKENS: u64 = 160 + 32;

fn crusher(max_record_tokens: usize) -> Crusher {
    Crusher::new(Options {
        max_record_tokens,
        paths: vec!["$.messages[*]{role=tool}.content".parse().unwrap()],
        ..Options::default()
    })
    .unwrap()
}

fn record(contents: &[String]) -> String {
    let message = |content: &String| format!(r#"{{"role":"tool","content":{content}}}"#);
    let messages: Vec<String> = contents.iter().map(message).collect();
    format!(r#"{{"messages":[{}]}}"#, messages.join(","))
}

/// Counts the tokens of each payload as it stands in the compacted record.
fn counted(compacted: &[u8]) -> Vec<u64> {
    type Messages<'r> = Vec<BTreeMap<&'r str, &'r RawValue>>;
    let record: BTreeMap<&str, Messages<'_>> = serde_json::from_slice(compacted).unwrap();
    let read = |content: &str| match serde_json::from_str(content) {
        Ok(Value::String(text)) => count(&text) as u64,
        _ => count(content) as u64,
    };
    let contents = record["messages"].iter().map(|message| message["content"].get());
    contents.map(read).collect()
}

fn crushed(crusher: &mut Crusher, record: &str) -> (Crushed, Vec<u64>) {
    let crushed = check_record(crusher, record.as_bytes()).unwrap().unwrap();
    let tokens = counted(&crushed.compacted);
    (crushed, tokens)
}

fn lines(random: &mut Random, most: usize) -> String {
    let count = 1 + random.below(most);
    let lines: Vec<String> = (0..count).map(|_| strings::words(random, 12)).collect();
    lines.join("\n")
}

fn rows(random: &mut Random, most: usize) -> String {
    let mut row = |at| json!({"at": at, "word": strings::words(random, 4)});
    Value::from((0..=most).map(&mut row).collect::<Vec<_>>()).to_string()
}

fn any_content(random: &mut Random) -> String {
    let most = 1 + random.size * 8;
    match random.below(6) {
        0 | 1 => Value::from(lines(random, most)).to_string(),
        2 => rows(random, most),
        3 => Value::from(rows(random, most)).to_string(),
        4 => Value::from(strings::forged_marker(random)).to_string(),
        _ => print(&documents::document(random), layout(random), spelling(random)),
    }
}

fn contents(random: &mut Random) -> Vec<String> {
    let count = 1 + random.below(12);
    let mut contents: Vec<String> = (0..count).map(|_| any_content(random)).collect();
    if random.chance(30) {
        let copy = random.pick(&contents).clone();
        contents.push(copy);
    }
    contents
}

/// By how many tokens payloads exceed their shares.
fn over(reports: &[PayloadReport], tokens: &[u64]) -> u64 {
    let shared = reports.iter().zip(tokens);
    let excess =
        shared.filter_map(|(report, tokens)| Some(tokens.saturating_sub(report.decisions.share?.tokens)));
    excess.sum()
}

#[test]
fn the_payloads_of_a_record_keep_to_its_budget_or_the_report_says_by_how_much_they_do_not() {
    let (mut gave_way, mut fitted) = (0, 0);
    each(cases(2), |random| {
        let record = record(&contents(random));
        let (whole, before) = match check_record(&mut crusher(0), record.as_bytes())? {
            Some(whole) => (
                whole.compacted.clone(),
                counted(&whole.compacted).iter().sum::<u64>(),
            ),
            None => return Ok(()),
        };
        let budget = 32 + random.below(before as usize + 100);
        let mut crusher = crusher(budget);
        let crushed = check_record(&mut crusher, record.as_bytes())?.ok_or("too deep")?;
        let tokens = counted(&crushed.compacted);
        let sum: u64 = tokens.iter().sum();
        let told = |what: &str| {
            Err(format!(
                "{what}: {tokens:?} for {budget}\n{}",
                show(record.as_bytes())
            ))
        };
        let excess = sum.saturating_sub(budget as u64);
        let over = over(&crushed.reports, &tokens);
        if excess > over || (excess == 0) != (over == 0) {
            return told("the reports are wrong about the budget");
        }
        if before <= budget as u64 && crushed.compacted != whole {
            return told("a record within its budget was changed");
        }
        let is_wrong = |(report, tokens): (&PayloadReport, &u64)| {
            let share = report.decisions.share.map(|share| share.tokens.min(4096));
            share.is_some_and(|share| tokens.saturating_sub(share) != report.decisions.over_budget)
        };
        if crushed.reports.iter().zip(&tokens).any(is_wrong) {
            return told("a report is wrong about its payload");
        }
        let shares = crushed.reports.iter().filter_map(|report| report.decisions.share);
        gave_way += shares.count();
        fitted += usize::from(excess == 0);
        Ok(())
    });
    assert!(gave_way > 100 && fitted > 100, "{gave_way} {fitted}");
}

#[test]
fn a_larger_budget_takes_nothing_away() {
    each(cases(1) / 4 + 1, |random| {
        let record = record(&contents(random));
        let mut last: Option<(Vec<u64>, Vec<u64>, u64)> = None;
        for budget in [200, 500, 1000, 2000, 4000, 8000] {
            let Some(crushed) = check_record(&mut crusher(budget), record.as_bytes())? else {
                return Ok(());
            };
            let tokens = counted(&crushed.compacted);
            let share =
                |report: &PayloadReport| report.decisions.share.map_or(u64::MAX, |share| share.tokens);
            let shares: Vec<u64> = crushed.reports.iter().map(share).collect();
            let over = over(&crushed.reports, &tokens);
            if let Some((smaller, smaller_tokens, smaller_over)) = last {
                // A payload that can't get as small as its share takes what it takes.
                let shrinks = |at: usize| shares[at] < smaller[at] && smaller_tokens[at] < smaller[at];
                if over > smaller_over || (0..shares.len()).any(shrinks) {
                    return Err(format!(
                        "{smaller:?}, then {shares:?}\n{}",
                        show(record.as_bytes())
                    ));
                }
            }
            last = Some((shares, tokens, over));
        }
        Ok(())
    });
}

#[test]
fn blocks_of_any_size_give_the_same_records() {
    each(cases(1) / 4 + 1, |random| {
        let records: Vec<String> = (0..4).map(|_| record(&contents(random))).collect();
        let budget = 200 + random.below(2000);
        let block = Block::crush_lines(&mut crusher(budget), records.join("\n").as_bytes());
        let mut alone = Vec::new();
        for record in &records {
            let one = Block::crush_lines(&mut crusher(budget), record.as_bytes());
            alone.push(String::from_utf8(one.compacted).unwrap());
        }
        if block.compacted == alone.join("\n").as_bytes() {
            Ok(())
        } else {
            Err(format!("a block differs\n{}", show(&block.compacted)))
        }
    });
}

/// A log of so many lines, with a word that stands nowhere else.
fn log(word: &str, count: usize) -> String {
    let line = |at| {
        format!(
            "{word}{at} step {} of module {} is done",
            at * 7919 % 1009,
            at % 17
        )
    };
    Value::from((0..count).map(line).collect::<Vec<_>>().join("\n")).to_string()
}

#[test]
fn the_newest_payload_stays_whole_and_the_oldest_gives_way_most() {
    let contents: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(|word| log(word, 100)).into();
    let (_, before) = crushed(&mut crusher(0), &record(&contents));
    let (crushed, tokens) = crushed(&mut crusher(4000), &record(&contents));
    assert_eq!(tokens[5], before[5], "{tokens:?} of {before:?}");
    assert!(
        tokens.is_sorted() && tokens[0] * 2 < before[0],
        "{tokens:?} of {before:?}"
    );
    assert!(
        tokens[0] >= LEAST_TOKENS * 9 / 10 && tokens.iter().sum::<u64>() <= 4000,
        "{tokens:?}"
    );
    let shares: Vec<_> = crushed
        .reports
        .iter()
        .map(|report| report.decisions.share)
        .collect();
    assert!(
        shares[..5].iter().all(Option::is_some) && shares[5].is_none(),
        "{shares:?}"
    );
    let explained = crushed.reports[0].decisions.explain();
    let share = shares[0].unwrap().tokens;
    assert!(
        explained.ends_with(&format!("; share {share} of the record's budget")),
        "{explained}"
    );
}

#[test]
fn the_largest_payload_gives_way_and_small_ones_stay_as_they_are() {
    let small = |word| log(word, 10);
    let contents = [small("a"), small("b"), log("large", 400), small("c")];
    let (_, before) = crushed(&mut crusher(0), &record(&contents));
    let (crushed, tokens) = crushed(&mut crusher(2000), &record(&contents));
    assert_eq!(
        [tokens[0], tokens[1], tokens[3]],
        [before[0], before[1], before[3]]
    );
    assert!(
        tokens[2] < before[2] && tokens.iter().sum::<u64>() <= 2000,
        "{tokens:?}"
    );
    assert!(
        tokens.iter().sum::<u64>() > 1500,
        "the budget is used: {tokens:?}"
    );
    let strategies: Vec<_> = crushed
        .reports
        .iter()
        .map(|report| report.decisions.strategy)
        .collect();
    assert_eq!(strategies[2], Strategy::Excerpt, "{strategies:?}");
}

#[test]
fn copies_of_a_result_have_the_same_share_and_are_as_old_as_the_newest_of_them() {
    let contents = [
        log("copied", 100),
        log("b", 100),
        log("c", 100),
        log("copied", 100),
    ];
    let (crushed, _) = crushed(&mut crusher(3000), &record(&contents));
    let shares: Vec<_> = crushed
        .reports
        .iter()
        .map(|report| report.decisions.share.unwrap().tokens)
        .collect();
    assert!(
        shares[0] == shares[3] && shares[3] > shares[2] && shares[2] > shares[1],
        "{shares:?}"
    );
    // One that is copied beside each other result counts once.
    let alone = crushed_shares(3000, &[log("b", 100), log("c", 100)]);
    let doubled = crushed_shares(
        6000,
        &[log("b", 100), log("b", 100), log("c", 100), log("c", 100)],
    );
    assert_eq!([doubled[0], doubled[2]], [alone[0], alone[1]]);
}

fn crushed_shares(budget: usize, contents: &[String]) -> Vec<Option<u64>> {
    let (crushed, _) = crushed(&mut crusher(budget), &record(contents));
    let shares = crushed.reports.iter().map(|report| report.decisions.share);
    shares.map(|share| share.map(|share| share.tokens)).collect()
}

#[test]
fn what_must_stay_of_one_payload_is_taken_from_the_others() {
    let kept: Vec<Value> = (0..60)
        .map(|at| json!({"id": format!("job-{at}"), "note": format!("keep disk {}", at * 37)}))
        .collect();
    let contents = [Value::from(kept).to_string(), log("b", 120), log("c", 120)];
    let (_, before) = crushed(&mut crusher(0), &record(&contents));
    let budget = before[0] as usize + 1200;
    let mut crusher = Crusher::new(Options {
        keep_patterns: vec!["keep".to_owned()],
        ..crusher(budget).options().clone()
    })
    .unwrap();
    let (crushed, tokens) = self::crushed(&mut crusher, &record(&contents));
    assert!(
        tokens.iter().sum::<u64>() <= budget as u64,
        "{tokens:?} for {budget}"
    );
    assert_eq!(over(&crushed.reports, &tokens), 0);
    assert_eq!(tokens[0], before[0], "rows that must stay do: {tokens:?}");
}

#[test]
fn excerpts_stay_in_a_record_whose_budget_is_too_small_for_them() {
    let contents: Vec<String> = ["a", "b", "c", "d"].map(|word| log(word, 100)).into();
    let (crushed, tokens) = crushed(&mut crusher(300), &record(&contents));
    let sum: u64 = tokens.iter().sum();
    assert!(
        sum > 300 && over(&crushed.reports, &tokens) >= sum - 300,
        "{tokens:?}"
    );
    for (report, tokens) in crushed.reports.iter().zip(&tokens) {
        assert!((150..=LEAST_TOKENS).contains(tokens), "{tokens}");
        assert_eq!(report.decisions.strategy, Strategy::Excerpt);
        assert!(report.decisions.over_budget > 0);
    }
    // A smaller excerpt lets the record fit.
    let mut crusher = Crusher::new(Options {
        excerpt_tokens: 30,
        ..crusher(300).options().clone()
    })
    .unwrap();
    let (_, tokens) = self::crushed(&mut crusher, &record(&contents));
    assert!(tokens.iter().sum::<u64>() <= 300, "{tokens:?}");
}

#[test]
fn payloads_in_json_that_strings_hold_give_way_like_others() {
    let inner = record(&[log("a", 150), log("b", 150)]);
    let text = json!({"body": inner, "output": serde_json::from_str::<Value>(&log("c", 150)).unwrap()});
    let paths = [".body|json.messages[*].content", ".output"];
    let options = Options {
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        max_record_tokens: 3000,
        exact_tokens: true,
        ..Options::default()
    };
    let mut crusher = Crusher::new(options).unwrap();
    let crushed = check_record(&mut crusher, text.to_string().as_bytes())
        .unwrap()
        .unwrap();
    let tokens: Vec<u64> = crushed.reports.iter().map(|report| report.tokens_after).collect();
    let sum: u64 = tokens.iter().sum();
    assert!(sum <= 3000 && over(&crushed.reports, &tokens) == 0, "{sum}");
    assert_eq!(crushed.reports.len(), 3);
    assert!(
        crushed.reports[..2]
            .iter()
            .all(|report| report.decisions.share.is_some())
    );
}

#[test]
fn the_budget_acts_where_that_of_a_payload_does() {
    let text = record(&[log("a", 200), log("b", 200)]);
    for options in [
        Options {
            lossless_only: true,
            ..crusher(100).options().clone()
        },
        Options {
            with_compaction: false,
            ..crusher(100).options().clone()
        },
    ] {
        let without = Options {
            max_record_tokens: 0,
            ..options.clone()
        };
        let [with, without] = [options, without].map(|options| {
            let mut crusher = Crusher::new(options).unwrap();
            crush(&mut crusher, text.as_bytes()).unwrap().compacted
        });
        assert_eq!(with, without);
    }
    // A text by itself is a record with one payload.
    let lines: Vec<String> = (0..300).map(|at| format!("line {at} of a log")).collect();
    let text = lines.join("\n");
    let crushed = crusher(200).crush_text(&text, TextKind::Any, "", 1.0).unwrap();
    assert!(count(&crushed.compressed) <= 200 && crushed.report.decisions.over_budget == 0);
}

#[test]
fn a_budget_below_that_of_a_marker_is_refused() {
    for max_record_tokens in [1, 31] {
        let options = Options {
            max_record_tokens,
            ..Options::default()
        };
        let error = Crusher::new(options).unwrap_err();
        assert!(
            error.to_string().starts_with("option max_record_tokens: "),
            "{error}"
        );
    }
}
