//! JSON between other text, and what programs print like JSON: what becomes of it, and that it comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::fmt::Write;
use std::time::{Duration, Instant};

use common::check::check_record;
use common::{cases, each, show, texts};
use headroom_crusher::tokens::count;
use headroom_crusher::{CrushedText, Crusher, Options, Strategy, TextKind, restore_text};
use serde_json::{Value, json};

const TABLE: &str = "{id,host,state}\n0,node-0,down\n1,node-37,up\n2,node-74,up\n3,node-11,up\n4,node-48,up";

/// What any of these may take; linear work takes a small part of it, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 600 } else { 60 });

fn rows(count: usize) -> Vec<Value> {
    (0..count)
        .map(|row| {
            let state = if row % 7 == 0 { "down" } else { "up" };
            json!({"id": row, "host": format!("node-{}", row * 37 % 100), "state": state})
        })
        .collect()
}

fn lines(between: &str) -> String {
    let lines: Vec<String> = rows(5).iter().map(Value::to_string).collect();
    lines.join(between)
}

/// Five rows as Python prints them.
fn python() -> String {
    Value::from(rows(5))
        .to_string()
        .replace('"', "'")
        .replace(',', ", ")
        .replace(':', ": ")
}

/// Crushes a text that must restore.
fn crushed(options: Options, text: &str) -> CrushedText<'_> {
    let mut crusher = Crusher::new(options).unwrap();
    let crushed = crusher.crush_text(text, TextKind::Any, "", 1.0).unwrap();
    let mut restored = Vec::new();
    restore_text(&crushed.compressed, &crushed.originals, &mut restored).unwrap();
    assert_eq!(String::from_utf8(restored).unwrap(), text);
    assert!(!crushed.report.unproved);
    crushed
}

fn compacted(text: &str) -> String {
    crushed(Options::default(), text).compressed.into_owned()
}

#[test]
fn json_between_other_text_is_crushed_in_its_place() {
    let array = Value::from(rows(5)).to_string();
    for (before, behind) in [
        ("Chunk ID: 2e4c2a\nProcess exited with code 0\nOutput:\n", ""),
        (
            "<untrusted_context>\nOutput: ",
            "\nProcess Group PGID: 1\n</untrusted_context>",
        ),
        (
            "Command: ls\nDirectory: (root)\nOutput: ",
            "\nError: (none)\nExit Code: 0",
        ),
        ("", "\n<shellId: 0 completed with exit code 0>"),
        ("", "\n5 rows"),
        ("\n", "\n\n"),
        ("<<ccr:lit>> [2]{a}\n", "\n[t]{1}\n"),
    ] {
        let text = format!("{before}{array}{behind}");
        let table = format!("[5]{TABLE}");
        let lengths = if behind.is_empty() {
            format!("{}", before.len())
        } else {
            format!("{},{}", before.len(), table.len())
        };
        assert_eq!(
            compacted(&text),
            format!("[t]{{{lengths}}}\n{before}{table}{behind}")
        );
        // In a record, the header says how the string is spelled.
        let record = json!({ "role": "tool", "content": text }).to_string();
        let mut crusher = Crusher::new(Options {
            paths: vec![".content".parse().unwrap()],
            ..Options::default()
        })
        .unwrap();
        let crushed = check_record(&mut crusher, record.as_bytes()).unwrap().unwrap();
        let value: Value = serde_json::from_slice(&crushed.compacted).unwrap();
        assert_eq!(
            value["content"],
            format!("[ts]{{{lengths}}}\n{before}{table}{behind}")
        );
    }
}

#[test]
fn several_pieces_are_crushed_and_short_ones_stay() {
    let array = Value::from(rows(5)).to_string();
    let text = format!("a [1, 2]\n{array}\nb\n{}\nend\n{{\"short\": 1}}\n", lines("\n"));
    let (one, two) = (format!("[5]{TABLE}"), format!("[5j]{TABLE}"));
    let expected = format!(
        "[t]{{9,{},3,{}}}\na [1, 2]\n{one}\nb\n{two}\nend\n{{\"short\": 1}}\n",
        one.len(),
        two.len()
    );
    assert_eq!(compacted(&text), expected);
}

#[test]
fn values_with_other_separators_are_lines_of_a_table() {
    for (between, flag) in [
        ("\n", "j"),
        ("\r\n", "jr"),
        ("\n\n", "j2"),
        (" ", "jb"),
        ("", "j0"),
        (",", "jy"),
        (", ", "jz"),
    ] {
        assert_eq!(
            compacted(&lines(between)),
            format!("[5{flag}]{TABLE}"),
            "{between:?}"
        );
    }
    // An array that is cut off.
    let text = format!("[{}, {{\"id\":5,\"ho", lines(", "));
    let table = format!("[5jz]{TABLE}");
    let expected = format!("[t]{{1,{}}}\n[{table}, {{\"id\":5,\"ho", table.len());
    assert_eq!(compacted(&text), expected);
}

