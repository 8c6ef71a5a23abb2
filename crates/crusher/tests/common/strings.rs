//! Strings: ordinary ones, ones that try to read as the notation, and long ones of every kind.

use super::json::{Json, Layout, Spelling, layout, print};
use super::random::Random;

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "open", "closed", "active", "error", "failed", "ok", "warning", "main", "build", "deploy", "user",
    "admin", "octo", "hub", "name", "login", "Zürich", "日本", "naïve", "emoji 😀", "a b", "b, c", "x=y", "50%",
    "#1", "-", "/usr/bin", "C:\\dir", "it's",
];

/// Strings that a cell, a header, a marker or a sentinel could confuse with the notation.
#[rustfmt::skip]
const TRAPS: &[&str] = &[
    "", " ", " leading", "trailing ", "\t", "\n", "a\nb", "a\r\nb", "a,b", ",", "\"", "\"quoted\"",
    "say \"hi\"", "\\", "\\n", "a\\", "null", "true", "false", "NULL", "None", "nan", "Infinity", "0", "1",
    "-1", "01", "1.0", "1e5", "-0", "+1", ".5", "1.", "1_000", "0x10",
    "12345678901234567890123456789012345678901234567890", "~", "~~", "~1", "=", "==", "=ok", "|", "||", "!",
    "!!", "@", "@0", "#", "##", "$", "%", "^", "^^", "&", "*", "**", "_", "-", "--", "---", "+", "?", "/",
    "//", ":", "::", ";", "<", "<<", "<<<", ">", ">>", "[", "[]", "]", "{", "{}", "}", "(", ")", "'", "''",
    "`", "``", "[0]", "[1]", "[2]{", "[2]{a,b}", "[3]{id,name}\n0,ann\n1,bob\n2,cy", "[3]{id,name}", "[12]",
    "[1,2,3]", "[{\"a\":1},{\"a\":2}]", "{\"a\":1}", "{\"a.b\":1}", "{3}{a}", "{2}", "{json}", "[json]",
    "[s]", "[0]{}", "[1]s{a}\n1", "[2]{a=1}", "[2]{a=1}\n\n", "[9999999999999999999999]{a}", "[2 ]{a}",
    "[2m]{*,a}\nx,1\ny,2", "[*]", "[#]", "[$]", "[~]", "[N]{a}", "[-1]{a}", "[1", "[1]", "[1]{", "[1]{a",
    "[1]{a}", "[1]{a}\n", "[1]{a}\n1", "[1]{a}\n1\n", "[1]{\"a\":1}", "[1] {a}", "<<ccr", "<<ccr:", "<<ccr: ",
    "<<CCR:", "<<ccr:lit>>", "<<ccr:lit>><<ccr:lit>>", "<<ccr:lit>>x",
    "<<ccr:lit>><<ccr:lit>><<ccr:lit>>[1]{a}\n1", "<<ccr:lit", "<<ccr:json>>", "<<ccr:json>>{}",
    "<<ccr:doc>>{}", "<<ccr:table>>", "<<ccr:v1>>", "<<ccr:s>>", "<<ccr:abc>>", "<<ccr:>>",
    "<<ccr:0123456789ab>>", "<<ccr:0123456789abcdef01234567 45_rows_offloaded>>",
    "<<ccr:0123456789abcdef01234567,string,2.0KB>>", "<<ccr:0123456789abcdef01234567,string,2.0KB>> and more",
    "<<ccr:0123456789abcdef01234567,raw,12.3KB>>", "<<ccr:0123456789ABCDEF01234567,raw,12.3KB>>",
    "<<ccr:0123456789abcdef0123456,raw,1.0KB>>",
    "<<ccr:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef,raw,1.0KB>>",
    "<<ccr:0123456789abcdef01234567 1_rows_offloaded>>",
    "<<ccr:0123456789abcdef01234567,text,9.1KB>> first words \u{2026}",
    " <<ccr:0123456789abcdef01234567,raw,1.0KB>>", "text <<ccr:0123456789abcdef01234567,raw,1.0KB>> text",
    "{\"_ccr_dropped\":\"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>\"}",
    "[1,{\"_ccr_dropped\":\"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>\"}]", "\u{feff}", "\u{feff}{}", "\u{0}",
    "\u{1f}", "\u{7f}", "\u{80}", "\u{a0}", "\u{2028}", "\u{2029}", "\u{200b}", "\u{fffd}", "\u{ffff}", "\u{10ffff}",
    "e\u{301}", "\u{202e}abc", "&amp;", "<b>", "</script>", "a.b", "a..b", ".", "..", ".a", "a.", "a.b.c", "a[0]",
    "a/b", "<>", "<*>", "<id>", "x<>y", "a<b>c", "x>y", "=null", "=\"x\"", "~null", "~~x", "|{a:1}", "@a,b", "@x@y", "(a)",
    "(a,b)", "[(a),(b)]", "[(1,2)]", "[d]{a:1}", "[]{a:1}", "[ks]{\"a\":1}", "[k]{", "[kson][1]", "[1so]{a}\n1", "[]{", "[][x", "[d]{a:[1]{x}\n1\n}", "[js][{a:1}]", "[2j]{a}\n1\n2", "[1]{@a,b}\n@x\n1",
    "[2]{a=x<>}\n1\n2", "[1][{a}]\n[(1)]", "[1]{t[{k}]}\n[(1)]", "{a:,b:}", "{a:x}", "1.", "1e", "0x1", "x y", "a}", "a]", "a)",
    "$ref", "_ccr_dropped", "__proto__", "id", "a:int", "a=1", "a?", "a|b", "a,b.c",
];

