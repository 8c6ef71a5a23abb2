//! Records with tool results, as agents log them: messages, content blocks, lines of JSON in a string.

use super::documents::{columns, inner, members};
use super::json::{Json, Layout, Spelling, object, print};
use super::random::Random;
use super::strings::{long, short, words};

/// Objects as text, one a line, in a string.
pub fn ndjson(random: &mut Random) -> Json {
    let columns = columns(random, 1, 5);
    let count = random.within(1, random.size + 1);
    let layout = if random.chance(80) {
        Layout::Compact
    } else {
        Layout::Spaced
    };
    let mut text = String::new();
    for row in 0..count {
        text += &print(&members(random, &columns, row, 2), layout, Spelling::Minimal);
        text += if random.chance(97) { "\n" } else { "\n\n" };
    }
    if random.chance(40) {
        text.pop();
    }
    if random.chance(10) {
        // The last line has another layout.
        text += &print(
            &members(random, &columns, count, 0),
            Layout::Indented(2),
            Spelling::Minimal,
        );
    }
    object([("type", "tool".into()), ("content", text.into())])
}

fn result(random: &mut Random) -> Json {
    match random.below(6) {
        0 => long(random),
        1 => short(random),
        2 => words(random, 60).into(),
        _ => inner(random).into(),
    }
}

/// A conversation in `OpenAI` message form.
pub fn openai(random: &mut Random) -> Json {
    let mut messages = vec![object([
        ("role", "user".into()),
        ("content", words(random, 20).into()),
    ])];
    for call in 0..random.within(1, 3) {
        let content = if random.chance(80) {
            result(random)
        } else {
            Json::Array(vec![object([("type", "text".into()), ("text", result(random))])])
        };
        messages.push(object([
            ("role", "tool".into()),
            ("tool_call_id", format!("call_{call}").into()),
            ("content", content),
        ]));
        messages.push(object([("role", "assistant".into()), ("content", short(random))]));
    }
    object([("model", "m".into()), ("messages", Json::Array(messages))])
}

/// A conversation in Anthropic message form.
pub fn anthropic(random: &mut Random) -> Json {
    let block = object([
        ("type", "tool_result".into()),
        ("tool_use_id", "toolu_1".into()),
        (
            "content",
            Json::Array(vec![object([("type", "text".into()), ("text", result(random))])]),
        ),
    ]);
    let other = object([
        ("type", "tool_result".into()),
        ("content", result(random)),
        ("is_error", Json::Bool(false)),
    ]);
    let user = object([
        ("role", "user".into()),
        ("content", Json::Array(vec![block, other])),
    ]);
    object([
        ("messages", Json::Array(vec![user])),
        ("system", words(random, 9).into()),
    ])
}