#[test]
fn what_python_prints_becomes_a_table() {
    assert_eq!(compacted(&python()), format!("[5q]{TABLE}"));
    let line = python();
    let dicts: Vec<&str> = line[1..line.len() - 1]
        .split_inclusive('}')
        .map(|dict| dict.trim_start_matches(", "))
        .collect();
    assert_eq!(compacted(&dicts.join("\n")), format!("[5jq]{TABLE}"));
    let text = format!("result: {}\n", python());
    let table = format!("[5q]{TABLE}");
    assert_eq!(
        compacted(&text),
        format!("[t]{{8,{}}}\nresult: {table}\n", table.len())
    );
    let tuples = "[(1, 'some words', None), (2, 'some more words', True), (3, \"it's all of them\", False), (4, 'x', 1.5), (5, 'y', -2)]";
    assert_eq!(
        compacted(tuples),
        "[qt][[1,some words,null],[2,some more words,true],[3,it's all of them,false],[4,x,1.5],[5,y,-2]]"
    );
    // Another printer: an odd quote, a space too few, a name that isn't Python's.
    for (from, to) in [("'host'", "\"host\""), ("}, {", "},{"), ("'up'", "up")] {
        let text = python().replacen(from, to, 1);
        assert_eq!(compacted(&text), text);
    }
}

#[test]
fn json_with_words_of_other_programs_becomes_a_table() {
    let text = Value::from(rows(5)).to_string().replace("\"up\"", "NaN");
    let expected = format!("[5w]{}", TABLE.replace("up", "NaN"));
    assert_eq!(compacted(&text), expected);
    // With a string of the same text, the words wouldn't come back.
    let text = text.replace("\"down\"", "\"NaN\"");
    assert_eq!(compacted(&text), text);
}

#[test]
fn json_with_windows_line_ends_becomes_a_table() {
    for (indent, flag) in [("  ", "r2"), ("\t", "rt")] {
        let text = serde_json::to_string_pretty(&rows(5)).unwrap();
        let text = text.replace("  ", indent).replace('\n', "\r\n");
        assert_eq!(compacted(&text), format!("[5{flag}]{TABLE}"));
    }
}

#[test]
fn json_in_a_string_in_a_string_becomes_a_table() {
    let text = Value::from(Value::from(rows(5)).to_string()).to_string();
    assert_eq!(compacted(&text), format!("[5s]{TABLE}"));
    let record = json!({ "content": text }).to_string();
    let mut crusher = Crusher::new(Options::default()).unwrap();
    let crushed = check_record(&mut crusher, record.as_bytes()).unwrap().unwrap();
    let compacted = String::from_utf8(crushed.compacted).unwrap();
    assert!(compacted.contains("[5so]{id,host,state}"), "{compacted}");
}

#[test]
fn rows_give_way_to_the_budget_and_the_text_around_them_stays() {
    let before = "Exit code: 0\nWall time: 12 s\nOutput:\n";
    let behind = "\n<shellId: 0 completed with exit code 0>";
    let long = rows(2000);
    let printed: Vec<String> = long.iter().map(Value::to_string).collect();
    for json in [
        Value::from(long.clone()).to_string(),
        printed.join("\n"),
        Value::from(long)
            .to_string()
            .replace('"', "'")
            .replace(',', ", ")
            .replace(':', ": "),
    ] {
        let text = format!("{before}{json}{behind}");
        let options = Options {
            max_tokens: 400,
            ..Options::default()
        };
        let crushed = crushed(options, &text);
        assert!(count(&crushed.compressed) <= 400, "{}", crushed.compressed);
        assert!(count(&crushed.compressed) > 300, "{}", crushed.compressed);
        assert!(crushed.compressed.contains(before) && crushed.compressed.ends_with(behind));
        assert_eq!(crushed.report.decisions.strategy, Strategy::Rows);
        assert_eq!(crushed.originals.entries.len(), 1);
    }
}

#[test]
fn a_text_with_too_much_around_its_json_is_cut_as_a_text() {
    let mut text = String::new();
    for line in 0..400 {
        writeln!(
            text,
            "2024-05-01 step {line} of the job took {} ms",
            line * 7919 % 1000
        )
        .unwrap();
    }
    text.push_str(&Value::from(rows(50)).to_string());
    let options = Options {
        max_tokens: 400,
        ..Options::default()
    };
    let crushed = crushed(options, &text);
    assert!(count(&crushed.compressed) <= 400);
    assert_eq!(crushed.report.decisions.strategy, Strategy::Excerpt);
}

