//! Documents in the shapes of real tool results, with the defects of real ones.

use super::envelopes;
use super::json::{Json, layout, object, print, spelling};
use super::random::Random;
use super::strings::{key, long, number, short, word};
use super::texts::mixed as mixed_text;

/// Returns a record: one JSON text of any shape, layout and spelling, sometimes with whitespace around it.
pub fn record(random: &mut Random) -> String {
    let document = document(random);
    let text = print(&document, layout(random), spelling(random));
    match random.below(20) {
        0 => format!(" {text}\t"),
        1 => format!("{text} "),
        _ => text,
    }
}

/// Returns a value of any shape.
pub fn document(random: &mut Random) -> Json {
    match random.below(26) {
        0..8 => rows(random),
        8..10 => map(random),
        10 => mixed(random),
        11 => scalars(random),
        12 => nest(random),
        13 | 14 => api(random),
        15 => {
            let count = random.within(1, 4);
            Json::Array((0..count).map(|_| long(random)).collect())
        }
        16 => long(random),
        17 => envelopes::openai(random),
        18 => envelopes::anthropic(random),
        19 => Json::Text(inner(random)),
        20 => object([("result", inner(random).into()), ("ok", Json::Bool(true))]),
        21 => envelopes::ndjson(random),
        22 => sentinels(random),
        24 => lists(random),
        23 => object([("a", rows(random)), ("b", rows(random)), ("c", short(random))]),
        _ => any(random, 4),
    }
}

/// Returns JSON as text for a string. It may itself hold JSON in strings.
pub fn inner(random: &mut Random) -> String {
    if random.chance(20) {
        return mixed_text(random);
    }
    let value = match random.below(5) {
        0 => api(random),
        1 => map(random),
        2 if random.chance(30) => Json::Text(inner(random)),
        _ => rows(random),
    };
    let text = print(&value, layout(random), spelling(random));
    match random.below(12) {
        0 => text + "\n",
        1 => format!("\n{text}"),
        2 => format!("Found:\n{text}"),
        _ => text,
    }
}

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Column {
    Sequence {
        start: i64,
        step: i64,
    },
    Count,
    Number,
    Bool,
    Word,
    Choice(Vec<Json>),
    Constant(Json),
    Template {
        head: String,
        tail: &'static str,
    },
    Time,
    Hash(usize),
    Short,
    Long,
    Nested(Vec<(Json, Column)>),
    List,
    Rows(Vec<(Json, Column)>),
    Inner,
    Map,
    Any,
    Null,
    /// Values that stay the same for so many rows.
    Runs(Vec<Json>, usize),
    /// The text of the member before this one, inside other text.
    Follows {
        head: String,
        tail: &'static str,
    },
    /// The same text around two texts that change.
    Holes(String),
}

fn column(random: &mut Random, depth: usize) -> Column {
    match random.below(if depth == 0 { 27 } else { 36 }) {
        0 | 1 => Column::Sequence {
            start: random.below(1000) as i64,
            step: *random.pick(&[1, 1, 1, 2, 10, -1, 0]),
        },
        2..4 => Column::Count,
        4 => Column::Number,
        5 => Column::Bool,
        6..9 => Column::Word,
        9..12 => {
            let count = random.within(1, 3);
            Column::Choice((0..count).map(|_| short(random)).collect())
        }
        12..14 => Column::Constant(any(random, 1)),
        14..16 => {
            let head = format!("https://example.com/{}/", word(random));
            Column::Template {
                head,
                tail: ["", "/x", ".json", ","][random.below(4)],
            }
        }
        16 => Column::Time,
        17 => Column::Hash(*random.pick(&[7, 24, 40, 64])),
        18..21 => Column::Short,
        21 if random.chance(20) => Column::Long,
        21 | 22 => Column::List,
        23 => Column::Null,
        24 => Column::Any,
        25 if random.chance(30) => Column::Inner,
        25 | 26 => Column::Word,
        27..30 => Column::Nested(columns(random, depth - 1, 4)),
        30 | 31 => Column::Rows(columns(random, depth - 1, 3)),
        32 => {
            let count = random.within(2, 4);
            let values = (0..count).map(|_| short(random)).collect();
            Column::Runs(values, random.within(3, 9))
        }
        33 => Column::Follows {
            head: (*random.pick(&["", "https://example.com/", "a > b/", "x=", "[", "@"])).to_owned(),
            tail: ["", ".html", "/v1?x={y}", "-<>"][random.below(4)],
        },
        34 => Column::Holes(word(random)),
        _ => Column::Map,
    }
}

