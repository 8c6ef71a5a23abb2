//! Where the payloads of a record are: paths, as data, and the tool that each payload came from.
//!
//! A path is a sequence of segments from the record's root: `.key`, `."any key"`, `[*]` for every element and
//! `{key=value}` for objects with that string member. `:string` behind it takes strings only. ` @ .key` says where,
//! from the innermost object on the way, the tool's name stands.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::hashing::Map;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind, Node};

/// One payload path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: String,
    segments: Vec<Segment>,
    strings_only: bool,
    tool: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Key(String),
    Every,
    Where(String, String),
}

impl Path {
    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Path {
    type Err = Error;

    /// # Errors
    /// `Option` with the byte at which the path stops making sense.
    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { text, at: 0 };
        parser.take("$");
        let segments = parser.segments()?;
        let strings_only = parser.take(":string");
        let mut tool = Vec::new();
        if parser.take(" @ ") {
            for segment in parser.segments()? {
                let Segment::Key(key) = segment else {
                    return Err(parser.error("only keys lead to a tool's name"));
                };
                tool.push(key);
            }
            if tool.is_empty() {
                return Err(parser.error("expected a key"));
            }
        }
        if parser.at < text.len() {
            return Err(parser.error("expected a segment"));
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
            strings_only,
            tool,
        })
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, what: &str) -> Error {
        Error::Option {
            name: "paths",
            what: format!("{what} at byte {}", self.at),
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let stands_here = self.rest().starts_with(token);
        if stands_here {
            self.at += token.len();
        }
        stands_here
    }

    fn segments(&mut self) -> Result<Vec<Segment>> {
        let mut segments = Vec::new();
        loop {
            if self.take("[*]") {
                segments.push(Segment::Every);
            } else if self.take(".") {
                segments.push(Segment::Key(self.word(false)?));
            } else if self.take("{") {
                let key = self.word(false)?;
                if !self.take("=") {
                    return Err(self.error("expected '='"));
                }
                let value = self.word(true)?;
                if !self.take("}") {
                    return Err(self.error("expected '}'"));
                }
                segments.push(Segment::Where(key, value));
            } else {
                return Ok(segments);
            }
        }
    }

    /// A bare word of `A-Za-z0-9_-`, with dots where they don't separate keys, or a JSON string.
    fn word(&mut self, dots: bool) -> Result<String> {
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = quoted.bytes().position(|byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            });
            let raw = end
                .and_then(|end| quoted.get(..end))
                .ok_or_else(|| self.error("a string without its end"))?;
            let token = format!("\"{raw}\"");
            let mut tape = crate::json::scan::Tape::default();
            let mut word = Vec::new();
            if tape.scan(token.as_bytes(), 1).is_err() || !spelling::decode(raw.as_bytes(), &mut word) {
                return Err(self.error("a broken string"));
            }
            self.at += token.len();
            return String::from_utf8(word).map_err(|_| self.error("a broken string"));
        }
        let bare = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (dots && *byte == b'.')
        };
        let length = rest.bytes().take_while(bare).count();
        let word = rest.get(..length).unwrap_or_default().to_owned();
        if word.is_empty() {
            return Err(self.error("expected a word or a string"));
        }
        self.at += length;
        Ok(word)
    }
}

/// A payload found in a record.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its node.
    pub node: u32,
    /// Index of its path; none for the whole record.
    pub path: Option<usize>,
    /// The tool's name, or empty.
    pub tool: String,
}

/// Finds the payloads of a record in document order. One inside which another lies isn't one itself.
#[must_use]
pub fn payloads(doc: &Doc<'_>, paths: &[Path]) -> Vec<Payload> {
    if paths.is_empty() {
        return vec![Payload {
            node: 0,
            path: None,
            tool: String::new(),
        }];
    }
    let mut finder = Finder {
        doc,
        paths,
        found: Vec::new(),
        objects: Vec::new(),
        names: None,
        last_tool: None,
    };
    let start: Vec<(usize, usize)> = (0..paths.len()).map(|path| (path, 0)).collect();
    finder.visit(0, start);
    let mut found = finder.found;
    // In document order a payload that contains another one contains the one right behind it.
    let next: Vec<u32> = found
        .iter()
        .skip(1)
        .map(|payload| payload.node)
        .chain([u32::MAX])
        .collect();
    let mut next = next.into_iter();
    found.retain(|payload| next.next().is_none_or(|next| next >= doc.node(payload.node).next));
    found.retain(|payload| !is_retrieval(&payload.tool));
    found
}

/// True for a tool that looks originals up; what it gives has been asked for whole. Servers put prefixes before its name.
fn is_retrieval(tool: &str) -> bool {
    tool.ends_with("headroom_retrieve")
}

struct Finder<'a, 'd> {
    doc: &'d Doc<'a>,
    paths: &'d [Path],
    found: Vec<Payload>,
    /// The objects on the way, outermost first.
    objects: Vec<u32>,
    /// Tool names by call id, collected when first needed.
    names: Option<Map<&'a [u8], &'a [u8]>>,
    /// The tool found last, with the path and the innermost object it was found for.
    last_tool: Option<((usize, Option<u32>), String)>,
}

