//! Payloads in JSON that strings hold: what becomes of them, what stays, and that all of it comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::time::{Duration, Instant};

use common::check::{Crushed, check_record, crush, options};
use common::json::{Json, layout, object, print, spelling};
use common::random::Random;
use common::strings::{key, short, words};
use common::{cases, documents, each, envelopes, mutate, show};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::{Crusher, Options, Strategy, markers_in_record, restore_record};
use serde_json::{Value, json};

const ROWS: &str = r#"[{"id":1,"status":"ok"},{"id":2,"status":"ok"},{"id":3,"status":"failed"}]"#;
const TABLE: &str = "[3]{id,status}\n1,ok\n2,ok\n3,failed";
const TABLE_IN_STRING: &str = "[3s]{id,status}\n1,ok\n2,ok\n3,failed";

/// What any of these may take; linear work takes a small part of it, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 600 } else { 60 });

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn crusher(paths: &[&str]) -> Crusher {
    Crusher::new(Options {
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        ..Options::default()
    })
    .unwrap()
}

fn crushed(paths: &[&str], record: &str) -> Crushed {
    check_record(&mut crusher(paths), record.as_bytes())
        .unwrap()
        .unwrap()
}

fn compacted(paths: &[&str], record: &str) -> String {
    String::from_utf8(crushed(paths, record).compacted).unwrap()
}

#[test]
fn only_payloads_change_inside_a_string() {
    let conversation = |rows: &str, in_string: &str, lit: &str| {
        format!(
            r#"{{"id" : "\u0041", "messages":[ {{"role":"user","content":"{lit}[1]{{a}}"}},
{{"role":"tool","content":{rows}}},
 {{"role":"tool","content":{in_string}}}]}} "#
        )
    };
    let record = format!(
        r#"{{"a":1, "in":{}}}"#,
        quoted(&conversation(ROWS, &quoted(ROWS), ""))
    );
    let inner = conversation(&quoted(TABLE), &quoted(TABLE_IN_STRING), "<<ccr:lit>>");
    let wanted = format!(r#"{{"a":1, "in":{}}}"#, quoted(&format!("[ks]{inner}")));
    let path = ".in|json.messages[*]{role=tool}.content";
    let crushed = crushed(&[path], &record);
    assert_eq!(String::from_utf8(crushed.compacted).unwrap(), wanted);
    assert_eq!(
        crushed
            .reports
            .iter()
            .map(|report| (&*report.path, report.decisions.strategy))
            .collect::<Vec<_>>(),
        [(path, Strategy::Table), (path, Strategy::Table)]
    );
}