/// The bytes between the quotes of strings whose spelling is unusual, malformed or misleading.
#[rustfmt::skip]
const SPELLED: &[&str] = &[
    "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\ud83dx", "\\uD83D\\uDE00", "\\ud83d\\uDE00", "\\ude00\\ud83d",
    "\\u0041", "\\u005b1]{a}", "\\u003c\\u003cccr:lit>>", "\\u003c<ccr:", "<\\u003cccr:lit\\u003e\\u003e",
    "\\u003C\\u003Cccr:0123456789abcdef01234567,raw,1.0KB>>", "<<ccr\\u003alit>>",
    "\\u005B2]{a,b}\\n1,2\\n3,4", "[\\u0031]{a}\\n1", "\\/", "a\\/b", "\\u002f", "\\b\\f", "\\u0008",
    "\\u000a", "\\u000A", "\\u0022", "\\u005c", "\\u00e9", "\\u00E9", "\\ud800<<ccr:", "\\u007f", "\\u2028",
    "[{\\\"a\\\":\\u0031}]", "{\\u0022a\\\":1}", "\\t{\\\"a\\\":1}", "[\\ud800]", "[\\\"\\ud800\\\"]",
    "{\\\"a\\\":\\\"\\\\ud800\\\"}", "[\\\"\\\\ud83d\\\\ude00\\\",\\\"\\\\u003c\\\"]", "\\u0000",
    "[1]{\\u0061}\\n1",
];

#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "0", "-0", "1", "-1", "1.0", "1.00", "0.1", "-0.0", "1E2", "1e2", "1e+2", "1E-2", "1e400", "-1e400",
    "1e-400", "0e0", "0E+00", "1234567890123456789012345678901234567890",
    "0.1234567890123456789012345678901234567890", "9007199254740993", "18446744073709551615",
    "18446744073709551616", "-9223372036854775809", "1.7976931348623157e308", "5e-324", "100", "1000000",
    "3.14", "1e0", "1.5e3",
];

/// Returns an ordinary or a forged short string.
pub fn short(random: &mut Random) -> Json {
    match random.below(20) {
        0..9 => Json::Text((*random.pick(WORDS)).to_owned()),
        9 | 10 => Json::Text(words(random, 4)),
        11..16 => Json::Text((*random.pick(TRAPS)).to_owned()),
        16 => Json::Spelled((*random.pick(SPELLED)).to_owned()),
        17 => Json::Text(format!("{}{}", random.pick(TRAPS), random.pick(TRAPS))),
        18 => Json::Text(forged_marker(random)),
        _ => {
            let count = random.below(12);
            Json::Text(unicode(random, count))
        }
    }
}

/// Returns an ordinary word, such as most cells hold.
pub fn word(random: &mut Random) -> String {
    (*random.pick(WORDS)).to_owned()
}

/// Returns a key: mostly plain, sometimes one that a header could misread.
pub fn key(random: &mut Random) -> Json {
    match random.below(10) {
        0..6 => Json::Text(
            (*random.pick(&[
                "id",
                "name",
                "state",
                "owner",
                "url",
                "created_at",
                "count",
                "tags",
            ]))
            .to_owned(),
        ),
        6 => Json::Text(words(random, 2)),
        7 | 8 => Json::Text((*random.pick(TRAPS)).to_owned()),
        _ => Json::Spelled((*random.pick(SPELLED)).to_owned()),
    }
}

