//! Paths are read and spelled, and each error names its character.

use crate::error::Error;
use crate::payload_path::Path;
use crate::payload_path::segment::{Condition, End, PathSegment, Test};

fn parse(text: &str) -> Path {
    text.parse().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn key(keys: &[&str]) -> PathSegment {
    PathSegment::Key(names(keys))
}

fn test(key: &str, condition: Condition) -> PathSegment {
    let key = key.to_owned();
    PathSegment::Where(Test { key, condition })
}

#[test]
fn every_part_of_a_path_is_read() {
    let path = parse(r#"$.a."b c"[*]{role=tool}{"k \u00e9"="v}"}{v=1.5}.content:string @ .function."na.me""#);
    let holds = |key: &str, value: &str| test(key, Condition::Is(names(&[value])));
    let segments = [
        key(&["a"]),
        key(&["b c"]),
        PathSegment::Every,
        holds("role", "tool"),
        holds("k é", "v}"),
        holds("v", "1.5"),
        key(&["content"]),
    ];
    assert_eq!(path.segments, segments);
    assert_eq!(path.end, End::Strings);
    assert_eq!(path.tool, ["function", "na.me"]);
}

#[test]
fn alternatives_depth_tests_and_json_are_read() {
    let path = parse(r#"$|json..(a|"b")[*]..[*]..{t^=(x.y|"")}{u}{!v}{"w"!=1}.c|json|json"#);
    let segments = [
        PathSegment::Json,
        PathSegment::Deep,
        key(&["a", "b"]),
        PathSegment::Every,
        PathSegment::Deep,
        PathSegment::Every,
        PathSegment::Deep,
        test("t", Condition::Begins(names(&["x.y", ""]))),
        test("u", Condition::Present),
        test("v", Condition::Absent),
        test("w", Condition::IsNot(names(&["1"]))),
        key(&["c"]),
        PathSegment::Json,
        PathSegment::Json,
    ];
    assert_eq!(path.segments, segments);
}

#[test]
fn the_root_may_be_left_out() {
    assert_eq!(parse("$.a").segments, parse(".a").segments);
    assert_eq!(parse("$").segments, []);
}

#[test]
fn an_error_names_the_character_and_what_was_expected_there() {
    let start = "expected $ . [ or {";
    let key = "expected [A-Za-z0-9_-]+ or a JSON string";
    let value = "expected [A-Za-z0-9_.-]+ or a JSON string";
    let end = "expected . [ { |json :string :keep :results ' @ ' or the end";
    let tool = "expected .key of the tool's name";
    let condition = "expected = != ^= or }";
    let deep = "expected a key, [*] or { behind ..";
    let nine = format!(".a{}", "|json".repeat(9));
    let malformed = "this JSON string is malformed";
    let surrogate = "a lone surrogate can't be matched";
    for (text, character, what) in [
        ("", 1, start),
        ("a", 1, start),
        (" .a", 1, start),
        (":string", 1, start),
        ("$a", 2, end),
        (".", 2, key),
        (".a.", 4, key),
        (".é", 2, key),
        (".\"é\".", 6, key),
        (".a[0]", 3, "expected [*]"),
        (".a[*", 3, "expected [*]"),
        (".output[", 8, "expected [*]"),
        (".a{role", 8, condition),
        (".a{role~=x}", 8, condition),
        (".a{role^x}", 8, condition),
        (".a{!role=x}", 9, "expected }"),
        (".a{role=(x}", 11, "expected | or )"),
        (".a{role=()}", 10, value),
        (".(a", 4, "expected | or )"),
        (".(a|)", 5, key),
        (".()", 3, key),
        ("..", 3, deep),
        (".a...b", 5, deep),
        ("..:string", 3, deep),
        ("..(a|)", 6, deep),
        ("..|json", 3, deep),
        ("..[0]", 3, "expected [*]"),
        ("|json.a", 1, start),
        (".a|", 3, end),
        (".a|jso", 3, end),
        (nine.as_str(), 43, "more than 8 times |json"),
        (".a{role=}", 9, value),
        (".a{role=tool", 13, "expected }"),
        (".a{ro.le=tool}", 6, condition),
        (".a\"b\"", 3, end),
        (".\"b", 2, malformed),
        (".\"b\\\"", 2, malformed),
        (".\"b\\x\"", 2, malformed),
        (".\"b\\u12\"", 2, malformed),
        (".\"b\nc\"", 2, malformed),
        (".\"\\ud800\"", 2, surrogate),
        (".\"\\ud800\\u0041\"", 2, surrogate),
        (".a:strings", 10, end),
        (".a:number", 3, end),
        (".a @ name", 6, tool),
        (".a @ ", 6, tool),
        (".a @ ^", 7, tool),
        (".a @ .^", 7, "expected [A-Za-z0-9_-]+ or a JSON string"),
        (".a@.name", 3, end),
        (".a @ .name:string", 11, tool),
        (".a @ .name[*]", 11, tool),
        (".a ", 3, end),
    ] {
        assert_eq!(
            text.parse::<Path>(),
            Err(Error::PayloadPath { what, character }),
            "{text}"
        );
    }
}

#[test]
fn a_path_is_spelled_as_short_as_it_can_be() {
    for (text, shortest) in [
        ("$", "$"),
        ("$ @ .tool", "$ @ .tool"),
        (r#".a @ ^^."tool".x"#, ".a @ ^^.tool.x"),
        ("$:string", "$:string"),
        ("$.a", ".a"),
        (r#"$."messages"[*]{"role"="to.ol"}"#, ".messages[*]{role=to.ol}"),
        (r#"."a.b"{"a.b"="x y"}"#, r#"."a.b"{"a.b"="x y"}"#),
        (r#".""{""=""} @ ."""#, r#".""{""=""} @ ."""#),
        (r#"$..("a")..{"k"}..[*]"#, "..a..{k}..[*]"),
        (r#".("a"|"b c"){!"k"}{"k"!=("v")}"#, r#".(a|"b c"){!k}{k!=v}"#),
        (r#"$|json|json."a"{k^="to.ol_"}"#, "$|json|json.a{k^=to.ol_}"),
        (
            r#"."\u00e9\ud83d\ude00\/\u0001\"\\\u000a\u007f""#,
            ".\"é😀/\\u0001\\\"\\\\\\n\u{7f}\"",
        ),
    ] {
        let path = parse(text);
        assert_eq!((path.as_str(), path.to_string().as_str()), (text, shortest));
        assert_eq!(parse(shortest).to_string(), shortest);
    }
}

#[test]
fn a_text_is_a_path_that_equals_its_own_spelling_or_an_error_at_one_of_its_characters() {
    const PIECES: [&str; 25] = [
        "$",
        ".",
        "a",
        "[*]",
        "[",
        "{",
        "=",
        "}",
        "\"",
        "\\",
        "é",
        " @ ",
        " ",
        ":string",
        "\"x\\n\"",
        "\\u00e9",
        "..",
        "|json",
        "(a|\"b\")",
        "(",
        "|",
        ")",
        "{a}",
        "^=",
        "^",
    ];
    let mut state: u64 = 1;
    for _ in 0..100_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let length = (state >> 60) as u32 % 10;
        let text: String = (0..length)
            .filter_map(|at| PIECES.get((state >> (6 * at + 6)) as usize % PIECES.len()))
            .copied()
            .collect();
        match text.parse::<Path>() {
            Ok(path) => {
                let again = parse(&path.to_string());
                assert_eq!(
                    (&again.segments, again.end, (again.out, &again.tool)),
                    (&path.segments, path.end, (path.out, &path.tool)),
                    "{text}"
                );
                assert!(again.as_str().len() <= text.len(), "{text}");
            }
            Err(Error::PayloadPath { character, .. }) => {
                assert!((1..=text.chars().count() + 1).contains(&character), "{text}");
            }
            Err(error) => unreachable!("{text}: {error}"),
        }
    }
}
