//! One walk over a text with all paths, and over the JSON in its strings that they lead into.

use std::cell::{OnceCell, RefCell};

use crate::crush::found::{Content, Embedded, Found, Payload};
use crate::crush::strings::{self, string_in};
use crate::crush::tools::{Tools, call_names, decoded, member, text_of};
use crate::hashing::Map;
use crate::json::scan::Tape;
use crate::json::tape::{Doc, Kind};
use crate::notation::frame::Frame;
use crate::payload_path::Path;
use crate::payload_path::segment::{End, Member, PathSegment, Test};
use crate::payload_path::tree::PathTree;

/// What looking into strings needs.
pub(crate) struct Strings<'t> {
    pub tapes: &'t mut Vec<Tape>,
    pub max_depth: usize,
    /// Bytes that may still be decoded: restoring writes each of them once more, and has a limit.
    pub left_bytes: usize,
}

/// One walk over a text, in the order in which it stands, with the branches of the paths that are active at
/// each value.
pub(crate) struct Walk<'a, 'p> {
    doc: &'p Doc<'a>,
    paths: &'p [Path],
    tree: &'p PathTree,
    /// The containers around the value at hand, outermost first.
    open: Vec<OpenContainer>,
    /// The branches that are active in each of them, one container's behind the other's, and at the value at
    /// hand.
    branches: Vec<u32>,
    /// Members of the value at hand that were looked up.
    looked_up: Vec<(&'p str, Option<u32>)>,
    /// Tool names by call id, collected when first needed.
    names: OnceCell<Map<&'a [u8], &'a [u8]>>,
    /// The walk over the text around this one, at the string that holds it.
    outer: Option<&'p dyn Tools>,
}

/// A container around the value at hand.
struct OpenContainer {
    index: u32,
    /// Where its branches begin.
    first: usize,
    is_object: bool,
    /// The call that it says it belongs to, looked for when first needed: a large object is read once.
    call: OnceCell<Option<u32>>,
    /// Names of the tools of its payloads, by path.
    tools: RefCell<Vec<(usize, Option<String>)>>,
}

impl<'a, 'p> Walk<'a, 'p> {
    /// Returns a walk that begins with these branches at the root of the text.
    pub fn new(
        doc: &'p Doc<'a>,
        paths: &'p [Path],
        tree: &'p PathTree,
        branches: Vec<u32>,
        outer: Option<&'p dyn Tools>,
    ) -> Self {
        Self {
            doc,
            paths,
            tree,
            open: Vec::new(),
            branches,
            looked_up: Vec::new(),
            names: OnceCell::new(),
            outer,
        }
    }

    /// Walks over the whole text; returns what was found, in document order.
    pub fn found(mut self, strings: &mut Strings<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        let (mut at, mut begin) = (0, 0);
        while at < self.doc.len() {
            let mut value = at;
            if at > 0 {
                self.leave_closed(at);
                let Some(open) = self.open.last() else { break };
                let (first, is_object) = (open.first, open.is_object);
                begin = self.branches.len();
                value += u32::from(is_object);
                self.step(first, is_object.then_some(at));
            }
            at = self.doc.node(value).next;
            if begin == self.branches.len() {
                continue;
            }
            self.settle(value, begin);
            if let Some(content) = self.content(value, begin, strings) {
                found.push(Found { node: value, content });
            }
            if self.opens(value, begin) {
                at = value + 1;
            } else {
                self.branches.truncate(begin);
            }
        }
        // In document order a payload that contains another one contains the one right behind it.
        let next: Vec<u32> = found.iter().skip(1).map(|found| found.node).collect();
        let mut next = next.into_iter().chain([u32::MAX]);
        found.retain(|found| {
            next.next()
                .is_none_or(|next| next >= self.doc.node(found.node).next)
        });
        found
    }