pub fn number(random: &mut Random) -> Json {
    Json::Number(match random.below(4) {
        0 => (*random.pick(NUMBERS)).to_owned(),
        1 => format!("{}.{:02}", random.below(1000), random.below(100)),
        _ => random.below(100_000).to_string(),
    })
}

pub fn words(random: &mut Random, most: usize) -> String {
    let count = random.within(1, most);
    (0..count)
        .map(|_| *random.pick(WORDS))
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn unicode(random: &mut Random, count: usize) -> String {
    const RANGES: &[(u32, u32)] = &[
        (0, 0x7f),
        (0x20, 0x7e),
        (0x20, 0x7e),
        (0x80, 0x7ff),
        (0x800, 0xd7ff),
        (0xe000, 0xffff),
        (0x1_0000, 0x10_ffff),
    ];
    let one = |random: &mut Random| {
        let (low, high) = *random.pick(RANGES);
        char::from_u32(random.within(low as usize, high as usize) as u32).unwrap_or('?')
    };
    (0..count).map(|_| one(random)).collect()
}

/// Returns a marker with a hash of the right or a wrong length, and of a known or an unknown kind.
pub fn forged_marker(random: &mut Random) -> String {
    let digits = *random.pick(&[24, 24, 24, 64, 12, 23, 25, 0]);
    let hash = random.text(b"0123456789abcdef", digits);
    let rest = random.pick(&[
        " 45_rows_offloaded>>",
        ",string,2.0KB>>",
        ",base64,1.0KB>>",
        ",html,3.3KB>>",
        ",json,1.1KB>>",
        ",text,9.1KB>> first words",
        ",raw,12.3KB>>",
        ",raw,12.3KB",
        ",unknown,1.0KB>>",
        " rows_offloaded>>",
        ">>",
        ",s,45_rows_offloaded>>",
    ]);
    format!("<<ccr:{hash}{rest}")
}

/// Returns a long string: of a kind that a blob marker names, or prose, or lines of a log.
pub fn long(random: &mut Random) -> Json {
    let count = random.within(100, 140 + random.size * 12);
    let text = match random.below(9) {
        0 => {
            random.text(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                count / 4 * 4,
            ) + "=="
        }
        1 => format!(
            "data:image/png;base64,{}",
            random.text(b"ABCDEFabcdef0123456789+/", count)
        ),
        2 => format!(
            "<!DOCTYPE html><html><body>{}</body></html>",
            "<p>text</p>\n".repeat(count / 11 + 1)
        ),
        3 => print(
            &rows_of_words(random, count / 30 + 1),
            layout(random),
            Spelling::Minimal,
        ),
        4 => random.text(b"0123456789abcdef", count),
        5 => unicode(random, count / 2),
        6 => log(random, count / 40 + 1),
        7 => (0..=count / 40)
            .map(|_| print(&row_of_words(random), Layout::Compact, Spelling::Minimal) + "\n")
            .collect(),
        _ => words(random, count / 6 + 2),
    };
    match random.below(8) {
        0 => Json::Text(format!("{}{text}", random.pick(TRAPS))),
        1 => Json::Text(format!("{text}{}", forged_marker(random))),
        2 => Json::Text(format!("{}\n{text}", forged_marker(random))),
        _ => Json::Text(text),
    }
}

fn log(random: &mut Random, lines: usize) -> String {
    let mut out = String::new();
    for line in 0..lines {
        let level = random.pick(&["INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"]);
        let message = words(random, 5);
        let line = format!(
            "2024-01-01T00:{:02}:{:02}Z {level} worker-{} {message}",
            line / 60,
            line % 60,
            random.below(4)
        );
        out.push_str(&line);
        let end = *random.pick(&["\n", "\n", "\n", "\r\n", "\n\n"]);
        out.push_str(end);
    }
    out
}

fn row_of_words(random: &mut Random) -> Json {
    super::json::object([
        ("n", number(random)),
        ("word", word(random).into()),
        ("trap", short(random)),
    ])
}

fn rows_of_words(random: &mut Random, count: usize) -> Json {
    Json::Array((0..count).map(|_| row_of_words(random)).collect())
}
