//! The scanner agrees with `serde_json` on what is JSON and on where every token stands.
//!
//! The scanner differs in three ways, each tested below. It has a depth limit, where `serde_json` skips any
//! depth. It refuses bytes that aren't UTF-8 anywhere, where `serde_json` doesn't look into strings that it
//! skips. It accepts lone surrogate escapes and numbers beyond every range, as the grammar of RFC 8259 does;
//! `serde_json` does so as long as it doesn't decode them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod common;

use std::fmt;

use common::json::{layout, print, spelling};
use common::random::Random;
use common::{cases, documents, each, mutate, show};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::json::tape::{self, Doc, Kind};
use headroom_crusher::{Error, Limit};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

const DEPTH: usize = 100_000;

fn oracle_accepts(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok() && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The members of an object in order, with duplicate keys, which no map of `serde_json` keeps.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Returns where `part`, which is borrowed from `whole`, starts and ends in it.
fn span(whole: &str, part: &RawValue) -> (usize, usize) {
    let start = part.get().as_ptr() as usize - whole.as_ptr() as usize;
    (start, start + part.get().len())
}

/// A child of an array or object as `serde_json` finds it: its span, and whether it is a key.
type Child = ((usize, usize), bool);

/// Compares the subtree at `index` with the token that `serde_json` finds there.
fn check_spans(doc: &Doc<'_>, index: u32, whole: &str, ((start, end), is_key): Child) -> Result<(), String> {
    let node = doc.node(index);
    if (node.start as usize, node.end as usize) != (start, end) {
        return Err(format!(
            "node {index} is {}..{}, not {start}..{end}",
            node.start, node.end
        ));
    }
    let token = &whole[start..end];
    let kind = match token.as_bytes()[0] {
        b'[' => Kind::Array,
        b'{' => Kind::Object,
        b'"' => Kind::String,
        b'n' => Kind::Null,
        b't' => Kind::True,
        b'f' => Kind::False,
        _ => Kind::Number,
    };
    if node.kind != kind || doc.raw(node) != token.as_bytes() {
        return Err(format!("node {index} is {:?}, not {kind:?}", node.kind));
    }
    if (node.flags & tape::KEY != 0) != is_key {
        return Err(format!("node {index} has a wrong KEY flag"));
    }
    let children: Vec<(u32, Child)> = match kind {
        Kind::Array => {
            let items: Vec<&RawValue> = serde_json::from_str(token).map_err(|error| error.to_string())?;
            let spans = items.into_iter().map(|item| (span(whole, item), false));
            let found: Vec<u32> = doc.elements(index).collect();
            if found.len() != spans.len() || found.len() != node.count as usize {
                return Err(format!(
                    "array {index} has {} items, not {}",
                    found.len(),
                    spans.len()
                ));
            }
            found.into_iter().zip(spans).collect()
        }
        Kind::Object => {
            let Members(members) = serde_json::from_str(token).map_err(|error| error.to_string())?;
            let found: Vec<(u32, u32)> = doc.members(index).collect();
            if found.len() != members.len() || found.len() != node.count as usize {
                return Err(format!(
                    "object {index} has {} members, not {}",
                    found.len(),
                    members.len()
                ));
            }
            let both = found.into_iter().zip(members);
            let children = |((key, value), (raw_key, raw))| {
                [
                    (key, (span(whole, raw_key), true)),
                    (value, (span(whole, raw), false)),
                ]
            };
            both.flat_map(children).collect()
        }
        Kind::String => {
            let inner = &token[1..token.len() - 1];
            let escaped = inner.contains('\\');
            if doc.inner(node) != inner.as_bytes() || (node.flags & tape::ESCAPED != 0) != escaped {
                return Err(format!("string {index} has a wrong content or ESCAPED flag"));
            }
            if (node.flags & tape::NON_ASCII != 0) == inner.is_ascii() {
                return Err(format!("string {index} has a wrong NON_ASCII flag"));
            }
            if (node.flags & tape::SUSPECT != 0) != inner.starts_with(['<', '[', '\\']) {
                return Err(format!("string {index} has a wrong SUSPECT flag"));
            }
            Vec::new()
        }
        Kind::Number => {
            if (node.flags & tape::INTEGER != 0) == token.contains(['.', 'e', 'E']) {
                return Err(format!("number {index} has a wrong INTEGER flag"));
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    let mut next = index + 1;
    for (child, span) in children {
        if child != next {
            return Err(format!(
                "the child at {child} doesn't follow its sibling, which ends at {next}"
            ));
        }
        check_spans(doc, child, whole, span)?;
        next = doc.node(child).next;
    }
    if node.next == next {
        Ok(())
    } else {
        Err(format!("node {index} ends at {}, not {next}", node.next))
    }
}

fn check(tape: &mut Tape, text: &[u8], spans: bool) -> Result<(), String> {
    let wanted = oracle_accepts(text);
    match tape.scan(text, DEPTH) {
        Ok(doc) if wanted => {
            let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
            let token = text.trim_matches([' ', '\t', '\r', '\n']);
            let start = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
            if !spans {
                return Ok(());
            }
            check_spans(&doc, 0, text, ((start, start + token.len()), false))
                .map_err(|found| format!("{found} in {text}"))
        }
        Err(error) if !wanted => check_position(&error, text),
        Ok(_) => Err(format!("accepted, but the oracle refuses it: {}", show(text))),
        Err(error) => Err(format!(
            "refused ({error}), but the oracle accepts it: {}",
            show(text)
        )),
    }
}

/// Checks that an error names a place inside the text, or just behind it.
fn check_position(error: &Error, text: &[u8]) -> Result<(), String> {
    let fits = match error {
        Error::InvalidPayload { line, column, .. } => {
            let mut lines = text.split(|byte| *byte == b'\n');
            lines
                .nth(line - 1)
                .is_some_and(|found| (1..=found.len() + 1).contains(column))
        }
        Error::InvalidUtf8 { offset } => {
            std::str::from_utf8(text).is_err_and(|error| error.valid_up_to() == *offset)
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{error:?} names no place in {}", show(text)))
    }
}

#[test]
fn generated_documents_have_the_oracles_spans() {
    let mut tape = Tape::default();
    each(cases(20), |random| {
        let text = documents::record(random);
        // The oracle takes quadratic time in the depth to find all spans.
        check(&mut tape, text.as_bytes(), text.len() < 4_000)
    });
}

#[test]
fn mutated_documents_are_judged_as_the_oracle_judges_them() {
    let mut tape = Tape::default();
    each(cases(50), |random| {
        let value = documents::any(random, 3);
        let mut text = print(&value, layout(random), spelling(random)).into_bytes();
        mutate::mutate(random, &mut text);
        check(&mut tape, &text, true)
    });
}

#[test]
fn short_texts_over_a_json_alphabet_are_judged_as_the_oracle_judges_them() {
    let mut tape = Tape::default();
    each(cases(100), |random: &mut Random| {
        let count = random.within(0, 9);
        let pieces = [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "0", "1", "-", ".", "e", "+", "true", "null", "\"a\"",
            " ", "\n", "u", "\u{e9}",
        ];
        let text: String = (0..count).map(|_| *random.pick(&pieces)).collect();
        check(&mut tape, text.as_bytes(), true)
    });
}

/// Valid, each for a reason of its own.
#[rustfmt::skip]
const VALID: &[&str] = &[
    "[]", "{}", "\"\"", "0", "-0", "1", "-1", "null", "true", "false", " null ", "\t\r\n []\t\r\n ", "[[]]",
    "[{}]", "{\"\":{}}", "[1,2]", "[ 1 , 2 ]", "{\"a\":1}", "{ \"a\" : 1 }", "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"a\":1}", "{\"\":0}", "[0.0]", "[0.1]", "[-0.0]", "[10]", "[1e1]", "[1E1]", "[1e+1]", "[1e-1]",
    "[1.5E+10]", "[0e0]", "[0E-0]", "[1e400]", "[-1e999999999]", "[1e-999999999]",
    "[123456789012345678901234567890123456789012345678901234567890]",
    "[0.00000000000000000000000000000000000000000000000001]",
    "[-237462374673276894279832749832423479823246327846]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"\\u0000\"]", "[\"\\u12aB\"]", "[\"\\uD83D\\uDE00\"]", "[\"\\ud800\"]", "[\"\\udc00\"]",
    "[\"\\ud800\\ud800\"]", "[\"\\udc00\\ud800\"]", "[\"\\ud800abc\"]", "[\"\\uD800\\n\"]", "[\"\\uFFFE\"]",
    "[\"\\u007f\"]", "[\"\u{7f}\"]", "[\"\u{80}\"]", "[\"\u{2028}\u{2029}\"]", "[\"\u{fffd}\"]",
    "[\"\u{feff}\"]", "[\"\u{10ffff}\"]", "[\"\u{1f600}\"]", "[\"/\"]", "[\"\\/\"]", "[\"a/*b*/c\"]",
    "[\"//\"]", "[\"new\\u000Aline\"]", "[\"\\\\u0000\"]", "[\"\\\\\"]", "[null,true,false,0,\"\",[],{}]",
    "{\"a\":[{\"b\":[{}]}]}", "{\"\\u0061\":1,\"a\":2}", "\"<<ccr:lit>>\"", "[\"seven77\"]", "[\"eight888\"]",
    "[\"nine99999\"]", "[\"eight88\\\"\"]", "[\"\u{e9}\u{e9}\u{e9}\u{e9}\"]", "[\"aaaaaaa\u{e9}\"]",
    "[\"aaaaaaaa\u{e9}\"]", "[\"\u{a2}\u{dc}\"]",
];

/// Invalid, each for a reason of its own.
#[rustfmt::skip]
const INVALID: &[&str] = &[
    "", " ", "\n", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1}",
    "[1]]", "[[]", "[]]", "[][]", "[] []", "{}{}", "1 2", "1,", "null null", "{\"a\"", "{\"a\":", "{\"a\":1",
    "{\"a\":1,", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\",1}",
    "{a:1}", "{1:1}", "{null:1}", "{[]:1}", "{'a':1}", "{\"a\":1]", "{\"a\":1 \"b\":2}", "{:1}", "{\"a\":}",
    "['a']", "nul", "nulll", "tru", "truee", "fals", "falsee", "None", "True", "FALSE", "NaN", "Infinity",
    "-Infinity", "nan", "undefined", "+1", "-", "--1", "-a", "- 1", "01", "-01", "00", "1.", ".1", "-.1",
    "1.e1", "1e", "1e+", "1E-", "1e1.5", "1.1.1", "1e1e1", "0x10", "0b1", "1_000", "1,000", "1f", "1a", "0e",
    "0e+", "1\u{e9}", "\u{ff11}", "[1.2.3]", "[0.e1]", "[2.e+3]", "[1+2]", "\"", "\"a", "\"\\", "\"\\\"",
    "\"\\u", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"", "\"\\x41\"",
    "\"\\a\"", "\"\\'\"", "\"\\0\"", "\"\\U0041\"", "\"\\\n\"", "\"\\\u{e9}\"", "\"\n\"", "\"\t\"", "\"\r\"",
    "\"\0\"", "\"\u{1f}\"", "\"aaaaaaa\n\"", "\"aaaaaaaa\t\"", "'a'", "a", "\u{e9}", "\u{feff}", "\u{feff}[]",
    "[]\u{feff}", "\u{a0}[]", "[]\u{a0}", "\u{b}[]", "[\u{c}]", "[]\0", "\0[]", "[1]\u{2028}", "/**/[]",
    "[] // x", "[1,/*x*/2]", "# x\n[]", "[\"a\"", "[\"a\",", "[\"a]", "{\"a:1}", "{\"a\":\"b}",
    "[\"a\"\"b\"]", "[\"\": 1]", "*", "@", "<>", "<null>", "\\u005b]", "[\\n]", "[\"\"],", "{\"a\":1}}",
    "[[[[", "]]]]", "{\"a\":{\"b\":{", "[{", "[{\"", "[true", "[fals", "[1,2", "-\u{0}1", "[\"x\", truth]",
    "[\"\\uD83D\\u\"]", "[\"\\uD800\\", "[\"\\uD834\\uDd\"]",
];

#[test]
fn the_valid_cases_are_accepted_with_their_spans() {
    let mut tape = Tape::default();
    for text in VALID {
        assert!(oracle_accepts(text.as_bytes()), "the oracle refuses {text:?}");
        check(&mut tape, text.as_bytes(), true).unwrap();
    }
}

#[test]
fn the_invalid_cases_are_refused_with_their_place() {
    let mut tape = Tape::default();
    for text in INVALID {
        assert!(!oracle_accepts(text.as_bytes()), "the oracle accepts {text:?}");
        check(&mut tape, text.as_bytes(), false).unwrap();
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_at_their_offset() {
    let mut tape = Tape::default();
    let cases: &[(&[u8], usize)] = &[
        (b"\"\xff\"", 1),
        (b"\"a\xc3\"", 2),
        (b"\"\xed\xa0\x80\"", 1),
        (b"\"\xc0\xaf\"", 1),
        (b"\"\xf4\x90\x80\x80\"", 1),
        (b"[]\xff", 2),
        (b"\xff\xfe[\0", 0),
        (b"\"\xe2\x82", 1),
        (b"\"\xf0\x9f\x98\"", 1),
        (b"[1,\x80]", 3),
        (b"\"aaaaaaaaaaaaaaa\xf8\"", 16),
    ];
    for (text, offset) in cases {
        assert_eq!(
            tape.scan(text, 9).unwrap_err(),
            Error::InvalidUtf8 { offset: *offset },
            "{text:?}"
        );
    }
}

#[test]
fn the_depth_limit_counts_open_containers() {
    let mut tape = Tape::default();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let value = if open == "[" { "" } else { "1" };
        for depth in [1, 2, 63, 64] {
            let text = format!("{}{value}{}", open.repeat(depth), close.repeat(depth));
            assert!(tape.scan(text.as_bytes(), depth).is_ok());
            let error = tape.scan(text.as_bytes(), depth - 1).unwrap_err();
            assert_eq!(
                error,
                Error::LimitExceeded {
                    limit: Limit::Depth,
                    maximum: depth - 1
                }
            );
        }
    }
    assert!(tape.scan(b"[[],[],{}]", 2).is_ok(), "siblings are not deeper");
}

#[test]
fn a_million_open_brackets_cost_no_stack_and_no_time() {
    let mut tape = Tape::default();
    let deep = "[".repeat(1_000_000);
    assert!(matches!(
        tape.scan(deep.as_bytes(), 256),
        Err(Error::LimitExceeded {
            limit: Limit::Depth,
            ..
        })
    ));
    assert!(matches!(
        tape.scan(deep.as_bytes(), 2_000_000),
        Err(Error::InvalidPayload {
            line: 1,
            column: 1_000_001,
            ..
        })
    ));
    let closed = deep.clone() + &"]".repeat(1_000_000);
    assert_eq!(tape.scan(closed.as_bytes(), 1_000_000).unwrap().len(), 1_000_000);
}

#[test]
fn a_tape_forgets_the_text_before() {
    let mut tape = Tape::default();
    each(cases(2), |random| {
        let texts: Vec<String> = (0..3).map(|_| documents::record(random)).collect();
        for text in &texts {
            let nodes = |doc: &Doc<'_>| {
                (0..doc.len())
                    .map(|index| format!("{:?}", doc.node(index)))
                    .collect::<Vec<_>>()
            };
            let mut fresh = Tape::default();
            let wanted = nodes(
                &fresh
                    .scan(text.as_bytes(), DEPTH)
                    .map_err(|error| error.to_string())?,
            );
            let _ = tape.scan(&text.as_bytes()[..text.len() / 2], DEPTH);
            let found = nodes(
                &tape
                    .scan(text.as_bytes(), DEPTH)
                    .map_err(|error| error.to_string())?,
            );
            if found != wanted {
                return Err(format!("a used tape scans otherwise: {text}"));
            }
        }
        Ok(())
    });
}