    /// Returns what the paths find at a value: payloads in it if it is a string that holds JSON, else the
    /// value itself.
    fn content(&self, value: u32, begin: usize, strings: &mut Strings<'_>) -> Option<Content> {
        let mut inside = Vec::new();
        if self.doc.node(value).kind == Kind::String {
            let active = self.branches.iter().skip(begin);
            let next = active.flat_map(|branch| self.tree.next(*branch));
            inside.extend(
                next.filter(|(_, segment)| **segment == PathSegment::Json)
                    .map(|(next, _)| next),
            );
        }
        let embedded = if inside.is_empty() {
            None
        } else {
            self.embedded(value, inside, strings)
        };
        embedded.or_else(|| {
            let number = self.selected(value, begin)?;
            let path = self.paths.get(number)?;
            match path.end {
                End::Keep => return Some(Content::Keep),
                End::Results => return Some(Content::Results),
                End::Any | End::Strings => {}
            }
            Some(Content::Payload(Payload {
                path: path.text(),
                tool: self.tool(number).unwrap_or_default(),
                json_strings: 0,
                recognised_by: None,
            }))
        })
    }

    /// Returns what the paths find in the JSON that a string holds, from these branches on.
    fn embedded(&self, value: u32, branches: Vec<u32>, strings: &mut Strings<'_>) -> Option<Content> {
        let raw = self.doc.inner(self.doc.node(value));
        // An object, an array or a string; what is spelled in another way can't be spelled so again.
        if !matches!(raw.first(), Some(b'{' | b'[' | b'\\')) || raw.len() > strings.left_bytes {
            return None;
        }
        let (text, frame) = decoded_json(raw)?;
        strings.left_bytes -= text.len();
        let mut tape = strings.tapes.pop().unwrap_or_default();
        let found = match tape.scan_utf8(&text, strings.max_depth) {
            Ok(doc) => Walk::new(&doc, self.paths, self.tree, branches, Some(self)).found(strings),
            Err(_) => Vec::new(),
        };
        strings.tapes.push(tape);
        in_string(text, frame, found)
    }

    /// Forgets the containers that are closed before a node.
    fn leave_closed(&mut self, at: u32) {
        while let Some(open) = self.open.pop_if(|open| self.doc.node(open.index).next <= at) {
            self.branches.truncate(open.first);
        }
    }

    /// Appends the branches that lead from the innermost container, whose own begin at `first`, to the value
    /// of a key, or to an element.
    fn step(&mut self, first: usize, key: Option<u32>) {
        let key = key.map(|key| text_of(self.doc, self.doc.node(key)));
        for at in first..self.branches.len() {
            let branch = self.branches.get(at).copied().unwrap_or_default();
            if self.tree.is_deep(branch) {
                self.branches.push(branch);
            }
            for (next, segment) in self.tree.next(branch) {
                let leads = match (segment, &key) {
                    (PathSegment::Every, None) => true,
                    (PathSegment::Key(names), Some(Some(key))) => {
                        names.iter().any(|name| name.as_bytes() == key.as_ref())
                    }
                    _ => false,
                };
                if leads {
                    self.branches.push(next);
                }
            }
        }
    }

    /// Appends the branches that are reached without leaving a value, whose own begin at `begin`. These are
    /// behind tests that it passes, or of any depth and begin here.
    fn settle(&mut self, value: u32, begin: usize) {
        self.looked_up.clear();
        let mut at = begin;
        while let Some(branch) = self.branches.get(at).copied() {
            let tree = self.tree;
            for (next, segment) in tree.next(branch) {
                let reached = match segment {
                    PathSegment::Where(test) => self.passes(value, test),
                    PathSegment::Deep => !self.branches.iter().skip(begin).any(|known| *known == next),
                    _ => false,
                };
                if reached {
                    self.branches.push(next);
                }
            }
            at += 1;
        }
    }

    fn passes(&mut self, value: u32, test: &'p Test) -> bool {
        if self.doc.node(value).kind != Kind::Object {
            return false;
        }
        let key = test.key.as_str();
        let known = self.looked_up.iter().find(|(known, _)| *known == key);
        let member = known.map_or_else(|| member(self.doc, value, key), |(_, member)| *member);
        if known.is_none() {
            self.looked_up.push((key, member));
        }
        let Some(node) = member.map(|index| self.doc.node(index)) else {
            return test.condition.holds(Member::Missing);
        };
        let is_string = node.kind == Kind::String;
        let member = is_string.then(|| text_of(self.doc, node)).flatten();
        test.condition
            .holds(member.as_deref().map_or(Member::Other, Member::Text))
    }

    /// Returns the first path that selects a value.
    fn selected(&self, value: u32, begin: usize) -> Option<usize> {
        let is_string = self.doc.node(value).kind == Kind::String;
        let active = self.branches.iter().skip(begin);
        active
            .filter_map(|branch| self.tree.end(*branch, is_string))
            .min()
    }

