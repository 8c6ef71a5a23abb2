//! A JSON tree that keeps duplicate keys, key order and spellings, and the ways in which programs print it.

use super::random::Random;

/// A JSON value: duplicate keys, key order and number text stay as they are.
#[derive(Clone, Debug)]
pub enum Json {
    Null,
    Bool(bool),
    /// Any valid number text.
    Number(String),
    /// A string that the printer spells.
    Text(String),
    /// The bytes between the quotes, which the printer copies: odd escapes, lone surrogates.
    Spelled(String),
    Array(Vec<Json>),
    Object(Vec<(Json, Json)>),
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Returns an object of the given members, in order.
pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(
        members
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

/// The whitespace between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// None at all.
    Compact,
    /// Python's `", "` and `": "`.
    Spaced,
    /// One member a line, indented by this many blanks for each level, and `": "`.
    Indented(usize),
    /// The same with tabs.
    Tabs,
    /// Python's `indent=0`: line breaks alone.
    Flush,
    /// Anything anywhere.
    Irregular(u64),
}

/// How strings are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Only what must be.
    Minimal,
    /// Everything from 0x7f on as `\uXXXX` with lower-case digits: Python.
    AsciiLower,
    /// The same with upper-case digits.
    AsciiUpper,
    /// `<`, `>`, `&` and the two line separators as `\uXXXX`: Go.
    Html,
    /// `/` as `\/`: PHP without its flags; with ASCII or not.
    Slash { ascii: bool },
    /// Each character in any way that is valid.
    Mixed(u64),
}

/// Returns any layout. The irregular one gets its seed from the case.
pub fn layout(random: &mut Random) -> Layout {
    match random.below(12) {
        0..4 => Layout::Compact,
        4..7 => Layout::Spaced,
        7 => Layout::Indented(2),
        8 => Layout::Indented(random.within(1, 8)),
        9 => Layout::Tabs,
        10 => Layout::Flush,
        _ => Layout::Irregular(random.next()),
    }
}

/// Returns any spelling, mostly the minimal one.
pub fn spelling(random: &mut Random) -> Spelling {
    match random.below(12) {
        0..5 => Spelling::Minimal,
        5 | 6 => Spelling::AsciiLower,
        7 => Spelling::AsciiUpper,
        8 => Spelling::Html,
        9 => Spelling::Slash {
            ascii: random.chance(50),
        },
        _ => Spelling::Mixed(random.next()),
    }
}

/// Returns the text of a value.
pub fn print(value: &Json, layout: Layout, spelling: Spelling) -> String {
    let noise = |seed| Random::new(seed, 0);
    let mut printer = Printer {
        out: String::new(),
        layout,
        spelling,
        space: noise(if let Layout::Irregular(seed) = layout {
            seed
        } else {
            0
        }),
        escapes: noise(if let Spelling::Mixed(seed) = spelling {
            seed
        } else {
            0
        }),
    };
    printer.value(value, 0);
    printer.out
}

/// Returns a text as a JSON string with its quotes.
pub fn quote(text: &str, spelling: Spelling) -> String {
    print(&Json::Text(text.to_owned()), Layout::Compact, spelling)
}

struct Printer {
    out: String,
    layout: Layout,
    spelling: Spelling,
    space: Random,
    escapes: Random,
}

impl Printer {
    fn value(&mut self, value: &Json, level: usize) {
        match value {
            Json::Null => self.out.push_str("null"),
            Json::Bool(true) => self.out.push_str("true"),
            Json::Bool(false) => self.out.push_str("false"),
            Json::Number(text) => self.out.push_str(text),
            Json::Text(text) => self.text(text),
            Json::Spelled(raw) => {
                self.out.push('"');
                self.out.push_str(raw);
                self.out.push('"');
            }
            Json::Array(items) => self.container('[', ']', items.len(), level, |printer, index| {
                printer.value(&items[index], level + 1);
            }),
            Json::Object(members) => self.container('{', '}', members.len(), level, |printer, index| {
                let (key, value) = &members[index];
                printer.value(key, level + 1);
                printer.colon();
                printer.value(value, level + 1);
            }),
        }
    }

    fn container(
        &mut self,
        open: char,
        close: char,
        count: usize,
        level: usize,
        mut item: impl FnMut(&mut Self, usize),
    ) {
        self.out.push(open);
        for index in 0..count {
            if index > 0 {
                self.irregular();
                self.out.push(',');
                if self.layout == Layout::Spaced {
                    self.out.push(' ');
                }
            }
            self.line(level + 1);
            item(self, index);
        }
        if count > 0 {
            self.line(level);
        } else {
            self.irregular();
        }
        self.out.push(close);
    }

    fn line(&mut self, level: usize) {
        let (unit, count) = match self.layout {
            Layout::Indented(width) => (" ", width * level),
            Layout::Tabs => ("\t", level),
            Layout::Flush => ("", 0),
            Layout::Irregular(_) => return self.irregular(),
            Layout::Compact | Layout::Spaced => return,
        };
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(unit, count));
    }

    fn colon(&mut self) {
        self.irregular();
        self.out.push(':');
        match self.layout {
            Layout::Compact => {}
            Layout::Irregular(_) => self.irregular(),
            _ => self.out.push(' '),
        }
    }

    /// Prints random whitespace in an irregular layout, and nothing in the others.
    fn irregular(&mut self) {
        if matches!(self.layout, Layout::Irregular(_)) && self.space.chance(20) {
            let space = *self.space.pick(&[" ", "  ", "\n", "\r\n", "\t", " \n "]);
            self.out.push_str(space);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            self.char(c);
        }
        self.out.push('"');
    }

    fn char(&mut self, c: char) {
        let ascii = matches!(
            self.spelling,
            Spelling::AsciiLower | Spelling::AsciiUpper | Spelling::Slash { ascii: true }
        );
        let upper = self.spelling == Spelling::AsciiUpper;
        if let Spelling::Mixed(_) = self.spelling {
            match self.escapes.below(40) {
                0 => return self.units(c, false),
                1 => return self.units(c, true),
                2 if c == '/' => return self.out.push_str("\\/"),
                _ => {}
            }
        }
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\n' => self.out.push_str("\\n"),
            '\r' => self.out.push_str("\\r"),
            '\t' => self.out.push_str("\\t"),
            '\u{8}' => self.out.push_str("\\b"),
            '\u{c}' => self.out.push_str("\\f"),
            '\0'..='\u{1f}' => self.units(c, upper),
            '/' if matches!(self.spelling, Spelling::Slash { .. }) => self.out.push_str("\\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.spelling == Spelling::Html => {
                self.units(c, false);
            }
            '\u{7f}'.. if ascii => self.units(c, upper),
            _ => self.out.push(c),
        }
    }

    fn units(&mut self, c: char, upper: bool) {
        let mut buffer = [0; 2];
        for unit in c.encode_utf16(&mut buffer) {
            let escape = if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            };
            self.out.push_str(&escape);
        }
    }
}
