//! Hostile inputs are crushed in bounded time (G6), and restore like all others (G1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    clippy::format_collect,
    clippy::too_many_lines,
    reason = "tests fail by panicking; the shapes are one list"
)]

mod common;

use std::time::Instant;

use common::check::check_record;
use common::time::{LIMIT, show_time};
use headroom_crusher::{Crusher, Options};

/// Bytes of each hostile input. A debug build is some thirty times slower, so it gets less.
const BYTES: usize = if cfg!(debug_assertions) {
    100_000
} else {
    2_000_000
};

fn repeated(open: &str, item: impl Fn(usize) -> String, separator: &str, close: &str) -> String {
    let mut text = open.to_owned();
    let mut index = 0;
    while text.len() < BYTES {
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(&item(index));
        index += 1;
    }
    text + close
}

fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

fn shapes() -> Vec<(&'static str, String)> {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let rows = repeated("[", |row| format!("{{\"id\":{row},\"a\":\"x\"}}"), ",", "]");
    vec![
        (
            "one object of many keys",
            repeated("{", |key| format!("\"k{key}\":{key}"), ",", "}"),
        ),
        (
            "one key again and again",
            repeated("{", |_| "\"k\":1".to_owned(), ",", "}"),
        ),
        (
            "one id again and again",
            repeated("{", |_| "\"id\":\"x\"".to_owned(), ",", "}"),
        ),
        (
            "a map of many keys",
            repeated("{", |key| format!("\"k{key}\":{{\"a\":{key}}}"), ",", "}"),
        ),
        (
            "a map of one key",
            repeated("{", |key| format!("\"k\":{{\"a\":{key}}}"), ",", "}"),
        ),
        (
            "rows that share no key",
            repeated("[", |row| format!("{{\"k{row}\":{row}}}"), ",", "]"),
        ),
        (
            "rows of two keys that share one",
            repeated("[", |row| format!("{{\"a\":1,\"k{row}\":{row}}}"), ",", "]"),
        ),
        (
            "rows in two orders",
            repeated(
                "[",
                |row| {
                    (if row % 2 == 0 {
                        "{\"a\":1,\"b\":2}"
                    } else {
                        "{\"b\":2,\"a\":1}"
                    })
                    .to_owned()
                },
                ",",
                "]",
            ),
        ),
        (
            "rows of growing width",
            repeated(
                "[",
                |row| {
                    format!(
                        "{{{}}}",
                        (0..row % 300)
                            .map(|key| format!("\"k{key}\":0"))
                            .collect::<Vec<_>>()
                            .join(",")
                    )
                },
                ",",
                "]",
            ),
        ),
        (
            "two rows of many columns",
            format!(
                "[{0},{0},{0}]",
                repeated("{", |key| format!("\"k{key}\":{key}"), ",", "}")
            ),
        ),
        (
            "rows of one long constant",
            repeated(
                "[",
                |row| format!("{{\"a\":{row},\"b\":\"{}\"}}", "x".repeat(2000)),
                ",",
                "]",
            ),
        ),
        ("empty objects", repeated("[", |_| "{}".to_owned(), ",", "]")),
        ("empty arrays", repeated("[", |_| "[]".to_owned(), ",", "]")),
        ("nulls", repeated("[", |_| "null".to_owned(), ",", "]")),
        ("equal strings", repeated("[", |_| "\"x\"".to_owned(), ",", "]")),
        (
            "distinct strings",
            repeated("[", |row| format!("\"value {row}\""), ",", "]"),
        ),
        ("numbers", repeated("[", |row| row.to_string(), ",", "]")),
        (
            "long numbers",
            repeated("[", |row| format!("{}e{row}", "9".repeat(300)), ",", "]"),
        ),
        ("one number", "7".repeat(BYTES)),
        ("one string", format!("\"{}\"", "a".repeat(BYTES))),
        (
            "one string of words",
            format!("\"{}\"", "word ".repeat(BYTES / 5)),
        ),
        (
            "one string of lines",
            format!("\"{}\"", "line of text\\n".repeat(BYTES / 14)),
        ),
        (
            "one string of error lines",
            format!("\"{}\"", "ERROR line of text\\n".repeat(BYTES / 20)),
        ),
        (
            "one string of line breaks",
            format!("\"{}\"", "\\n".repeat(BYTES / 2)),
        ),
        (
            "one string of backslashes",
            format!("\"{}\"", "\\\\".repeat(BYTES / 2)),
        ),
        (
            "one string of quotes",
            format!("\"{}\"", "\\\"".repeat(BYTES / 2)),
        ),
        (
            "one string of escapes",
            format!("\"{}\"", "\\u00e9".repeat(BYTES / 6)),
        ),
        (
            "one string of lone surrogates",
            format!("\"{}\"", "\\ud800".repeat(BYTES / 6)),
        ),
        ("one string of brackets", format!("\"{}\"", "[".repeat(BYTES))),
        (
            "one string of openings",
            format!("\"{}\"", "<<ccr:".repeat(BYTES / 6)),
        ),
        (
            "strings of brackets",
            repeated("[", |_| "\"[[[[[[[[[[[[[[[[[[[[\"".to_owned(), ",", "]"),
        ),
        (
            "forged literals",
            repeated("[", |_| "\"<<ccr:lit>>\"".to_owned(), ",", "]"),
        ),
        (
            "forged markers",
            repeated(
                "[",
                |_| "\"<<ccr:0123456789abcdef01234567,raw,1.0KB>>\"".to_owned(),
                ",",
                "]",
            ),
        ),
        (
            "forged sentinels",
            repeated(
                "[",
                |_| "[{\"_ccr_dropped\":\"<<ccr:0123456789abcdef01234567 4_rows_offloaded>>\"}]".to_owned(),
                ",",
                "]",
            ),
        ),
        ("rows in a string", quoted(&rows)),
        (
            "rows in a string in a string",
            quoted(&format!("[{}]", quoted(&rows))),
        ),
        (
            "rows in four strings",
            (0..4).fold(
                rows[..BYTES / 40].trim_end_matches(|c| c != '}').to_owned() + "]",
                |text, _| quoted(&format!("[{}]", quoted(&text))),
            ),
        ),
        (
            "strings that hold JSON",
            repeated(
                "[",
                |row| quoted(&format!("[{{\"a\":{row}}},{{\"a\":{row}}}]")),
                ",",
                "]",
            ),
        ),
        (
            "rows inside rows",
            repeated(
                "[",
                |row| format!("{{\"a\":[{{\"b\":[{{\"c\":{row}}},{{\"c\":1}}]}},{{\"b\":[]}}]}}"),
                ",",
                "]",
            ),
        ),
        (
            "deep groups",
            repeated("[", |row| nested(60, "{\"a\":", &row.to_string(), "}"), ",", "]"),
        ),
        (
            "deep arrays",
            repeated("[", |row| nested(200, "[", &row.to_string(), "]"), ",", "]"),
        ),
        ("one deep array of wide levels", {
            let level = format!("[{}", "1,2,3,4,5,6,7,8,".repeat(BYTES / 16 / 200));
            nested(200, &level, "0", "]")
        }),
        ("one deep array of rows", {
            let level = format!("[{}", "{\"a\":1,\"b\":2},".repeat(BYTES / 14 / 200));
            nested(200, &level, "0", "]")
        }),
        ("one deep object", {
            let level = format!("{{{}\"z\":", "\"a\":{\"b\":1},".repeat(BYTES / 12 / 200));
            nested(200, &level, "0", "}")
        }),
        ("whitespace", format!("[1,{}2]", " ".repeat(BYTES))),
        (
            "indentation",
            repeated("[\n", |row| format!("{}{row}", " ".repeat(100)), ",\n", "\n]"),
        ),
        (
            "numbers in steps",
            repeated(
                "[",
                |row| format!("{{\"n\":{},\"s\":\"ok\"}}", row / 1000),
                ",",
                "]",
            ),
        ),
        (
            "statuses",
            repeated(
                "[",
                |row| format!("{{\"id\":{row},\"status\":\"s{}\"}}", row * 7919 % 5000),
                ",",
                "]",
            ),
        ),
        (
            "words in rows",
            repeated(
                "[",
                |row| format!("{{\"t\":\"w{} w{} w{}\"}}", row, row * 31, row * 17),
                ",",
                "]",
            ),
        ),
    ]
}

