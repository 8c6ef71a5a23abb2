//! Reads paths, and says which characters may stand in them without quotes.

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::payload_path::segment::{Condition, End, PathSegment, Test};

/// How a path may end, in words.
pub(crate) const ENDS: [(&str, End); 3] = [
    (":string", End::Strings),
    (":keep", End::Keep),
    (":results", End::Results),
];
/// Stands before the keys that lead to the tool's name.
pub(crate) const TOOL: &str = " @ ";
/// Behind that, one for each object that the keys start further out.
pub(crate) const OUT: &str = "^";
/// Goes on inside a string that holds JSON.
pub(crate) const JSON: &str = "|json";
/// A path goes inside strings so many times at most.
pub(crate) const MAX_JSON: usize = 8;

const EXPECTED_KEY: &str = "expected [A-Za-z0-9_-]+ or a JSON string";

/// Returns true for a byte that a key without quotes may hold.
pub(crate) fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Returns true for a byte that a value without quotes may hold. No key follows a value, so it may hold a
/// dot.
pub(crate) fn in_value(byte: u8) -> bool {
    in_key(byte) || byte == b'.'
}

/// What a path says.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub segments: Vec<PathSegment>,
    pub end: End,
    pub tool: Vec<String>,
    /// How many objects further out than the innermost one the keys of the tool's name start.
    pub out: usize,
}

/// Reads a path.
///
/// # Errors
/// `PayloadPath` with the position of the first character that doesn't fit.
pub(crate) fn parse(text: &str) -> Result<Parsed> {
    let mut parser = Parser { text, at: 0 };
    let rooted = parser.take("$");
    let mut segments = Vec::new();
    while (rooted || !segments.is_empty() || !parser.rest().starts_with(JSON))
        && parser.segment(&mut segments)?
    {}
    if parser.at == 0 {
        return Err(parser.error("expected $ . [ or {"));
    }
    let end = ENDS
        .iter()
        .find(|(word, _)| parser.take(word))
        .map_or(End::Any, |(_, end)| *end);
    let (mut tool, mut out) = (Vec::new(), 0);
    if matches!(end, End::Any | End::Strings) && parser.take(TOOL) {
        while parser.take(OUT) {
            out += 1;
        }
        while parser.at < text.len() || tool.is_empty() {
            parser.expect(".", "expected .key of the tool's name")?;
            tool.push(parser.key()?);
        }
    }
    if parser.at < text.len() {
        return Err(parser.error("expected . [ { |json :string :keep :results ' @ ' or the end"));
    }
    Ok(Parsed {
        segments,
        end,
        tool,
        out,
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, what: &'static str) -> Error {
        let before = self.text.get(..self.at).unwrap_or_default();
        Error::PayloadPath {
            what,
            character: before.chars().count() + 1,
        }
    }

    /// Reads a token if it stands here, and returns whether it does.
    fn take(&mut self, token: &str) -> bool {
        let stands_here = self.rest().starts_with(token);
        if stands_here {
            self.at += token.len();
        }
        stands_here
    }

    fn expect(&mut self, token: &str, what: &'static str) -> Result<()> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.error(what))
        }
    }

    /// Reads the segment that begins here; returns false if none does.
    fn segment(&mut self, segments: &mut Vec<PathSegment>) -> Result<bool> {
        if self.take("..") {
            segments.push(PathSegment::Deep);
            if !self.rest().starts_with(['[', '{']) {
                let what = "expected a key, [*] or { behind ..";
                segments.push(PathSegment::Key(self.names(in_key, what)?));
            }
        } else if self.take(".") {
            segments.push(PathSegment::Key(self.names(in_key, EXPECTED_KEY)?));
        } else if self.rest().starts_with('[') {
            self.expect("[*]", "expected [*]")?;
            segments.push(PathSegment::Every);
        } else if self.take("{") {
            segments.push(PathSegment::Where(self.test()?));
        } else if self.rest().starts_with(JSON) {
            let levels = segments.iter().filter(|segment| **segment == PathSegment::Json);
            if levels.count() == MAX_JSON {
                return Err(self.error("more than 8 times |json"));
            }
            self.at += JSON.len();
            segments.push(PathSegment::Json);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads a test behind its brace.
    fn test(&mut self) -> Result<Test> {
        let absent = self.take("!");
        let key = self.key()?;
        let condition = if absent {
            Condition::Absent
        } else if self.take("=") {
            Condition::Is(self.values()?)
        } else if self.take("!=") {
            Condition::IsNot(self.values()?)
        } else if self.take("^=") {
            Condition::Begins(self.values()?)
        } else if self.rest().starts_with('}') {
            Condition::Present
        } else {
            return Err(self.error("expected = != ^= or }"));
        };
        self.expect("}", "expected }")?;
        Ok(Test { key, condition })
    }

    fn values(&mut self) -> Result<Vec<String>> {
        self.names(in_value, "expected [A-Za-z0-9_.-]+ or a JSON string")
    }

    fn key(&mut self) -> Result<String> {
        self.name(in_key, EXPECTED_KEY)
    }

    /// Reads a name, or several in parentheses.
    fn names(&mut self, fits: fn(u8) -> bool, what: &'static str) -> Result<Vec<String>> {
        if !self.take("(") {
            return Ok(vec![self.name(fits, what)?]);
        }
        let mut names = vec![self.name(fits, what)?];
        while self.take("|") {
            names.push(self.name(fits, what)?);
        }
        self.expect(")", "expected | or )")?;
        Ok(names)
    }

    /// Reads a name without quotes, or a JSON string.
    fn name(&mut self, fits: fn(u8) -> bool, what: &'static str) -> Result<String> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| fits(*byte)).count();
        if length > 0 {
            self.at += length;
            return Ok(rest.get(..length).unwrap_or_default().to_owned());
        }
        if !rest.starts_with('"') {
            return Err(self.error(what));
        }
        let token = string_length(rest.as_bytes()).and_then(|length| rest.get(..length));
        let token = token.filter(|token| Tape::default().scan(token.as_bytes(), 1).is_ok());
        let token = token.ok_or_else(|| self.error("this JSON string is malformed"))?;
        let raw = token.get(1..token.len() - 1).unwrap_or_default();
        let mut name = Vec::new();
        if !spelling::decode(raw.as_bytes(), &mut name) {
            return Err(self.error("a lone surrogate can't be matched"));
        }
        self.at += token.len();
        String::from_utf8(name).map_err(|_| self.error("this JSON string is malformed"))
    }
}
