//! Texts in which JSON, and what programs print like it, stands between other text.

use super::documents::{api, map, rows};
use super::json::{Json, Layout, layout, print, quote, spelling};
use super::random::Random;
use super::strings::{forged_marker, words};

const BEFORE: &[&str] = &[
    "Exit code: 0\nOutput:\n",
    "<untrusted_context>\nOutput: ",
    "Command: cat x.json\nDirectory: (root)\nOutput: ",
    "2024-05-01 INFO got {\"a\": 1}\n",
    "[1/2] reading [a, b]\n",
    "é <<ccr:lit>>:",
    "[t]{1}\n",
    "[2]{a}\n",
    "{\"cut\": [",
    "[",
    "\n",
    "",
    "",
];

const BEHIND: &[&str] = &[
    "",
    "",
    "\n",
    "\n\n",
    " \r\n",
    "\nError: (none)\nExit Code: 0",
    "\n<shellId: 0 completed with exit code 0>",
    "\n3 rows",
    "</out>",
    "{",
    ", {\"cut\": \"of",
    " x",
];

/// Returns a text with up to three pieces of JSON, or of text like it. Some are cut off.
pub fn mixed(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.within(1, 3) {
        match random.below(12) {
            0 => text.push_str(&forged_marker(random)),
            1 => text.push_str(&(words(random, 8) + ": ")),
            _ => text.push_str(random.pick::<&str>(BEFORE)),
        }
        text.push_str(&printed(random));
        text.push_str(random.pick::<&str>(BEHIND));
    }
    if random.chance(10) {
        let mut end = random.below(text.len() + 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

/// Returns a value as some program prints it.
pub fn printed(random: &mut Random) -> String {
    let value = match random.below(6) {
        0 => api(random),
        1 => map(random),
        _ => rows(random),
    };
    let (layout, spelling) = (layout(random), spelling(random));
    match random.below(10) {
        0 => python(&value, false),
        1 => python(&pairs(random), true),
        2 => print(&value, layout, spelling).replace("null", "NaN"),
        3 => print(&value, layout, spelling).replace('\n', "\r\n"),
        4 => quote(&print(&value, layout, spelling), spelling),
        5 | 6 => {
            let Json::Array(rows) = rows(random) else {
                return String::new();
            };
            let layout = *random.pick(&[Layout::Compact, Layout::Spaced, Layout::Irregular(1)]);
            let rows: Vec<String> = rows.iter().map(|row| print(row, layout, spelling)).collect();
            rows.join(random.pick::<&str>(&["\n", "\n", "\r\n", "\n\n", " ", "", ",", ", ", "\t"]))
        }
        7 => {
            let Json::Array(rows) = rows(random) else {
                return String::new();
            };
            let rows: Vec<String> = rows.iter().map(|row| python(row, false)).collect();
            rows.join("\n")
        }
        _ => print(&value, layout, spelling),
    }
}

/// Returns an array of arrays of a few values.
fn pairs(random: &mut Random) -> Json {
    let count = random.below(random.size + 2);
    let row = |random: &mut Random, row: usize| {
        let count = random.below(4);
        let mut values = vec![Json::Number(row.to_string())];
        values.extend((0..count).map(|_| words(random, 2).into()));
        Json::Array(values)
    };
    Json::Array((0..count).map(|at| row(random, at)).collect())
}

/// Returns a value as Python prints it; with `tuples`, the arrays directly in an array are tuples.
pub fn python(value: &Json, tuples: bool) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Number(text) => text.clone(),
        Json::Text(text) | Json::Spelled(text) => python_string(text),
        Json::Array(values) => {
            let element = |value: &Json| match value {
                Json::Array(values) if tuples => {
                    let values: Vec<String> = values.iter().map(|value| python(value, false)).collect();
                    let comma = if values.len() == 1 { "," } else { "" };
                    format!("({}{comma})", values.join(", "))
                }
                other => python(other, false),
            };
            let values: Vec<String> = values.iter().map(element).collect();
            format!("[{}]", values.join(", "))
        }
        Json::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{}: {}", python(key, false), python(value, false)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn python_string(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            '\0'..' ' | '\u{7f}'..='\u{a0}' => out += ["\\x", &hex(character)].concat().as_str(),
            _ => out.push(character),
        }
    }
    out.push(quote);
    out
}

fn hex(character: char) -> String {
    format!("{:02x}", u32::from(character))
}
