use super::{excerpt, kind, shorten};
use crate::tokens;

fn log() -> Vec<String> {
    (0..500)
        .map(|at| {
            format!(
                "12:{:02}:{:02} request {at} served in {} ms",
                at / 60,
                at % 60,
                at % 7
            )
        })
        .collect()
}

#[test]
fn shortens_at_the_end_of_a_character() {
    assert_eq!(
        (shorten("naïve", 3), shorten("naïve", 4), shorten("naïve", 99)),
        ("na", "naï", "naïve")
    );
}

#[test]
fn tells_kinds_of_long_strings_apart() {
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAA";
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(76)
        .map(|line| str::from_utf8(line).unwrap_or(""))
        .collect();
    let wrapped = lines.join("\n") + "\n";
    let cases = [
        ("<!DOCTYPE html><p>Hi there", "html"),
        ("  <HTML><body>Hi</body></HTML>", "html"),
        (r#"{"a": [1, 2]}"#, "json"),
        ("[1,2,3]", "json"),
        ("[INFO] one line\n[INFO] and another", "text"),
        ("one line\nand another line of text", "text"),
        ("fn main() {\n    println!(\"hi\");\n}\n", "text"),
        (
            "这是一个没有空格的长文本,它仍然是文本,不是一个不透明的字符串。",
            "text",
        ),
        (base64, "base64"),
        (&wrapped, "base64"),
        (&format!("data:image/png;base64,{base64}"), "base64"),
        (&"x".repeat(2000), "string"),
        (&"0123456789abcdef".repeat(100), "string"),
        (&"https://example.org/a/b?c=d&".repeat(80), "string"),
    ];
    for (text, expected) in cases {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn text_that_fits_stays_whole_and_no_tokens_leave_nothing() {
    assert_eq!(excerpt("one\ntwo\n", 10, "", &[]), "one\ntwo\n");
    assert_eq!(excerpt("one\ntwo\n", 0, "", &[]), "");
}

#[test]
fn errors_and_what_follows_them_stay_between_head_and_tail() {
    let mut lines = log();
    lines[321] = "ERROR: disk full".to_owned();
    lines[322] = "    at write (/srv/app.js:17)".to_owned();
    let short = excerpt(&lines.join("\n"), 120, "", &[]);
    assert!(
        short.starts_with("12:00:00 request 0 served in 0 ms\n"),
        "{short}"
    );
    assert!(
        short.contains(" lines\nERROR: disk full\n    at write (/srv/app.js:17)\n"),
        "{short}"
    );
    assert!(short.ends_with("request 499 served in 2 ms"), "{short}");
}

#[test]
fn gaps_count_the_lines_left_out() {
    let lines = log();
    let short = excerpt(&lines.join("\n"), 100, "", &[]);
    let shown = short.lines().filter(|line| !line.starts_with('…')).count();
    let gaps = short.lines().filter_map(|line| {
        line.strip_prefix("… ")?
            .strip_suffix(" lines")?
            .parse::<usize>()
            .ok()
    });
    assert_eq!(shown + gaps.sum::<usize>(), lines.len(), "{short}");
}

#[test]
fn lines_that_the_query_or_a_pattern_names_stay() {
    let text = log().join("\n");
    let short = excerpt(&text, 100, "why was request 250 slow?", &[]);
    assert!(short.contains("request 250 served"), "{short}");
    let short = excerpt(&text, 100, "", &["REQUEST 333".to_owned()]);
    assert!(short.contains("request 333 served"), "{short}");
}

#[test]
fn a_line_of_a_new_pattern_stays() {
    let mut lines = log();
    lines[200] = "--- shutting down worker (signal 15) ---".to_owned();
    let short = excerpt(&lines.join("\n"), 100, "", &[]);
    assert!(short.contains("signal 15"), "{short}");
}

#[test]
fn repeated_errors_do_not_crowd_out_another_one() {
    let mut lines: Vec<String> = (0..400)
        .map(|at| format!("ERROR: retry {at} failed: no route"))
        .collect();
    lines[222] = "java.lang.OutOfMemoryError: heap space [thread main]".to_owned();
    let short = excerpt(&lines.join("\n"), 120, "", &[]);
    assert!(short.contains("OutOfMemoryError"), "{short}");
}

#[test]
fn one_long_line_is_cut_into_pieces() {
    let sentences: Vec<String> = (0..300)
        .map(|at| format!("This is sentence number {at} of a long paragraph. "))
        .collect();
    let text = sentences.concat();
    let short = excerpt(&text, 120, "sentence 207", &[]);
    assert!(short.starts_with("This is sentence number 0 "), "{short}");
    assert!(
        short.contains(" … ") && short.contains("number 207") && short.contains("number 299"),
        "{short}"
    );
    assert!(!short.contains("lines"), "{short}");
}

#[test]
fn never_longer_than_asked_for() {
    let texts = [
        log().join("\n"),
        "x".repeat(10_000),
        "a b ".repeat(5000),
        "é".repeat(5000),
        "😀 \n".repeat(3000),
        "\n".repeat(5000),
        "ERROR: a\n".repeat(2000),
        "\r\n\r\n  Error: \u{2028}x".repeat(1000),
        format!("{{\"a\":[{}0]}}", "1,".repeat(20_000)),
    ];
    for text in &texts {
        for budget in [1, 2, 3, 5, 10, 40, 160, 1000] {
            let short = excerpt(text, budget, "error 17 request", &["b".to_owned()]);
            let used = tokens::estimate(short.as_bytes());
            assert!(used <= budget, "{used} of {budget}: {short}");
        }
    }
}
