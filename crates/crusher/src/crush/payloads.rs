//! The payloads of a record: which values its paths select, and the tool that each came from.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use crate::hashing::Map;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind, Node};
use crate::payload_path::Path;
use crate::payload_path::segment::{PathSegment, Test};
use crate::payload_path::tree::{PathTree, ROOT};

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
pub fn payloads(doc: &Doc<'_>, paths: &[Path], tree: &PathTree) -> Vec<Payload> {
    if paths.is_empty() {
        return vec![Payload {
            node: 0,
            path: None,
            tool: String::new(),
        }];
    }
    let mut found = Walk::new(doc, paths, tree).found();
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

/// True for a tool that looks originals up; what it gives has been asked for whole. Servers put prefixes
/// before its name.
fn is_retrieval(tool: &str) -> bool {
    tool.ends_with("headroom_retrieve")
}

/// One walk over a text, in the order in which it stands, with the branches of the paths that are active at
/// each value.
struct Walk<'a, 'p> {
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
    tools: RefCell<Vec<(usize, String)>>,
}

impl<'a, 'p> Walk<'a, 'p> {
    fn new(doc: &'p Doc<'a>, paths: &'p [Path], tree: &'p PathTree) -> Self {
        Self {
            doc,
            paths,
            tree,
            open: Vec::new(),
            branches: vec![ROOT],
            looked_up: Vec::new(),
            names: OnceCell::new(),
        }
    }

    /// Walks over the whole text; gives the payloads in document order.
    fn found(mut self) -> Vec<Payload> {
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
            if let Some(path) = self.selected(value, begin) {
                let tool = self.tool(path);
                let path = Some(path);
                found.push(Payload {
                    node: value,
                    path,
                    tool,
                });
            }
            if self.opens(value, begin) {
                at = value + 1;
            } else {
                self.branches.truncate(begin);
            }
        }
        found
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

    /// Appends the branches that are reached without leaving the value at hand: behind tests that it passes,
    /// and any depth that begins here. The value's own begin at `begin`.
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
        let text = |index| {
            let node = self.doc.node(index);
            (node.kind == Kind::String)
                .then(|| text_of(self.doc, node))
                .flatten()
        };
        let text = member.map(text);
        test.condition.holds(text.as_ref().map(Option::as_deref))
    }

    /// The first path that selects the value at hand.
    fn selected(&self, value: u32, begin: usize) -> Option<usize> {
        let is_string = self.doc.node(value).kind == Kind::String;
        let active = self.branches.iter().skip(begin);
        active
            .filter_map(|branch| self.tree.end(*branch, is_string))
            .min()
    }

    /// Opens the value at hand if it is a container that some branch leads into.
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

    /// The name of the tool of a payload that a path found at the value at hand.
    fn tool(&self, path: usize) -> String {
        let Some(around) = self.objects().next() else {
            return String::new();
        };
        if let Some((_, tool)) = around.tools.borrow().iter().find(|(known, _)| *known == path) {
            return tool.clone();
        }
        let named = || {
            let keys = &self.paths.get(path).filter(|path| !path.tool.is_empty())?.tool;
            let named = keys
                .iter()
                .try_fold(around.index, |at, key| member(self.doc, at, key));
            let node = self.doc.node(named?);
            (node.kind == Kind::String).then(|| decoded(self.doc.inner(node)))
        };
        let called = || {
            let names = self.names.get_or_init(|| call_names(self.doc));
            names.get(self.call()?).map(|name| decoded(name))
        };
        let tool = named().or_else(called).unwrap_or_default();
        around.tools.borrow_mut().push((path, tool.clone()));
        tool
    }

    /// The objects around the value at hand, innermost first.
    fn objects(&self) -> impl Iterator<Item = &OpenContainer> {
        self.open.iter().rev().filter(|open| open.is_object)
    }

    /// The id of the call whose result the innermost object around the value at hand is that names one.
    fn call(&self) -> Option<&'a [u8]> {
        let id = |object: &OpenContainer| {
            let member = |key| member(self.doc, object.index, key);
            *object
                .call
                .get_or_init(|| member("tool_call_id").or_else(|| member("tool_use_id")))
        };
        let id = self.objects().find_map(id)?;
        Some(self.doc.inner(self.doc.node(id)))
    }
}

/// The value of an object's first member of a name.
fn member(doc: &Doc<'_>, object: u32, name: &str) -> Option<u32> {
    let is_named = |key: u32| text_of(doc, doc.node(key)).is_some_and(|key| key == name.as_bytes());
    doc.members(object)
        .find(|(key, _)| is_named(*key))
        .map(|(_, value)| value)
}

/// The text of a string or key; none where it holds a lone surrogate.
fn text_of<'a>(doc: &Doc<'a>, node: Node) -> Option<Cow<'a, [u8]>> {
    let raw = doc.inner(node);
    if node.flags & ESCAPED == 0 {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = Vec::new();
    spelling::decode(raw, &mut text).then_some(Cow::Owned(text))
}

/// Names of tools by call id: `{"id":…,"function":{"name":…}}` and `{"type":"tool_use","id":…,"name":…}`.
fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    let plain = |object: u32, key: &[u8]| {
        // Calls name themselves in their first members; looking through large objects would cost time for
        // nothing.
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

/// The text of a raw string, or nothing for a lone surrogate.
fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