    /// Opens a value if it is a container that some branch leads into; returns true if it did.
    fn opens(&mut self, value: u32, begin: usize) -> bool {
        let kind = self.doc.node(value).kind;
        let leads = |branch: &u32| {
            self.tree.is_deep(*branch)
                || self.tree.next(*branch).any(|(_, segment)| match segment {
                    PathSegment::Key(_) => kind == Kind::Object,
                    PathSegment::Every => kind == Kind::Array,
                    _ => false,
                })
        };
        let opens = matches!(kind, Kind::Array | Kind::Object) && self.branches.iter().skip(begin).any(leads);
        if opens {
            self.open.push(OpenContainer {
                index: value,
                first: begin,
                is_object: kind == Kind::Object,
                call: OnceCell::new(),
                tools: RefCell::default(),
            });
        }
        opens
    }

    /// Returns the objects around the value at hand, innermost first.
    fn objects(&self) -> impl Iterator<Item = &OpenContainer> {
        self.open.iter().rev().filter(|open| open.is_object)
    }
}

impl Tools for Walk<'_, '_> {
    fn tool(&self, path: usize) -> Option<String> {
        let around = self.objects().next();
        let known = |around: &OpenContainer| {
            let tools = around.tools.borrow();
            let known = tools.iter().find(|(known, _)| *known == path);
            known.map(|(_, tool)| tool.clone())
        };
        if let Some(tool) = around.and_then(known) {
            return tool;
        }
        let named = || {
            let keys = &self.paths.get(path).filter(|path| !path.tool.is_empty())?.tool;
            let mut keys = keys.iter();
            let named = keys.try_fold(around?.index, |at, key| member(self.doc, at, key));
            let node = self.doc.node(named?);
            (node.kind == Kind::String).then(|| decoded(self.doc.inner(node)))
        };
        // A large object is read once for all payloads in it.
        let call = |object: &OpenContainer| {
            let member = |key| member(self.doc, object.index, key);
            let find = || member("tool_call_id").or_else(|| member("tool_use_id"));
            *object.call.get_or_init(find)
        };
        let called = || {
            let id = self.objects().find_map(call)?;
            self.called(self.doc.inner(self.doc.node(id)))
        };
        let tool = named()
            .or_else(called)
            .or_else(|| self.outer.and_then(|outer| outer.tool(path)));
        if let Some(around) = around {
            around.tools.borrow_mut().push((path, tool.clone()));
        }
        tool
    }

    fn called(&self, id: &[u8]) -> Option<String> {
        let names = self.names.get_or_init(|| call_names(self.doc));
        let name = names.get(id).map(|name| decoded(name));
        name.or_else(|| self.outer.and_then(|outer| outer.called(id)))
    }
}

/// Decodes a string that may hold JSON; returns the text and its frame. The text begins with an object or
/// array, or it is a string without anything around it; a newline behind that is part of the frame.
fn decoded_json(raw: &[u8]) -> Option<(Vec<u8>, Frame)> {
    let (mut text, mut frame) = strings::decoded(raw, 0)?;
    if text.first() == Some(&b'"') {
        let (_, newline) = string_in(&text)?;
        frame = frame.ending(newline);
        text.truncate(text.len() - usize::from(newline));
    }
    matches!(text.first(), Some(b'{' | b'[' | b'"')).then_some((text, frame))
}

/// Returns what stands for a string in whose JSON something was found. If that is the JSON as a whole, the
/// string itself is the payload.
fn in_string(text: Vec<u8>, frame: Frame, mut found: Vec<Found>) -> Option<Content> {
    let is_string = text.first() == Some(&b'"');
    match found.pop_if(|found| found.node == 0).map(|found| found.content) {
        Some(Content::Payload(mut payload)) => {
            payload.json_strings += usize::from(is_string);
            Some(Content::Payload(payload))
        }
        Some(Content::Embedded(mut embedded)) => {
            embedded.frame = frame.around(embedded.frame)?;
            Some(Content::Embedded(embedded))
        }
        Some(content @ (Content::Keep | Content::Results)) => Some(content),
        None if found.is_empty() => None,
        None => Some(Content::Embedded(Embedded { frame, text, found })),
    }
}
