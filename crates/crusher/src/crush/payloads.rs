//! Finds the payloads of a record: the values that paths select, and the tool that gave each.

use crate::hashing::Map;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind, Node};
use crate::payload_path::{Path, PathSegment};

/// A payload found in a record.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its node in the record.
    pub node: u32,
    /// Index of the path that selects it; none for the whole record.
    pub path: Option<usize>,
    /// Name of the tool that gave it, or empty.
    pub tool: String,
}

/// Finds the payloads of a record, in document order. A selected value that holds another one isn't a
/// payload.
#[must_use]
pub fn payloads(doc: &Doc<'_>, paths: &[Path]) -> Vec<Payload> {
    if paths.is_empty() {
        return vec![Payload {
            node: 0,
            path: None,
            tool: String::new(),
        }];
    }
    let mut finder = PayloadFinder {
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

/// Returns true for a tool that looks up originals. Its results were asked for in full, so they aren't
/// payloads. Servers put prefixes before its name.
fn is_retrieval(tool: &str) -> bool {
    tool.ends_with("headroom_retrieve")
}

struct PayloadFinder<'a, 'd> {
    doc: &'d Doc<'a>,
    paths: &'d [Path],
    found: Vec<Payload>,
    /// The objects around the value at hand, outermost first.
    objects: Vec<u32>,
    /// Tool names by call id, collected when first needed.
    names: Option<Map<&'a [u8], &'a [u8]>>,
    /// The tool that was found last, with the path and the innermost object that it was found for.
    last_tool: Option<((usize, Option<u32>), String)>,
}

impl PayloadFinder<'_, '_> {
    /// Follows paths into a value. A state is a path, and how many of its segments have matched.
    fn visit(&mut self, index: u32, mut states: Vec<(usize, usize)>) {
        let node = self.doc.node(index);
        let mut selected = None;
        for (path, at) in &mut states {
            let Some(rule) = self.paths.get(*path) else {
                continue;
            };
            while let Some(PathSegment::Where(key, value)) = rule.segments.get(*at) {
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
            // Payloads of one object have one tool. To look it up for each would read a large object many
            // times.
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
        let onward = |segment: &dyn Fn(&PathSegment) -> bool| -> Vec<(usize, usize)> {
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
                let next = onward(&|segment| *segment == PathSegment::Every);
                if !next.is_empty() {
                    for element in self.doc.elements(index) {
                        self.visit(element, next.clone());
                    }
                }
            }
            Kind::Object => {
                if onward(&|segment| matches!(segment, PathSegment::Key(_))).is_empty() {
                    return;
                }
                let steps: Vec<(u32, Vec<(usize, usize)>)> = self
                    .doc
                    .members(index)
                    .map(|(key, value)| {
                        let fits = |segment: &PathSegment| match segment {
                            PathSegment::Key(name) => self.is_text(key, name),
                            _ => false,
                        };
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

    /// Returns the name of the tool for a payload that a path selected: by the path's keys, or else by the id
    /// of the call.
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

/// Collects names of tools by call id: `{"id":…,"function":{"name":…}}` and
/// `{"type":"tool_use","id":…,"name":…}`.
fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    let plain = |object: u32, key: &[u8]| {
        // A call has its id and name among its first members. To search all members of large objects would
        // take long.
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

/// Returns the content of a raw string, or nothing if it holds a lone surrogate.
fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
