use crate::excerpt::cut::cut;
use crate::excerpt::kind::kind;
use crate::excerpt::shorten::{opening, shorten};
use crate::excerpt::survey::Interest;
use crate::excerpt::vocabulary::WordNumbers;
use crate::tokens;

/// Returns an excerpt of at most so many tokens, counted exactly.
fn excerpt(text: &str, max_tokens: usize, query: &str, keep_patterns: &[String]) -> String {
    let interest = Interest {
        query,
        known: &WordNumbers::default(),
        keep_patterns,
    };
    let excess = |excerpt: &str| tokens::count(excerpt).saturating_sub(max_tokens);
    cut(text, max_tokens, interest, &excess).text
}

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
fn texts_are_shortened_at_the_end_of_a_character() {
    assert_eq!(
        (shorten("naïve", 3), shorten("naïve", 4), shorten("naïve", 99)),
        ("na", "naï", "naïve")
    );
}

#[test]
fn kinds_of_long_strings_are_told_apart() {
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
        short.contains("…\nERROR: disk full\n    at write (/srv/app.js:17)\n"),
        "{short}"
    );
    assert!(short.ends_with("request 499 served in 2 ms"), "{short}");
}

#[test]
fn gaps_show_where_lines_are_left_out() {
    let lines = log();
    let short = excerpt(&lines.join("\n"), 100, "", &[]);
    let mut shown = short.lines().peekable();
    let mut next = 0;
    while let Some(line) = shown.next() {
        if line == "…" {
            let behind = shown.peek().unwrap();
            let found = lines.iter().position(|line| line == behind).unwrap();
            assert!(found > next, "{short}");
            next = found;
        } else {
            assert_eq!(line, lines[next], "{short}");
            next += 1;
        }
    }
    assert_eq!(next, lines.len(), "{short}");
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
fn what_is_defined_stays_and_what_repeats_goes() {
    let names = [
        "parseHeader",
        "readTrailer",
        "openSession",
        "closeSession",
        "FlushAll",
    ];
    let body = "\tif err != nil {\n\t\treturn nil, err\n\t}\n".repeat(20);
    let code: Vec<String> = names
        .iter()
        .map(|name| format!("func {name}(input string) {{\n{body}}}\n"))
        .collect();
    let short = excerpt(&code.concat(), 120, "", &[]);
    for name in names {
        assert!(short.contains(&format!("func {name}(")), "{name}: {short}");
    }
}

#[test]
fn names_in_what_is_left_out_are_listed_last() {
    let lines: Vec<String> = (0..200)
        .map(|at| {
            let letter = |at: u8| char::from(b'a' + at % 26);
            let name = [letter(at), letter(at / 26), letter(at / 3)]
                .iter()
                .collect::<String>();
            format!("see ./docs/{name}.md for what the {name} chapter has to say on the matter")
        })
        .collect();
    let short = excerpt(&lines.join("\n"), 200, "", &[]);
    let (shown, names) = short.rsplit_once("\n… also: ").unwrap();
    assert!(names.split(' ').count() >= 5, "{short}");
    for name in names.split(' ') {
        assert!(
            !shown.contains(name) && name.starts_with("./docs/"),
            "{name}: {short}"
        );
        assert!(lines.iter().any(|line| line.contains(name)), "{name}: {short}");
    }
}

#[test]
fn words_that_the_reader_has_seen_count_little() {
    let lines: Vec<String> = [
        "alpha", "bravo", "cedar", "delta", "ember", "fjord", "grove", "hazel",
    ]
    .iter()
    .flat_map(|word| (0..20).map(move |_| format!("line about {word}")))
    .collect();
    let text = lines.join("\n");
    let mut known = WordNumbers::default();
    known.read(b"line about alpha bravo cedar delta ember fjord hazel");
    let interest = Interest {
        query: "",
        known: &known,
        keep_patterns: &[],
    };
    let short = cut(&text, 24, interest, &|_| 0).text;
    assert!(short.contains("grove") && !short.contains("delta"), "{short}");
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
}

#[test]
fn an_excerpt_never_exceeds_its_budget() {
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
            let used = tokens::count(&short);
            assert!(used <= budget, "{used} of {budget}: {short}");
        }
    }
}

#[test]
fn an_excerpt_says_how_many_lines_stay_and_why() {
    let mut lines = log();
    lines[250] = "12:04:10 ERROR disk full".to_owned();
    let interest = Interest {
        query: "",
        known: &WordNumbers::default(),
        keep_patterns: &["request 77 ".to_owned()],
    };
    let excerpt = cut(&lines.join("\n"), 200, interest, &|_| 0);
    let shown = lines.iter().filter(|line| excerpt.text.contains(*line)).count();
    assert_eq!((excerpt.lines_total, excerpt.lines_kept as usize), (500, shown));
    let chosen: u64 = excerpt.rules.iter().map(|(_, count)| count).sum();
    let of = |name| {
        excerpt
            .rules
            .iter()
            .find(|(rule, _)| *rule == name)
            .map(|(_, count)| *count)
    };
    assert_eq!(of("pattern"), Some(1), "{excerpt:?}");
    assert!(
        of("urgent") >= Some(1) && of("head") >= Some(1) && of("tail") >= Some(1),
        "{excerpt:?}"
    );
    assert_eq!(chosen - of("name").unwrap_or(0), shown as u64, "{excerpt:?}");
}

#[test]
fn the_opening_of_a_container_has_its_texts_without_quotes_and_escapes() {
    let text = br#"{"a" : [ {"n":"x \"y\"\u00e9","m":[]},{"n":-1.50} ], "b":{},"c":"\ud800","d":null}"#;
    let mut tape = crate::json::scan::Tape::default();
    let doc = tape.scan(text, 9).unwrap();
    assert_eq!(
        opening(&doc, 0, 1000),
        r#"{a:[{n:x "y"é,m:[]},{n:-1.50}],b:{},c:\ud800,d:null"#
    );
    assert_eq!(opening(&doc, 0, 4), "{a:[{n");
    assert_eq!(opening(&doc, 2, 1000), r#"[{n:x "y"é,m:[]},{n:-1.50"#);
}