#[test]
fn a_string_that_is_json_as_a_whole_is_the_payload_itself() {
    let record = format!(r#"{{"in":{}}}"#, quoted(ROWS));
    let plain = compacted(&[".in"], &record);
    assert_eq!(plain, format!(r#"{{"in":{}}}"#, quoted(TABLE_IN_STRING)));
    assert_eq!(compacted(&[".in|json"], &record), plain);
    // A string in a string has one header, too.
    let record = format!(r#"{{"in":{}}}"#, quoted(&quoted(ROWS)));
    let wanted = format!(r#"{{"in":{}}}"#, quoted(&TABLE_IN_STRING.replace("s]", "so]")));
    for path in [
        ".in|json",
        ".in|json|json",
        "..in|json|json",
        "..(in|x)|json:string",
    ] {
        assert_eq!(compacted(&[path], &record), wanted, "{path}");
    }
    let text = "one line of many\n".repeat(2000);
    let record = format!(r#"{{"in":{}}}"#, quoted(&quoted(&text)));
    let found = compacted(&[".in|json:string"], &record);
    assert!(found.contains(",text,33.2KB,o>> one line of many\\n"), "{found}");
}

#[test]
fn json_in_a_string_in_a_string_has_one_header_and_all_spellings() {
    let inner = format!(r#"{{"é":[1],"content":{ROWS}}}"#);
    let ascii = quoted(&inner).replace('é', "\\u00e9");
    let record = format!(r#"{{"in":{}}}"#, quoted(&format!("{ascii}\n")));
    let wanted = format!("[ksaon]{{\"é\":[1],\"content\":{}}}", quoted(TABLE));
    let wanted = format!(r#"{{"in":{}}}"#, quoted(&wanted));
    assert_eq!(compacted(&[".in|json|json.content"], &record), wanted);
    // Inside JSON that is no string as a whole, each has its own.
    let middle = format!(r#"{{"body":{}}}"#, quoted(&inner));
    let record = format!(r#"{{"in":{}}}"#, quoted(&middle));
    let deep = format!("[ks]{{\"é\":[1],\"content\":{}}}", quoted(TABLE));
    let wanted = format!("[ks]{{\"body\":{}}}", quoted(&deep));
    let wanted = format!(r#"{{"in":{}}}"#, quoted(&wanted));
    assert_eq!(compacted(&[".in|json.body|json.content"], &record), wanted);
    assert_eq!(compacted(&["..in|json..body|json..content"], &record), wanted);
}

#[test]
fn a_string_stays_as_it_was_where_nothing_can_be_gained_or_proved() {
    let paths = [".in|json.content"];
    let json = format!(r#"{{"content":{ROWS}}}"#);
    for (what, text) in [
        ("nothing to crush", quoted(r#"{"content":"short"}"#)),
        ("no payload", quoted(&format!(r#"{{"other":{ROWS}}}"#))),
        ("no JSON", quoted(&format!("{json}x"))),
        ("white space before it", quoted(&format!(" {json}"))),
        ("a string in it", quoted(&quoted(&json))),
        (
            "spelled in two ways",
            quoted(&format!("{json} é/")).replace('é', "\\u00e9é"),
        ),
        (
            "spelled as nobody does",
            quoted(&json).replace("content", "\\u0063ontent"),
        ),
        ("a lone surrogate", quoted(&json).replace("failed", "\\ud800")),
        ("an object", json.clone()),
        ("a number", "7".to_owned()),
    ] {
        let record = format!(r#"{{"in":{text},"a":"<<ccr:lit>>"}}"#);
        let wanted = record.replace("<<ccr:lit>>", "<<ccr:lit>><<ccr:lit>>");
        assert_eq!(compacted(&paths, &record), wanted, "{what}");
    }
    let many = format!(
        r#"{{"content":{ROWS},"more":[{}]}}"#,
        vec![r#""<<ccr:lit>>""#; 200].join(",")
    );
    let record = format!(r#"{{"in":{}}}"#, quoted(&many));
    let crushed = crushed(&paths, &record);
    assert_eq!(
        String::from_utf8(crushed.compacted).unwrap(),
        record,
        "escapes cost more"
    );
    let report = &crushed.reports[0];
    assert_eq!(
        (report.decisions.strategy, report.bytes_after, report.tokens_after),
        (Strategy::Unchanged, report.bytes_before, report.tokens_before)
    );
    assert!(!report.unproved);
}

#[test]
fn the_deepest_payload_wins_through_strings() {
    let inner = format!(r#"{{"content":{ROWS},"note":"x"}}"#);
    let record = format!(r#"{{"in":{}}}"#, quoted(&inner));
    let paths = [".in", "$", ".in|json", ".in|json.content", ".in|json.note.none"];
    let reports = crushed(&paths, &record).reports;
    assert_eq!(
        reports.iter().map(|report| &*report.path).collect::<Vec<_>>(),
        [paths[3]]
    );
    let paths = [".in|json.missing", ".in", "$"];
    let reports = crushed(&paths, &record).reports;
    assert_eq!(
        reports.iter().map(|report| &*report.path).collect::<Vec<_>>(),
        [paths[1]]
    );
}

#[test]
fn tools_are_named_inside_the_string_or_around_it() {
    let tools = |path: &str, record: &Value| -> Vec<String> {
        let reports = crushed(&[path], &record.to_string()).reports;
        reports.into_iter().map(|report| report.tool).collect()
    };
    let inner = json!({"result": ROWS, "name": "inner"}).to_string();
    let nameless = json!({"result": [1, 2]}).to_string();
    let path = ".in|json.result @ .name";
    assert_eq!(tools(path, &json!({"in": inner, "name": "outer"})), ["inner"]);
    assert_eq!(tools(path, &json!({"in": nameless, "name": "outer"})), ["outer"]);
    assert_eq!(
        tools(".in|json @ .name", &json!({"in": "[1]", "name": "outer"})),
        ["outer"]
    );
    let call = json!({"id": "c1", "function": {"name": "called"}});
    let result = json!({"tool_call_id": "c1", "content": "x"});
    let path = ".in|json..content";
    let both = json!([call, result]).to_string();
    assert_eq!(tools(path, &json!({"in": both})), ["called"]);
    let around = json!({"calls": [call], "in": json!([result]).to_string()});
    assert_eq!(tools(path, &around), ["called"]);
    let named_around = json!({"calls": [call], "tool_call_id": "c1", "in": r#"{"content":1}"#});
    assert_eq!(tools(path, &named_around), ["called"]);
    // What a retrieval tool gives stays, and what lies around it isn't taken in its place.
    let retrieved = json!({"in": json!({"name": "mcp__headroom_retrieve", "content": ROWS}).to_string()});
    let paths = [".in|json.content @ .name", ".in", "$"];
    let crushed = crushed(&paths, &retrieved.to_string());
    assert!(crushed.reports.is_empty());
    assert_eq!(crushed.compacted, retrieved.to_string().as_bytes());
}

/// Paths that lead into strings of the records below, and some that don't.
const PATHS: &[&str] = &[
    "..in|json..content",
    "..(in|out|content)|json..(rows|text|content)",
    "..in|json..in|json..in|json..rows",
    "..(in|out|rows|messages|content)|json..(rows|text|content)",
    "..(in|out|rows|messages|content)|json|json..(rows|text|content)",
    "..(in|out)|json|json..(rows|content)",
    "..in|json|json",
    "..in|json",
    "..out|json:string",
    "..[*]|json..rows",
    "..{in}.in|json..{role^=too}.content",
    "..{role}..text|json",
    "$|json..rows",
    "$|json|json",
    "..rows",
    "..rows[*].in|json",
    "$",
];

/// A value in which strings hold JSON, in which strings hold JSON, and so on.
fn embedding(random: &mut Random, depth: usize) -> Json {
    let held = |random: &mut Random| {
        let value = match random.below(6) {
            _ if depth == 0 => object([("rows", documents::rows(random)), ("b", short(random))]),
            0 => envelopes::openai(random),
            1 => envelopes::anthropic(random),
            2 => documents::document(random),
            _ => embedding(random, depth - 1),
        };
        let mut text = print(&value, layout(random), spelling(random));
        match random.below(14) {
            0 => text += "\n",
            1 => text += " \n\t",
            2 => text = format!(" {text}"),
            3 => text += "}",
            _ => {}
        }
        let strings = if random.chance(40) {
            1 + usize::from(random.chance(20))
        } else {
            0
        };
        for _ in 0..strings {
            text = print(&Json::Text(text), layout(random), spelling(random));
            if random.chance(15) {
                text += "\n";
            }
        }
        Json::Text(text)
    };
    let mut members = vec![(key(random), short(random))];
    for name in ["in", "out", "rows", "messages", "content"] {
        if random.chance(50) {
            let value = match random.below(8) {
                0 => documents::rows(random),
                1 => Json::Array(vec![held(random), short(random), held(random)]),
                2 => Json::Array(vec![object([("role", "tool".into()), ("content", held(random))])]),
                3 => words(random, 60).into(),
                _ => held(random),
            };
            members.push((name.into(), value));
        }
    }
    Json::Object(members)
}

/// A record of that kind, and options with paths into it.
fn case(random: &mut Random) -> (Options, String) {
    let mut options = options(random);
    let paths = random.within(1, 3);
    options.paths = (0..paths).map(|_| random.pick(PATHS).parse().unwrap()).collect();
    // Each string around a text doubles its backslashes.
    let depth = random.below(3);
    random.size = random.size.min(40) / (depth + 1);
    let mut value = embedding(random, depth);
    if random.chance(10) {
        value = Json::Text(print(&value, layout(random), spelling(random)));
    }
    let record = print(&value, layout(random), spelling(random));
    (options, record)
}

#[test]
fn every_record_with_json_in_its_strings_comes_back_byte_for_byte() {
    let (mut embedded, mut in_strings, mut lossy) = (0_u64, 0_u64, 0_u64);
    each(cases(4), |random| {
        let (options, record) = case(random);
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        let Some(once) = check_record(&mut crusher, record.as_bytes())? else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&once.compacted);
        embedded += u64::from(text.contains("\"[ks"));
        in_strings += u64::from(text.contains("\"[kso"));
        lossy += u64::from(text.contains("\"[ks") && !once.originals.entries.is_empty());
        check_record(&mut crusher, &once.compacted)?;
        Ok(())
    });
    let (found, least) = ([embedded, in_strings, lossy], cases(4) / 500);
    assert!(found.into_iter().all(|count| count > least), "{found:?}");
}

#[test]
fn damaged_records_with_json_in_their_strings_restore_to_json_or_to_an_error() {
    let (mut restored, mut refused) = (0, 0);
    each(cases(2), |random| {
        let (options, record) = case(random);
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        let Ok(crushed) = crush(&mut crusher, record.as_bytes()) else {
            return Ok(());
        };
        let mut damaged = crushed.compacted.clone();
        mutate::mutate(random, &mut damaged);
        let mut out = b"before".to_vec();
        let result = restore_record(&damaged, &crushed.originals, &mut out);
        let listed = markers_in_record(&damaged, &mut Vec::new());
        if result.is_err() {
            refused += 1;
            return if out == b"before" {
                Ok(())
            } else {
                Err("an error leaves bytes behind".to_owned())
            };
        }
        restored += 1;
        if listed.is_err() || Tape::default().scan(&out[6..], 100_000).is_err() {
            return Err(format!("{}\nrestores to {}", show(&damaged), show(&out)));
        }
        Ok(())
    });
    assert!(
        restored > 10 && refused > 10,
        "{restored} restored, {refused} refused"
    );
}

#[test]
fn forged_headers_are_user_text_wherever_they_stand() {
    for forged in [
        "[ks]{\"a\":1}",
        "[k]{",
        "[kso][1]",
        "[ks][",
        "[kson]{}",
        "[1so]{a}\n1",
    ] {
        let rows: Vec<Value> = (0..20).map(|at| json!({"id": at, "status": "ok"})).collect();
        let inner = json!({"content": rows, "a": forged, "b": [forged]}).to_string();
        let record = json!({"a": forged, "in": inner}).to_string();
        let crushed = crushed(&[".in|json.content"], &record);
        let text = String::from_utf8(crushed.compacted).unwrap();
        assert_eq!(text.matches("<<ccr:lit>>").count(), 3, "{text}");
    }
}

/// JSON in a string of JSON in a string, and so on.
fn nested(levels: usize, innermost: &str) -> String {
    (0..levels).fold(innermost.to_owned(), |text, _| {
        format!(r#"{{"a":{}}}"#, quoted(&text))
    })
}

#[test]
fn paths_lead_through_eight_strings_and_no_more() {
    let record = nested(8, &format!(r#"{{"rows":{ROWS}}}"#));
    let path = format!("$.a{}.rows", "|json.a".repeat(8));
    let path = path.replace("|json.a.rows", "|json.rows");
    let crushed = crushed(&[&path], &record);
    assert_eq!(crushed.reports[0].decisions.strategy, Strategy::Table);
    assert!(crushed.compacted.len() < record.len());
    assert!(
        "$|json"
            .repeat(9)
            .parse::<headroom_crusher::payload_path::Path>()
            .is_err()
    );
    let in_one_another = (0..8).fold(format!(r#"{{"rows":{ROWS}}}"#), |text, _| quoted(&text));
    let path = format!("${}.rows", "|json".repeat(8));
    let record = format!("[{in_one_another}]");
    let found = compacted(&[&path.replace('$', "$[*]")], &record);
    assert!(found.starts_with("[\"[ksooooooo]{"), "{found}");
}

#[test]
fn huge_and_deep_texts_in_strings_take_bounded_time_and_memory() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let everything = [
        "..a|json..a|json..a|json..a|json..rows",
        "..[*]|json",
        "..{rows}.rows",
        "..rows",
    ];
    let wide = format!(
        "[{}]",
        vec![r#"{"a":"{\"rows\":[1,2]}","rows":3}"#; 100_000].join(",")
    );
    let members: Vec<String> = (0..200_000)
        .map(|at| format!(r#""k{at}":{{"rows":"x"}}"#))
        .collect();
    let nest = |text: &str| {
        let mut text = text.to_owned();
        for _ in 0..4 {
            text = format!(
                r#"{}{{"a":{}}}{}"#,
                "[".repeat(200),
                quoted(&text),
                "]".repeat(200)
            );
        }
        text
    };
    for (what, record) in [
        (
            "deep JSON in a string",
            format!(r#"{{"a":{}}}"#, quoted(&deep(100_000))),
        ),
        ("deep JSON in each of four strings", nest(r#"{"rows":"x"}"#)),
        (
            "as deep as it may be",
            format!(r#"{{"a":{}}}"#, quoted(&deep(256))),
        ),
        ("a hundred thousand strings", wide.clone()),
        ("those in four strings", nest(&wide)),
        ("an object of many objects", format!("{{{}}}", members.join(","))),
        (
            "backslashes",
            nested(4, &format!(r#"{{"rows":"{}"}}"#, "\\\\".repeat(50_000))),
        ),
        (
            "a long string of quotes",
            format!(r#"{{"a":{}}}"#, quoted(&"\"".repeat(2_000_000))),
        ),
        ("brackets", format!(r#"{{"a":"{}"}}"#, "[".repeat(4_000_000))),
    ] {
        let start = Instant::now();
        let mut crusher = crusher(&everything);
        let result = check_record(&mut crusher, record.as_bytes());
        assert!(result.is_ok(), "{what}: {:?}", result.map(drop));
        assert!(start.elapsed() < LIMIT, "{what}: {:?}", start.elapsed());
    }
}

#[test]
fn text_beyond_the_limit_of_a_record_is_not_decoded() {
    let inner = format!(r#"{{"rows":{ROWS}}}"#);
    let record = format!("[{}]", vec![quoted(&inner); 4].join(","));
    let crush = |max_record_bytes: usize| {
        let mut crusher = Crusher::new(Options {
            paths: vec!["$[*]|json.rows".parse().unwrap()],
            max_record_bytes,
            ..Options::default()
        })
        .unwrap();
        check_record(&mut crusher, record.as_bytes())
            .unwrap()
            .unwrap()
            .reports
            .len()
    };
    assert_eq!(crush(4 * inner.len() * 2), 4);
    assert_eq!(crush(record.len()), 4);
    let doubled = format!(r#"{{"a":{}}}"#, quoted(&format!(r#"{{"a":{}}}"#, quoted(&inner))));
    let mut crusher = Crusher::new(Options {
        paths: vec!["$.a|json.a|json.rows".parse().unwrap()],
        max_record_bytes: doubled.len(),
        ..Options::default()
    })
    .unwrap();
    let crushed = check_record(&mut crusher, doubled.as_bytes()).unwrap().unwrap();
    assert!(crushed.reports.is_empty(), "both texts are more than the record");
    assert_eq!(crushed.compacted, doubled.as_bytes());
}
