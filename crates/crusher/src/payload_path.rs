//! Payload paths: they say where a record's payloads are, and where to find the name of the tool that gave
//! each.
//!
//! A path is read from the record's root, left to right:
//!
//! * `$` is the root; it may be left out.
//! * `.key` is a member of an object. A key with other characters than letters, digits, `_` and `-` is quoted
//!   as in JSON: `."any key"`.
//! * `[*]` is every element of an array.
//! * `{key=value}` goes on only from an object whose member `key` is the string `value`. Both may be quoted.
//! * `:string` at the end selects JSON strings only. Without it values of all types are selected.
//! * ` @ .key.key` at the very end gives the keys that lead to the tool's name. They start at the innermost
//!   object around the payload.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::scan::Tape;
use crate::json::spelling::{self, Spelling};

/// One payload path. Its `Display` is its shortest spelling.
///
/// # Examples
/// ```
/// use headroom_crusher::payload_path::Path;
/// let path: Path = r#"$."messages"[*]{"role"=tool}.content:string @ .name"#.parse()?;
/// assert_eq!(path.to_string(), ".messages[*]{role=tool}.content:string @ .name");
/// let error = ".output[".parse::<Path>().unwrap_err();
/// assert_eq!(error.to_string(), "payload path at character 8: expected [*]");
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    pub(crate) segments: Vec<PathSegment>,
    pub(crate) strings_only: bool,
    /// The keys that lead to the tool's name; empty where the path names none.
    pub(crate) tool: Vec<String>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathSegment {
    /// `.key`
    Key(String),
    /// `[*]`
    Every,
    /// `{key=value}`
    Where(String, String),
}

impl Path {
    /// Returns the path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Path {
    type Err = Error;

    /// Reads a path.
    ///
    /// # Errors
    /// `PayloadPath` with the position of the first character that doesn't fit.
    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { text, at: 0 };
        parser.take("$");
        let mut segments = Vec::new();
        while let Some(segment) = parser.segment()? {
            segments.push(segment);
        }
        if segments.is_empty() && parser.at == 0 {
            return Err(parser.error("expected $ . [ or {"));
        }
        let strings_only = parser.take(STRINGS_ONLY);
        let mut tool = Vec::new();
        if parser.take(TOOL) {
            while parser.at < text.len() || tool.is_empty() {
                parser.expect(".", "expected .key of the tool's name")?;
                tool.push(parser.key()?);
            }
        }
        if parser.at < text.len() {
            return Err(parser.error("expected . [ { :string, ' @ ' or the end"));
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
            strings_only,
            tool,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            f.write_str("$")?;
        }
        for segment in &self.segments {
            match segment {
                PathSegment::Key(key) => write!(f, ".{}", spelled(key, in_key))?,
                PathSegment::Every => f.write_str("[*]")?,
                PathSegment::Where(key, value) => {
                    write!(f, "{{{}={}}}", spelled(key, in_key), spelled(value, in_value))?;
                }
            }
        }
        if self.strings_only {
            f.write_str(STRINGS_ONLY)?;
        }
        if !self.tool.is_empty() {
            f.write_str(TOOL)?;
        }
        self.tool
            .iter()
            .try_for_each(|key| write!(f, ".{}", spelled(key, in_key)))
    }
}

/// Ends a path that selects strings only.
const STRINGS_ONLY: &str = ":string";
/// Stands before the keys that lead to the tool's name.
const TOOL: &str = " @ ";

/// Returns true for a byte that a key without quotes may hold.
fn in_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Returns true for a byte that a value without quotes may hold. No key follows a value, so it may hold a
/// dot.
fn in_value(byte: u8) -> bool {
    in_key(byte) || byte == b'.'
}

/// Returns a name as a path spells it: without quotes if that is allowed, else as a JSON string.
fn spelled(name: &str, fits: fn(u8) -> bool) -> String {
    if !name.is_empty() && name.bytes().all(fits) {
        return name.to_owned();
    }
    let mut token = vec![b'"'];
    spelling::encode(name.as_bytes(), Spelling::MINIMAL, &mut token);
    token.push(b'"');
    String::from_utf8_lossy(&token).into_owned()
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

    /// Reads the segment that begins here, if one does.
    fn segment(&mut self) -> Result<Option<PathSegment>> {
        Ok(if self.take(".") {
            Some(PathSegment::Key(self.key()?))
        } else if self.rest().starts_with('[') {
            self.expect("[*]", "expected [*]")?;
            Some(PathSegment::Every)
        } else if self.take("{") {
            let key = self.key()?;
            self.expect("=", "expected =")?;
            let value = self.name(in_value, "expected [A-Za-z0-9_.-]+ or a JSON string")?;
            self.expect("}", "expected }")?;
            Some(PathSegment::Where(key, value))
        } else {
            None
        })
    }

    fn key(&mut self) -> Result<String> {
        self.name(in_key, "expected [A-Za-z0-9_-]+ or a JSON string")
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{Path, PathSegment};
    use crate::error::Error;

    fn parse(text: &str) -> Path {
        text.parse().unwrap()
    }

    #[test]
    fn every_part_of_a_path_is_read() {
        let path =
            parse(r#"$.a."b c"[*]{role=tool}{"k \u00e9"="v}"}{v=1.5}.content:string @ .function."na.me""#);
        let key = |key: &str| PathSegment::Key(key.to_owned());
        let holds = |key: &str, value: &str| PathSegment::Where(key.to_owned(), value.to_owned());
        let segments = [
            key("a"),
            key("b c"),
            PathSegment::Every,
            holds("role", "tool"),
            holds("k é", "v}"),
            holds("v", "1.5"),
            key("content"),
        ];
        assert_eq!(path.segments, segments);
        assert!(path.strings_only);
        assert_eq!(path.tool, ["function", "na.me"]);
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
        let end = "expected . [ { :string, ' @ ' or the end";
        let tool = "expected .key of the tool's name";
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
            (".a{role}", 8, "expected ="),
            (".a{role=}", 9, value),
            (".a{role=tool", 13, "expected }"),
            (".a{ro.le=tool}", 6, "expected ="),
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
            ("$:string", "$:string"),
            ("$.a", ".a"),
            (r#"$."messages"[*]{"role"="to.ol"}"#, ".messages[*]{role=to.ol}"),
            (r#"."a.b"{"a.b"="x y"}"#, r#"."a.b"{"a.b"="x y"}"#),
            (r#".""{""=""} @ ."""#, r#".""{""=""} @ ."""#),
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
        const PIECES: [&str; 16] = [
            "$", ".", "a", "[*]", "[", "{", "=", "}", "\"", "\\", "é", " @ ", " ", ":string", "\"x\\n\"",
            "\\u00e9",
        ];
        let mut state: u64 = 1;
        for _ in 0..50_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let length = (state >> 60) as u32 % 9;
            let text: String = (0..length)
                .filter_map(|at| PIECES.get((state >> (4 * at + 12)) as usize % PIECES.len()))
                .copied()
                .collect();
            match text.parse::<Path>() {
                Ok(path) => {
                    let again = parse(&path.to_string());
                    assert_eq!(
                        (&again.segments, again.strings_only, &again.tool),
                        (&path.segments, path.strings_only, &path.tool),
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
}