pub fn columns(random: &mut Random, depth: usize, most: usize) -> Vec<(Json, Column)> {
    let count = random.within(1, most);
    let plain = random.chance(70);
    (0..count)
        .map(|index| {
            let name = if plain {
                Json::Text(format!("{}{index}", random.pick(&["a", "field_", "x.", ""])))
            } else {
                key(random)
            };
            (name, column(random, depth))
        })
        .collect()
}

fn cell(random: &mut Random, column: &Column, row: usize) -> Json {
    match column {
        Column::Sequence { start, step } => Json::Number((start + step * row as i64).to_string()),
        Column::Count => Json::Number(random.below(100).to_string()),
        Column::Number => number(random),
        Column::Bool => Json::Bool(random.chance(50)),
        Column::Word => word(random).into(),
        Column::Choice(values) => random.pick(values).clone(),
        Column::Constant(value) => value.clone(),
        Column::Template { head, tail } => format!("{head}{row}{tail}").into(),
        Column::Time => format!("2024-05-{:02}T{:02}:00:00Z", row % 28 + 1, random.below(24)).into(),
        Column::Hash(digits) => random.text(b"0123456789abcdef", *digits).into(),
        Column::Short => short(random),
        Column::Long => long(random),
        Column::Nested(columns) => members(random, columns, row, 3),
        Column::List => {
            let count = random.below(4);
            Json::Array((0..count).map(|_| any(random, 1)).collect())
        }
        Column::Rows(columns) => {
            let count = random.below(4);
            Json::Array(
                (0..count)
                    .map(|index| members(random, columns, index, 0))
                    .collect(),
            )
        }
        Column::Inner => {
            let value = object([("k", number(random)), ("v", short(random))]);
            print(&value, layout(random), spelling(random)).into()
        }
        Column::Map => object([("x", number(random)), ("y", short(random))]),
        Column::Any => any(random, 2),
        Column::Null => Json::Null,
        Column::Runs(values, length) => values[row / length % values.len()].clone(),
        Column::Follows { .. } => short(random),
        Column::Holes(text) => {
            let end = if random.chance(90) {
                word(random)
            } else {
                String::new()
            };
            format!("run {row} of {text} by user {end}").into()
        }
    }
}

/// Returns one row. In `defects` of 100 cells it has a defect: a member is missing, null, empty, doubled or
/// of another type, keys have another order, or there is an extra key.
pub fn members(random: &mut Random, columns: &[(Json, Column)], row: usize, defects: usize) -> Json {
    let mut members = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        if random.chance(defects) {
            match random.below(6) {
                0 | 1 => {}
                2 => members.push((name.clone(), Json::Null)),
                3 => members.push((name.clone(), "".into())),
                4 => members.push((name.clone(), any(random, 1))),
                _ => {
                    members.push((name.clone(), cell(random, column, row)));
                    members.push((name.clone(), cell(random, column, row)));
                }
            }
        } else {
            let value = match (column, members.last()) {
                (Column::Follows { head, tail }, Some((_, Json::Text(text)))) => {
                    format!("{head}{text}{tail}").into()
                }
                _ => cell(random, column, row),
            };
            members.push((name.clone(), value));
        }
    }
    if random.chance(defects) {
        let at = random.below(members.len() + 1);
        members.insert(at, (key(random), any(random, 1)));
    }
    if members.len() > 1 && random.chance(defects) {
        let (one, other) = (random.below(members.len()), random.below(members.len()));
        members.swap(one, other);
    }
    Json::Object(members)
}

fn defects(random: &mut Random) -> usize {
    *random.pick(&[0, 0, 0, 2, 8, 30])
}

/// Returns an array of similar objects.
pub fn rows(random: &mut Random) -> Json {
    let columns = columns(random, 2, 7);
    let count = random.below(random.size + 2);
    let defects = defects(random);
    let mut items: Vec<Json> = (0..count)
        .map(|row| members(random, &columns, row, defects))
        .collect();
    if defects > 0 && random.chance(30) && !items.is_empty() {
        let at = random.below(items.len());
        items[at] = any(random, 1);
    }
    if random.chance(10) && items.len() > 2 {
        let copy = items[0].clone();
        items.extend((0..3).map(|_| copy.clone()));
    }
    Json::Array(items)
}

