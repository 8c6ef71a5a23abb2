//! Finding tools' results by their shape: what is found, what never is, and that paths select what was found.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with other tests")]
#[path = "common/random.rs"]
mod random;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

use headroom_crusher::json::scan::Tape;
use headroom_crusher::payload_path::Path;
use headroom_crusher::recognise::{Found, Reason, Recognised, Recogniser};
use headroom_crusher::{Crusher, Options, Originals, Output};
use random::Random;

fn recognised(records: &[&str]) -> Recognised {
    let (mut tape, mut recogniser) = (Tape::default(), Recogniser::default());
    let mut last = Recognised::default();
    for record in records {
        last = recogniser.recognise(&tape.scan(record.as_bytes(), 256).unwrap());
    }
    last
}

fn found(record: &str) -> Vec<Found> {
    recognised(&[record]).found
}

/// Asserts the paths found in a record, those that only look like results behind a question mark.
#[track_caller]
fn finds(record: &str, expected: &[&str]) {
    let paths: Vec<String> = found(record)
        .iter()
        .map(|found| format!("{}{}", if found.sure { "" } else { "?" }, found.full_path()))
        .collect();
    assert_eq!(paths, expected, "{record}");
}

#[test]
fn a_message_whose_role_is_a_tools_is_a_result() {
    finds(
        r#"{"role":"tool","content":"r"}"#,
        &["{role=tool}.content:string"],
    );
    finds(
        r#"[{"role":"function","name":"f","content":"r"}]"#,
        &["[*]{role=function}.content:string @ .name"],
    );
    finds(r#"{"from":"tool","value":"r"}"#, &["{from=tool}.value:string"]);
    finds(
        r#"{"role":"tool-response","content":"r"}"#,
        &["?{role=tool-response}.content:string"],
    );
    finds(
        r#"{"role":"tool","content":[{"type":"text","text":"r"},{"type":"image","data":"x"}]}"#,
        &["{role=tool}.content[*]{type=text}.text:string"],
    );
}

#[test]
fn a_type_that_says_result_is_one_in_every_spelling() {
    for (kind, key) in [
        ("tool_result", "content"),
        ("tool-return", "content"),
        ("ToolCallResult", "result"),
        ("function_call_output", "output"),
        ("tool_usage_finished", "output"),
        ("tool.end", "result"),
    ] {
        for name in ["type", "kind", "part_kind", "_type", "@type", "event"] {
            let record = format!(r#"{{"{name}":"{kind}","{key}":"r"}}"#);
            let found = found(&record);
            assert_eq!(found.len(), 1, "{record}");
            assert!(found[0].sure);
        }
    }
}

#[test]
fn a_call_id_or_a_tools_name_beside_an_output_makes_it_a_result() {
    finds(r#"{"call_id":"c","output":"r"}"#, &["{call_id}.output:string"]);
    finds(
        r#"{"toolCallId":"c","toolName":"t","args":{"a":1},"result":{"rows":[1]}}"#,
        &["{toolCallId}.result @ .toolName"],
    );
    finds(
        r#"{"tool":"t","args":{},"result":"r"}"#,
        &["{tool}{args}.result:string @ .tool"],
    );
    finds(r#"{"tool":"t","result":"r"}"#, &["?{tool}.result:string @ .tool"]);
    finds(r#"{"name":"t","output":"r"}"#, &[]);
}

#[test]
fn spans_of_tools_hand_down_what_they_are() {
    finds(
        r#"{"run_type":"tool","name":"t","inputs":{"output":"i"},"outputs":{"output":"r"}}"#,
        &["{run_type=tool}.outputs.output:string"],
    );
    finds(
        r#"{"type":"tool","callID":"c","state":{"input":{"text":"i"},"output":"r"}}"#,
        &["{type=tool}{callID}.state.output:string"],
    );
    finds(
        r#"{"attributes":{"span.kind":"TOOL","tool.name":"t","input.value":"i","output.value":"r"}}"#,
        &[r#".attributes{"span.kind"=TOOL}."output.value":string @ ."tool.name""#],
    );
    finds(
        r#"{"run_type":"llm","name":"m","outputs":{"output":"said"}}"#,
        &[],
    );
    finds(
        r#"{"type":"tool-weather","toolCallId":"c","input":{"x":1},"output":[{"t":1}]}"#,
        &["{type^=tool-}.output"],
    );
}

#[test]
fn a_key_may_say_that_its_value_is_a_result() {
    finds(
        r#"{"parts":[{"functionResponse":{"name":"f","response":{"output":"r"}}}]}"#,
        &[".parts[*].functionResponse{!type}.response.output:string"],
    );
    finds(r#"{"tool_output":"r"}"#, &[".tool_output:string"]);
    finds(
        r#"{"attributes":[{"key":"gen.tool.call.result","value":{"stringValue":"r"}}]}"#,
        &[".attributes[*]{key=gen.tool.call.result}.value.stringValue:string"],
    );
    finds(
        r#"{"thought":"t","action":"a","observation":"r"}"#,
        &["{thought}.observation:string @ .action"],
    );
    finds(r#"{"observation":"r"}"#, &["?.observation:string"]);
}

#[test]
fn content_beside_its_outcome_and_the_output_of_commands_are_results() {
    finds(
        r#"{"id":1,"result":{"content":[{"type":"text","text":"r"}],"isError":false}}"#,
        &[".result{isError}.content[*]{type=text}.text:string"],
    );
    finds(
        r#"{"command":"ls","stdout":"r","exit_code":0}"#,
        &["{command}{exit_code}.stdout:string"],
    );
}

#[test]
fn json_in_strings_is_looked_into_three_times() {
    let inner =
        r#"{"messages":[{"role":"user","content":"u"},{"role":"tool","content":"rrrrrrrrrrrrrrrrrrrr"}]}"#;
    let mut record = inner.to_owned();
    let mut path = ".messages[*]{role=tool}.content:string".to_owned();
    for level in 1..=4 {
        record = format!(r#"{{"body":{}}}"#, serde_json::to_string(&record).unwrap());
        path = format!(".body|json{path}");
        if level < 4 {
            finds(&record, &[&path]);
        } else {
            finds(&record, &[]);
        }
    }
}

#[test]
fn a_result_that_is_json_text_is_taken_whole_unless_a_message_is_in_it() {
    let rows = r#"[{"id":"1","text":"one","role":"admin"},{"id":"2","text":"two","role":"guest"}]"#;
    let string = |text: &str| serde_json::to_string(text).unwrap();
    finds(
        &format!(r#"{{"role":"tool","content":{}}}"#, string(rows)),
        &["{role=tool}.content:string"],
    );
    let message =
        r#"{"type":"tool_result","tool_use_id":"c","content":"the result, long enough to be looked for"}"#;
    finds(
        &format!(r#"{{"role":"tool","content":{}}}"#, string(message)),
        &["{role=tool}.content|json{type=tool_result}.content:string"],
    );
    finds(
        &format!(r#"{{"role":"tool","content":{}}}"#, string(&string(rows))),
        &["{role=tool}.content|json:string"],
    );
}

#[test]
fn what_must_stay_is_never_found() {
    for record in [
        r#"{"role":"system","content":"s"}"#,
        r#"{"role":"user","content":[{"type":"text","text":"u"}]}"#,
        r#"{"role":"ai","content":"a","tool_calls":[{"id":"c","function":{"name":"f","arguments":""}}]}"#,
        r#"{"type":"tool_use","id":"c","name":"t","input":{"content":"file","output":"x","result":"y"}}"#,
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{\"output\":1}"}"#,
        r#"{"type":"thinking","thinking":"t","signature":"s"}"#,
        r#"{"type":"reasoning","encrypted_content":"e","summary":[{"type":"text","text":"t"}]}"#,
        r#"{"tools":[{"name":"t","description":"d","schema":{"result":"s"},"response":{"output":"o"}}]}"#,
        r#"{"model_output":"a","final_output":"b","expected_output":"c","llm_response":"d"}"#,
        r#"{"name":"llm","input":"i","output":"o"}"#,
        r#"{"hash":"h","message":{"content":[{"type":"tool_result","tool_use_id":"c","content":"r"}]}}"#,
        r#"{"toolResult":{"type":"create","path":"p","content":"what the agent wrote"}}"#,
        r#"{"toolResult":{"path":"p","oldString":"a","newString":"what the agent wrote"}}"#,
        r#"{"content":"a","result":"b","output":"c"}"#,
        "\"tool result\"",
        "17",
        "[]",
    ] {
        finds(record, &[]);
    }
}

#[test]
fn results_of_retrieval_tools_are_left_out_wherever_their_name_stands() {
    let name = "mcp__h__headroom_retrieve";
    for records in [
        vec![format!(r#"{{"role":"tool","name":"{name}","content":"r"}}"#)],
        vec![format!(
            r#"[{{"tool_calls":[{{"id":"c","function":{{"name":"{name}","arguments":""}}}}]}},
                {{"role":"tool","tool_call_id":"c","content":"r"}}]"#
        )],
        vec![
            format!(r#"{{"content":[{{"type":"tool_use","id":"c","name":"{name}","input":{{}}}}]}}"#),
            r#"{"content":[{"type":"tool_result","tool_use_id":"c","content":"r"}]}"#.to_owned(),
        ],
        vec![format!(
            r#"{{"tool_result":{{"result":"r","origin":{{"tool_name":"{name}","arguments":{{}}}}}}}}"#
        )],
        vec![
            format!(
                r#"{{"jsonrpc":"2.0","id":7,"method":"call","params":{{"name":"{name}","arguments":{{}}}}}}"#
            ),
            r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"r"}],"isError":false}}"#
                .to_owned(),
        ],
        vec![format!(
            r#"{{"type":"tool-{name}","toolCallId":"c","output":"r"}}"#
        )],
    ] {
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        assert_eq!(recognised(&records).found, [], "{records:?}");
    }
}

#[test]
fn tools_are_named_from_the_call_with_the_same_id_in_another_record() {
    let call = r#"{"tool_calls":[{"id":"c","type":"function","function":{"name":"grep","arguments":""}}]}"#;
    let last = recognised(&[call, r#"{"role":"tool","tool_call_id":"c","content":"r"}"#]);
    assert_eq!(last.found[0].tool, "grep");
}

#[test]
fn a_message_that_is_spread_over_members_is_found_by_its_role() {
    let record = r#"{"llm.in.3.message.role":"tool","llm.in.3.message.content":"r",
        "llm.in.4.message.role":"user",        "llm.in.4.message.content":"u"}"#;
    finds(
        record,
        &[r#"{"llm.in.3.message.role"=tool}."llm.in.3.message.content":string"#],
    );
}

#[test]
fn a_key_that_is_an_id_leads_nowhere() {
    let record = r#"{"chats":{"0f8c6e2a-77de-4b1c":{"role":"tool","content":"r"}}}"#;
    let last = recognised(&[record]);
    assert_eq!((last.found.len(), last.unreachable), (0, 1));
}

#[test]
fn a_path_that_would_select_what_must_stay_is_named() {
    let last = recognised(&[r#"{"toolResult":{"path":"p","oldString":"a","newString":"b"}}"#]);
    assert_eq!(last.against, [".toolResult"]);
}

#[test]
fn a_binary_part_and_an_agents_answer_only_look_like_results() {
    let data = "iVBORw0K".repeat(40);
    let record = format!(
        r#"{{"role":"tool","content":[{{"type":"image","source":{{"data":"{data}","media":"png"}}}}]}}"#
    );
    finds(
        &record,
        &["?{role=tool}.content[*]{type=image}.source.data:string"],
    );
    assert_eq!(found(&record)[0].reason, Reason::Binary);
    let answer = found(r#"{"role":"tool","name":"final_answer","content":"a"}"#);
    assert_eq!((answer[0].sure, answer[0].reason), (false, Reason::Answer));
}

// -------------------------------------------------------------------------------------- properties

const KEYS: [&str; 44] = [
    "role",
    "type",
    "kind",
    "content",
    "text",
    "output",
    "result",
    "response",
    "tool_call_id",
    "call_id",
    "id",
    "name",
    "tool_name",
    "tool",
    "args",
    "input",
    "arguments",
    "observation",
    "action",
    "data",
    "value",
    "messages",
    "tool_result",
    "functionResponse",
    "attributes",
    "error",
    "status",
    "message",
    "isError",
    "structuredContent",
    "parts",
    "kwargs",
    "hash",
    "signature",
    "key",
    "body",
    "state",
    "payload",
    "stdout",
    "command",
    "exit_code",
    "description",
    "parameters",
    "m.0.message.role",
];
const TAGS: [&str; 20] = [
    "tool",
    "user",
    "assistant",
    "system",
    "function",
    "tool_result",
    "tool_use",
    "text",
    "image",
    "TOOL",
    "llm",
    "thinking",
    "tool-weather",
    "function_call_output",
    "constructor",
    "create",
    "reasoning",
    "ToolMessage",
    "tool-call",
    "json",
];

/// A random record of words that say something, with strings of different lengths.
fn record(random: &mut Random, depth: usize, next: &mut usize, out: &mut String) {
    let kind = if depth == 0 { 0 } else { random.below(8) };
    match kind {
        0..=1 => {
            *next += 1;
            let letters = "x".repeat(*next);
            let _ = write!(out, "\"{letters}\"");
        }
        2..=3 => {
            out.push('[');
            for at in 0..random.within(1, 3) {
                if at > 0 {
                    out.push(',');
                }
                record(random, depth - 1, next, out);
            }
            out.push(']');
        }
        4 if depth > 1 => {
            let mut inner = String::new();
            record(random, depth - 1, next, &mut inner);
            out.push_str(&serde_json::to_string(&inner).unwrap());
        }
        _ => {
            out.push('{');
            let mut seen = BTreeSet::new();
            for at in 0..random.within(1, 4) {
                let key = random.pick(&KEYS);
                if !seen.insert(key) {
                    continue;
                }
                if at > 0 {
                    out.push(',');
                }
                let _ = write!(out, "\"{key}\":");
                if matches!(*key, "role" | "type" | "kind" | "m.0.message.role") && random.chance(90) {
                    let _ = write!(out, "\"{}\"", random.pick(&TAGS));
                } else {
                    record(random, depth - 1, next, out);
                }
            }
            out.push('}');
        }
    }
}

fn cases() -> usize {
    let asked = std::env::var("HEADROOM_PROPERTY_CASES").ok();
    asked
        .and_then(|cases| cases.parse::<usize>().ok())
        .map_or(20_000, |cases| cases / 100)
}

#[test]
fn paths_of_random_records_select_what_was_found() {
    let (mut with_results, mut inexact) = (0, 0);
    for seed in 0..cases() {
        let mut text = String::new();
        record(&mut Random::new(seed as u64, 0), 4, &mut 0, &mut text);
        let recognised = recognised(&[&text]);
        let doubtful = |found: &&Found| !found.sure || recognised.against.contains(&found.path);
        let unsure: BTreeSet<&str> = recognised
            .found
            .iter()
            .filter(doubtful)
            .map(|found| found.path.as_str())
            .collect();
        let sure: Vec<&Found> = recognised
            .found
            .iter()
            .filter(|found| !unsure.contains(found.path.as_str()))
            .collect();
        let paths: Vec<Path> = sure
            .iter()
            .map(|found| found.full_path().parse().unwrap())
            .collect();
        if paths.is_empty() {
            continue;
        }
        with_results += 1;
        let options = Options {
            paths,
            lossless_only: true,
            ..Options::default()
        };
        let mut reports = Vec::new();
        Crusher::new(options)
            .unwrap()
            .crush_record(
                text.as_bytes(),
                &mut Output {
                    compacted: &mut Vec::new(),
                    originals: &mut Originals::default(),
                    payloads: &mut reports,
                    tool_of: &mut |_| 0,
                },
            )
            .unwrap();
        let mut expected: Vec<u64> = sure
            .iter()
            .filter(|found| !found.path.contains("|json"))
            .map(|found| found.length as u64)
            .collect();
        let mut selected: Vec<u64> = reports
            .iter()
            .filter(|report| !report.path.contains("|json"))
            .map(|report| report.bytes_before)
            .collect();
        expected.sort_unstable();
        selected.sort_unstable();
        for length in &expected {
            assert!(selected.contains(length), "{seed}: {text}\n{sure:#?}");
        }
        inexact += usize::from(selected != expected);
    }
    // What a rule excludes beside what it asks for is more than a path can say. Records are rarely such
    // soups.
    assert!(inexact * 500 <= with_results, "{inexact} of {with_results}");
    assert!(with_results > cases() / 20, "{with_results}");
}

// ---------------------------------------------------------------------------------------- hostile input

#[test]
fn hostile_records_are_walked_in_bounded_time() {
    let deep =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let many = |member: &dyn Fn(usize) -> String, count: usize| {
        let members: Vec<String> = (0..count).map(member).collect();
        format!("{{{}}}", members.join(","))
    };
    let list = |element: &str, count: usize| format!("[{}]", vec![element; count].join(","));
    let records = [
        deep(r#"{"tool_result":"#, "}", 250),
        deep(r#"{"tool_result":[{"role":"user","content":"#, "}]}", 80),
        deep(r#"{"role":"tool","content":["#, "]}", 120),
        many(
            &|at| format!(r#""m.{at}.message.role":"tool","m.{at}.message.content":"r""#),
            50_000,
        ),
        many(
            &|at| format!(r#""observation_{at}":"r","tool_name_{at}":"t""#),
            50_000,
        ),
        many(
            &|at| format!(r#""k{at}":{{"role":"tool","content":"r"}}"#),
            50_000,
        ),
        list(r#"{"id":"c","function":{"name":"f"},"arguments":1}"#, 50_000),
        list(
            r#"{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"r"}]}"#,
            50_000,
        ),
        format!(r#"{{"tool_result":{}}}"#, list(r#"{"a":{"b":[1]}}"#, 100_000)),
        list(r#"{"key":"type","value":{"stringValue":"tool"}}"#, 50_000),
        list(
            &serde_json::to_string(&list(r#"{"role":"tool","content":"r"}"#, 20)).unwrap(),
            5_000,
        ),
        format!("[{}]", vec![r#""\\\"{\\\"tool\\\":1}""#; 50_000].join(",")),
        format!(
            r#"{{"role":"tool","content":"{}"}}"#,
            r"\\\".repeat(300_000).replace("\\\\\\", r"\\")
        ),
        r#"{"role":"\ud800","type":"\udc00tool","content":"\ud800","tool_call_id":"\ud800"}"#.to_owned(),
        r#"{"\ud800":{"role":"tool","content":"r"},"tool_result":"{\"tool\":\"\\ud800\",\"a\":[]}  "}"#
            .to_owned(),
    ];
    for record in records {
        let (mut tape, mut recogniser) = (Tape::default(), Recogniser::default());
        let doc = tape.scan(record.as_bytes(), 1000).unwrap();
        let started = Instant::now();
        let walked = recogniser.recognise(&doc);
        let seconds = started.elapsed().as_secs_f64();
        let head: String = record.chars().take(60).collect();
        assert!(seconds < 10.0, "{seconds} s for {} bytes: {head}", record.len());
        for found in walked.found.iter().take(1000) {
            found.full_path().parse::<Path>().unwrap();
        }
    }
}

#[test]
fn time_grows_with_the_record() {
    let shape = |count: usize| {
        let result =
            r#"{"role":"tool","content":"{\"rows\":[1,2,3],\"tool\":\"x\",\"text\":\"yyyyyyyyyy\"}"}"#;
        format!("[{}]", vec![result; count].join(","))
    };
    let time = |count: usize| {
        let text = shape(count);
        let mut tape = Tape::default();
        let doc = tape.scan(text.as_bytes(), 64).unwrap();
        (0..3)
            .map(|_| {
                let started = Instant::now();
                assert_eq!(Recogniser::default().recognise(&doc).found.len(), count);
                started.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min)
    };
    let (small, large) = (time(4_000), time(64_000));
    assert!(large < small * 16.0 * 6.0, "{small} s, {large} s");
}
