//! Small compacted records that would restore to more than any memory holds, or take forever: each ends in
//! bounded time and memory (G6).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::too_many_lines,
    reason = "tests fail by panicking; the bombs are one list"
)]

mod common;

use std::time::Instant;

use common::json::{Spelling, quote};
use common::shelf::Shelf;
use common::time::{LIMIT, show_time};
use headroom_crusher::{Error, restore_record};

/// Compacted records whose restored bytes or time would grow without bound.
fn bombs() -> Vec<(&'static str, String, Shelf)> {
    let mut bombs = Vec::new();
    let constant = "x".repeat(1 << 20);
    let rows = 1 << 20;
    bombs.push((
        "a long constant in many rows",
        quote(
            &format!("[{rows}]{{a={constant}}}{}", "\n".repeat(rows)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "more rows than there is text",
        "\"[18446744073709551615]{a=1}\\n\\n\"".to_owned(),
        Shelf::default(),
    ));
    let mut nested = "[1]{a=1}\n".to_owned();
    for _ in 0..12 {
        nested = format!(
            "[1000]{{a={}}}{}",
            quote(&nested, Spelling::Minimal),
            "\n".repeat(1000)
        );
        if nested.len() > 4 << 20 {
            break;
        }
    }
    bombs.push((
        "tables in constants of tables",
        quote(&nested, Spelling::Minimal),
        Shelf::default(),
    ));
    let mut shelf = Shelf::default();
    let hash = shelf.put(&vec![b'x'; 4 << 20]);
    let marker = format!("\"<<ccr:{hash},text,4.0MB>>\"");
    bombs.push((
        "many markers of one original",
        format!("[{}]", vec![marker; 20_000].join(",")),
        shelf,
    ));
    let mut shelf = Shelf::default();
    let hash = shelf.put(&vec![b'1'; 4 << 20]);
    bombs.push((
        "one marker in many rows",
        quote(
            &format!(
                "[20000]{{a=\"<<ccr:{hash},text,4.0MB>>\"}}{}",
                "\n".repeat(20_000)
            ),
            Spelling::Minimal,
        ),
        shelf,
    ));
    let mut shelf = Shelf::default();
    let hash = shelf.put(&vec![b'1'; 4 << 20]);
    bombs.push((
        "a line of many pieces",
        format!("\"{}\"", format!("<<ccr:{hash},raw,4.0MB>>").repeat(20_000)),
        shelf,
    ));
    bombs.push((
        "deep indentation",
        quote(
            &format!("[i8s]{}{}", "[".repeat(900), "]".repeat(900)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a wide text in deep indentation",
        quote(
            &format!(
                "[i8s]{}{}1{}",
                "[".repeat(900),
                "1,".repeat(500_000),
                "]".repeat(900)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    let mut headers = "[s]{}".to_owned();
    while headers.len() < 1 << 20 {
        headers = format!("[s][{}]", quote(&headers, Spelling::Minimal));
    }
    bombs.push((
        "documents in documents",
        quote(&headers, Spelling::Minimal),
        Shelf::default(),
    ));
    bombs.push(("a million open brackets", "[".repeat(1_000_000), Shelf::default()));
    bombs.push((
        "a million open brackets in a document",
        format!("\"[s]{}\"", "[".repeat(1_000_000)),
        Shelf::default(),
    ));
    bombs.push((
        "a million groups",
        quote(
            &format!("[1]{{{}a{}\n1", "g{".repeat(500_000), "}".repeat(500_001)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a hundred thousand columns",
        quote(
            &format!(
                "[1]{{{}z}}\n{}1",
                (0..100_000).map(|at| format!("c{at},")).collect::<String>(),
                "1,".repeat(100_000)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "many columns in deep groups",
        quote(
            &format!(
                "[1]{{{}z}}\n{}1",
                (0..2_000)
                    .map(|at| format!(
                        "{}c{at}{},",
                        (0..60)
                            .map(|group| format!("g{at}x{group}{{"))
                            .collect::<String>(),
                        "}".repeat(60)
                    ))
                    .collect::<String>(),
                "1,".repeat(2_000)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a million tildes",
        quote(
            &format!("[1]{{g{{a,b}}}}\n{}1,", "~".repeat(1_000_000)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a long hash",
        format!("\"<<ccr:{}\"", "a".repeat(1_000_000)),
        Shelf::default(),
    ));
    let templates: String = (0..2_000)
        .map(|at| format!(",t{at}={}", "<a>".repeat(200)))
        .collect();
    bombs.push((
        "many templates that name a long text many times",
        quote(
            &format!("[1]{{a{templates}}}\n{}", "x".repeat(1 << 20)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "templates in many rows",
        quote(
            &format!("[20000]{{a{templates}}}{}", "\nabcdefgh".repeat(20_000)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a template that names a template many times",
        quote(
            &format!(
                "[1]{{a=<>{},b={}}}\n{}",
                "y".repeat(1 << 20),
                "<a>-".repeat(100_000),
                "x".repeat(1 << 20)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "many columns that one template names",
        quote(
            &format!(
                "[1]{{{}t={}}}\n{}",
                (0..20_000).map(|at| format!("c{at},")).collect::<String>(),
                (0..20_000).map(|at| format!("<c{at}>-")).collect::<String>(),
                vec!["x"; 20_000].join(",")
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a long map key in many members",
        quote(
            &format!(
                "[1m]{{*{}}}\n{}",
                (0..20_000).map(|at| format!(",c{at}=<*>")).collect::<String>(),
                "k".repeat(1 << 20)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a long constant in many rows of a cell",
        quote(
            &format!("[1]{{l[{{a={constant}}}]}}\n[{}()]", "(),".repeat(rows)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a long constant in rows of cells of rows of cells",
        quote(
            &format!(
                "[1000]{{k[{{l[{{a={}}}]}}]}}{}",
                "x".repeat(1 << 16),
                format!("\n[{}([])]", format!("([{}()]),", "(),".repeat(30)).repeat(30)).repeat(1000)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a long section above many rows",
        quote(
            &format!("[{rows}]{{@a}}\n@{constant}{}", "\n".repeat(rows)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a million section lines",
        quote(
            &format!("[1000000]{{@a,b=1}}{}", "\n@x\n".repeat(1_000_000)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a million lists inside one another",
        quote(
            &format!("[1]{{{}a{}\n1", "l[{".repeat(500_000), "}]".repeat(500_000)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a million inline tables inside one another",
        format!("\"[d]{}\"", "[[1]{a}\\n".repeat(500_000)),
        Shelf::default(),
    ));
    bombs.push((
        "an inline table with a long constant, many times",
        quote(
            &format!(
                "[d][{}]",
                format!("[1000]{{a={}}}{}\n", "x".repeat(1 << 12), "\n".repeat(1000)).repeat(500)
            ),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    bombs.push((
        "a million lines",
        quote(
            &format!("[{rows}js]{{a={constant}}}{}", "\n".repeat(rows)),
            Spelling::Minimal,
        ),
        Shelf::default(),
    ));
    let mut embedded = "[]".to_owned();
    while embedded.len() < 1 << 20 {
        embedded = format!("[ks][{}]", quote(&embedded, Spelling::Minimal));
    }
    bombs.push((
        "JSON in strings in JSON",
        quote(&embedded, Spelling::Minimal),
        Shelf::default(),
    ));
    let quotes = format!("[ksooooooo][{}]", quote(&"\"".repeat(4 << 20), Spelling::Minimal));
    bombs.push((
        "quotes in eight strings",
        quote(&quotes, Spelling::Minimal),
        Shelf::default(),
    ));
    let mut shelf = Shelf::default();
    let hash = shelf.put(&vec![b'"'; 4 << 20]);
    bombs.push((
        "markers of quotes in eight strings",
        format!(
            "[{}]",
            vec![format!("\"<<ccr:{hash},text,4.0MB,ooooooo>>\""); 1000].join(",")
        ),
        shelf,
    ));
    bombs.push((
        "a million open brackets in a string",
        format!("\"[ks]{}\"", "[".repeat(1_000_000)),
        Shelf::default(),
    ));
    bombs
}

#[test]
fn bombs_end_in_bounded_time_and_memory() {
    for (name, text, shelf) in bombs() {
        let start = Instant::now();
        let mut out = Vec::new();
        let result = restore_record(text.as_bytes(), &shelf, &mut out);
        let took = start.elapsed();
        let error = result.as_ref().err().map(Error::kind);
        show_time(
            took,
            &format!(
                "{:>9} bytes in {:>10} out  {name} {error:?}",
                text.len(),
                out.len()
            ),
        );
        assert!(took < LIMIT, "{name}: {took:?}");
        assert!(out.len() <= 1 << 30, "{name}: {} bytes", out.len());
        if let Err(error) = result {
            assert!(
                matches!(error.kind(), "format" | "too_large" | "too_deep" | "invalid_json"),
                "{name}: {error:?}"
            );
            assert!(out.is_empty(), "{name}");
        }
    }
}