/// Returns an object of similar objects, with their ids as keys.
pub fn map(random: &mut Random) -> Json {
    let columns = columns(random, 1, 5);
    let count = random.below(random.size + 2);
    let defects = defects(random);
    let style = random.below(5);
    let repeats = random.chance(10);
    let repeats_keys = random.chance(30);
    let head = *random.pick(&["", "", "/maps/"]);
    let mut items = Vec::with_capacity(count);
    for row in 0..count {
        let name: Json = match style {
            0 => row.to_string().into(),
            1 => random.text(b"0123456789abcdef", 12).into(),
            2 => format!("item-{row}").into(),
            3 => key(random),
            _ => random.below(9_999_999).to_string().into(),
        };
        let mut item = members(random, &columns, row, defects);
        if let (true, Json::Object(members), Json::Text(text)) = (repeats_keys, &mut item, &name) {
            members.push(("key".into(), format!("{head}{text}").into()));
        }
        items.push((name, item));
        if repeats && random.chance(20) {
            let copy = random.pick(&items).clone();
            items.push(copy);
        }
    }
    Json::Object(items)
}

/// Returns an array whose items have several shapes.
fn mixed(random: &mut Random) -> Json {
    let shapes: Vec<Vec<(Json, Column)>> = (0..3).map(|_| columns(random, 1, 4)).collect();
    let count = random.below(random.size + 2);
    let item = |random: &mut Random, row| {
        if random.chance(70) {
            let columns = random.pick(&shapes).clone();
            members(random, &columns, row, 2)
        } else {
            any(random, 2)
        }
    };
    Json::Array((0..count).map(|row| item(random, row)).collect())
}

/// Returns an array of arrays of similar objects.
fn lists(random: &mut Random) -> Json {
    let columns = columns(random, 1, 4);
    let count = random.below(random.size + 2);
    let defects = defects(random);
    let list = |random: &mut Random| {
        let count = random.below(5);
        Json::Array(
            (0..count)
                .map(|row| members(random, &columns, row, defects))
                .collect(),
        )
    };
    let mut items: Vec<Json> = (0..count).map(|_| list(random)).collect();
    if defects > 0 && random.chance(30) && !items.is_empty() {
        let at = random.below(items.len());
        items[at] = any(random, 1);
    }
    Json::Array(items)
}

fn scalars(random: &mut Random) -> Json {
    let column = match random.below(8) {
        0 => Column::Sequence { start: 0, step: 1 },
        1 => Column::Number,
        2 => Column::Word,
        3 => Column::Short,
        4 => Column::Choice(vec![short(random), short(random)]),
        5 => Column::Template {
            head: "src/".to_owned(),
            tail: ".rs",
        },
        6 => Column::List,
        _ => Column::Any,
    };
    let count = random.below(random.size * 4 + 2);
    Json::Array((0..count).map(|row| cell(random, &column, row)).collect())
}

/// Returns users' objects that look like sentinels, with values that crushing changes.
fn sentinels(random: &mut Random) -> Json {
    let mut value = match random.below(5) {
        0 => long(random),
        1 => rows(random),
        2 => Json::Text(inner(random)),
        3 => map(random),
        _ => short(random),
    };
    for _ in 0..random.within(1, 3) {
        let mut items = vec![object([("_ccr_dropped", value)])];
        for _ in 0..random.below(4) {
            items.insert(0, any(random, 1));
        }
        value = Json::Array(items);
    }
    value
}

fn nest(random: &mut Random) -> Json {
    let mut value = any(random, 2);
    for _ in 0..random.within(1, 10 + random.size * 2) {
        value = match random.below(4) {
            0 | 1 => Json::Array(vec![value]),
            2 => object([("a", value)]),
            _ => Json::Array(vec![number(random), value, short(random)]),
        };
    }
    value
}

pub fn api(random: &mut Random) -> Json {
    let mut members = vec![("total".into(), number(random)), ("items".into(), rows(random))];
    for _ in 0..random.below(6) {
        let value = match random.below(6) {
            0 => map(random),
            1 => rows(random),
            2 => long(random),
            3 => scalars(random),
            4 => Json::Text(inner(random)),
            _ => any(random, 3),
        };
        let at = random.below(members.len() + 1);
        members.insert(at, (key(random), value));
    }
    Json::Object(members)
}

/// Returns any value of at most `depth` levels.
pub fn any(random: &mut Random, depth: usize) -> Json {
    match random.below(if depth == 0 { 8 } else { 11 }) {
        0 => Json::Null,
        1 => Json::Bool(random.chance(50)),
        2 | 3 => number(random),
        4..8 => short(random),
        8 | 9 => {
            let count = random.below(5);
            Json::Object(
                (0..count)
                    .map(|_| (key(random), any(random, depth - 1)))
                    .collect(),
            )
        }
        _ => {
            let count = random.below(5);
            Json::Array((0..count).map(|_| any(random, depth - 1)).collect())
        }
    }
}