#[test]
fn the_main_text_of_a_wrapper_has_the_budget_of_the_payload() {
    let mut text = String::new();
    for line in 0..100 {
        writeln!(text, "def f{line}(self):\n    return {}", line * 7919 % 1000).unwrap();
    }
    for wrapper in [
        json!({"stdout": text, "stderr": "", "exit_code": 0}).to_string(),
        json!({"output": text, "metadata": {"exit_code": 0}}).to_string(),
        json!({"content": [{"type": "text", "text": text}], "isError": false}).to_string(),
    ] {
        let whole = crushed(Options::default(), &wrapper);
        assert!(whole.compressed.contains("def f99(self)"), "{}", whole.compressed);
        let options = Options {
            max_tokens: 600,
            ..Options::default()
        };
        let cut = crushed(options, &wrapper);
        let tokens = count(&cut.compressed);
        assert!((400..=600).contains(&tokens), "{tokens}: {}", cut.compressed);
    }
}

#[test]
fn the_marker_of_a_picture_names_its_type() {
    let data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ".repeat(40);
    for (record, media_type) in [
        (
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": data}}),
            "image/webp",
        ),
        (
            json!({"type": "image", "data": data, "mimeType": "image/jpeg"}),
            "image/jpeg",
        ),
        (
            json!({"inline_data": {"mime_type": "image/gif", "data": data}}),
            "image/gif",
        ),
        (
            json!({"url": format!("data:audio/wav;base64,{data}")}),
            "audio/wav",
        ),
        (json!({"data": data}), "image/png"),
        (json!({"data": data.replace("iVBOR", "xxxxx")}), "base64"),
    ] {
        let mut crusher = Crusher::new(Options::default()).unwrap();
        let crushed = check_record(&mut crusher, record.to_string().as_bytes())
            .unwrap()
            .unwrap();
        let compacted = String::from_utf8(crushed.compacted).unwrap();
        assert!(
            compacted.contains(&format!(",{media_type},1.7KB>>\"")),
            "{compacted}"
        );
        assert_eq!(crushed.originals.entries[0].kind, "base64");
    }
}

#[test]
fn any_mixed_text_restores_and_keeps_its_budget() {
    each(cases(25), |random| {
        let text = texts::mixed(random);
        let options = Options {
            max_tokens: *random.pick(&[64, 200, 4096]),
            min_tokens_to_crush: *random.pick(&[0, 200]),
            lossless_only: random.chance(30),
            blob_min_bytes: *random.pick(&[128, 1024]),
            lossless_min_savings_ratio: 0.0,
            // A text that doesn't restore must fail here, and not stay as it was.
            verify: false,
            ..Options::default()
        };
        let budget = options.max_tokens as u64;
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        for _ in 0..2 {
            let Ok(crushed) = crusher.crush_text(&text, TextKind::Any, "", 1.0) else {
                return Ok(());
            };
            let mut restored = Vec::new();
            restore_text(&crushed.compressed, &crushed.originals, &mut restored)
                .map_err(|error| format!("{error}\n{}\n{}", show(text.as_bytes()), crushed.compressed))?;
            if restored != text.as_bytes() {
                return Err(format!("{}\n{}", show(text.as_bytes()), crushed.compressed));
            }
            let decisions = &crushed.report.decisions;
            let tokens = count(&crushed.compressed) as u64;
            let is_changed = decisions.strategy != Strategy::Unchanged;
            if is_changed && !crusher.options().lossless_only && tokens > budget && decisions.over_budget == 0
            {
                return Err(format!("{tokens} tokens for {budget}\n{}", crushed.compressed));
            }
        }
        Ok(())
    });
}

#[test]
fn brackets_that_never_close_take_no_longer() {
    let start = Instant::now();
    for text in [
        "\n{\"a\":".repeat(200_000),
        "\n[1,".repeat(200_000),
        "\n{'a': [".repeat(100_000),
        "\n[NaN,".repeat(100_000),
        format!("{}{}", "\n[('a', ".repeat(50_000), "x".repeat(1_000_000)),
        format!("x\n{}", "{\"a\":1}".repeat(100_000)),
        format!("x\n{}y", "{'a': 1}\n".repeat(100_000)),
        format!("{{\"stdout\":{}}}", Value::from("{\"a\":[\n".repeat(200_000))),
    ] {
        crushed(Options::default(), &text);
    }
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}