impl Finder<'_, '_> {
    fn visit(&mut self, index: u32, mut states: Vec<(usize, usize)>) {
        let node = self.doc.node(index);
        let mut selected = None;
        for (path, at) in &mut states {
            let Some(rule) = self.paths.get(*path) else {
                continue;
            };
            while let Some(Segment::Where(key, value)) = rule.segments.get(*at) {
                let holds = self
                    .member(index, key)
                    .is_some_and(|found| self.is_text(found, value));
                *at = if holds { *at + 1 } else { usize::MAX };
            }
            let fits = !rule.strings_only || node.kind == Kind::String;
            if *at == rule.segments.len() && fits && selected.is_none() {
                selected = Some(*path);
            }
        }
        if let Some(path) = selected {
            // Payloads of one object have one tool; looking it up for each would read a large object many times.
            let place = (path, self.objects.last().copied());
            let known = self.last_tool.take().filter(|(found_at, _)| *found_at == place);
            let tool = known.map_or_else(|| self.tool(path), |(_, tool)| tool);
            self.last_tool = Some((place, tool.clone()));
            self.found.push(Payload {
                node: index,
                path: Some(path),
                tool,
            });
        }
        let onward = |segment: &dyn Fn(&Segment) -> bool| -> Vec<(usize, usize)> {
            let moves = |state: &&(usize, usize)| {
                self.paths
                    .get(state.0)
                    .and_then(|path| path.segments.get(state.1))
                    .is_some_and(segment)
            };
            states
                .iter()
                .filter(moves)
                .map(|(path, at)| (*path, at + 1))
                .collect()
        };
        match node.kind {
            Kind::Array => {
                let next = onward(&|segment| *segment == Segment::Every);
                if !next.is_empty() {
                    for element in self.doc.elements(index) {
                        self.visit(element, next.clone());
                    }
                }
            }
            Kind::Object => {
                if onward(&|segment| matches!(segment, Segment::Key(_))).is_empty() {
                    return;
                }
                let steps: Vec<(u32, Vec<(usize, usize)>)> = self
                    .doc
                    .members(index)
                    .map(|(key, value)| {
                        let fits =
                            |segment: &Segment| matches!(segment, Segment::Key(name) if self.is_text(key, name));
                        (value, onward(&fits))
                    })
                    .filter(|(_, next)| !next.is_empty())
                    .collect();
                self.objects.push(index);
                for (value, next) in steps {
                    self.visit(value, next);
                }
                self.objects.pop();
            }
            _ => {}
        }
    }

    fn member(&self, object: u32, name: &str) -> Option<u32> {
        self.doc
            .members(object)
            .find(|(key, _)| self.is_text(*key, name))
            .map(|(_, value)| value)
    }

    fn is_text(&self, index: u32, text: &str) -> bool {
        let node = self.doc.node(index);
        if node.kind != Kind::String {
            return false;
        }
        if node.flags & ESCAPED == 0 {
            return self.doc.inner(node) == text.as_bytes();
        }
        let mut decoded = Vec::new();
        spelling::decode(self.doc.inner(node), &mut decoded) && decoded == text.as_bytes()
    }

    fn tool(&mut self, path: usize) -> String {
        let named = self
            .paths
            .get(path)
            .filter(|path| !path.tool.is_empty())
            .and_then(|path| {
                let start = *self.objects.last()?;
                path.tool.iter().try_fold(start, |at, key| self.member(at, key))
            });
        if let Some(name) = named
            .map(|index| self.doc.node(index))
            .filter(|node| node.kind == Kind::String)
        {
            return text_of(self.doc, name);
        }
        let id = self.objects.iter().rev().find_map(|object| {
            self.member(*object, "tool_call_id")
                .or_else(|| self.member(*object, "tool_use_id"))
        });
        let Some(id) = id.map(|index| self.doc.inner(self.doc.node(index))) else {
            return String::new();
        };
        let doc = self.doc;
        let known = self.names.get_or_insert_with(|| call_names(doc));
        known.get(id).map(|name| decoded(name)).unwrap_or_default()
    }
}

/// Names of tools by call id: `{"id":…,"function":{"name":…}}` and `{"type":"tool_use","id":…,"name":…}`.
fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    let plain = |object: u32, key: &[u8]| {
        // Calls name themselves in their first members; looking through large objects would cost time for nothing.
        doc.members(object)
            .take(16)
            .find(|(at, _)| doc.inner(doc.node(*at)) == key)
            .map(|(_, value)| value)
    };
    let string = |index: Option<u32>| {
        index
            .map(|index| doc.node(index))
            .filter(|node| node.kind == Kind::String)
            .map(|node| doc.inner(node))
    };
    for at in 0..doc.len() {
        if doc.node(at).kind != Kind::Object {
            continue;
        }
        let Some(id) = string(plain(at, b"id")) else {
            continue;
        };
        let is_use = string(plain(at, b"type")) == Some(b"tool_use");
        let name = match plain(at, b"function") {
            Some(function) => string(plain(function, b"name")),
            None if is_use => string(plain(at, b"name")),
            None => None,
        };
        if let Some(name) = name {
            names.entry(id).or_insert(name);
        }
    }
    names
}

fn text_of(doc: &Doc<'_>, node: Node) -> String {
    decoded(doc.inner(node))
}

/// The text of a raw string, or nothing for a lone surrogate.
fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