fn run(options: &Options) {
    let mut slow = Vec::new();
    for (name, text) in shapes() {
        let mut crusher = Crusher::new(options.clone()).unwrap();
        let start = Instant::now();
        if let Err(found) = check_record(&mut crusher, text.as_bytes()) {
            panic!("{name}: {}", found.chars().take(2_000).collect::<String>());
        }
        let took = start.elapsed();
        show_time(took, &format!("{:>8} bytes  {name}", text.len()));
        if took > LIMIT {
            slow.push(format!("{name}: {took:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
}

#[test]
fn hostile_shapes_end_in_time_with_the_default_options() {
    run(&Options::default());
}

#[test]
fn hostile_shapes_end_in_time_where_everything_is_dropped() {
    run(&Options {
        max_tokens: 64,
        min_tokens_to_crush: 0,
        min_items_to_analyze: 2,
        blob_min_bytes: 128,
        ..Options::default()
    });
}

#[test]
fn hostile_shapes_end_in_time_without_tables() {
    run(&Options {
        with_compaction: false,
        min_tokens_to_crush: 0,
        min_items_to_analyze: 2,
        max_items_after_crush: 1000,
        ..Options::default()
    });
}

#[test]
fn hostile_shapes_end_in_time_without_loss() {
    run(&Options {
        lossless_only: true,
        max_columns: 100_000,
        ..Options::default()
    });
}

#[test]
fn many_payloads_end_in_time() {
    let paths = [
        "$.a",
        "$[*]",
        "$[*].a:string @ .name",
        "$.a[*]{role=tool}.content",
    ];
    run(&Options {
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        ..Options::default()
    });
    let paths = ["$.k", "$.id", "$[*].id"];
    run(&Options {
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        ..Options::default()
    });
}
