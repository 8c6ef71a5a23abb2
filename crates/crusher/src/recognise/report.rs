//! What is found, with the path that selects it.

use crate::json::tape::Kind;
use crate::recognise::facts::{Facts, Set};
use crate::recognise::found::Found;
use crate::recognise::names::Name;
use crate::recognise::place::{self, MAX_PATH_BYTES};
use crate::recognise::plan::{Plan, Ruling};
use crate::recognise::state::{Children, Open, Outside, Walk};
use crate::tokens;

/// What is estimated of a long value; the rest counts alike.
const SAMPLE_BYTES: usize = 1 << 13;

impl Walk<'_, '_> {
    /// The path that selects the value at hand; none where no path leads there.
    pub(super) fn selecting(&mut self, value: u32, key: Option<u32>) -> Option<String> {
        let mut path = Vec::new();
        if !self.path(key, &mut path) {
            self.shared.recognised.unreachable += 1;
            return None;
        }
        if path.is_empty() || path.starts_with(b"|") {
            path.insert(0, b'$');
        }
        if self.doc.node(value).kind == Kind::String {
            path.extend_from_slice(b":string");
        }
        String::from_utf8(path).ok()
    }

    /// Leaves an object as it is, and notes paths of results elsewhere that would lead into it.
    pub(super) fn leave(&mut self, object: u32, key: Option<u32>, facts: &Facts) {
        if !facts.holds.meets(Set::TOOL_OUTPUT) {
            return;
        }
        self.push(object, key, Plan::LOOK, Children::Look, None);
        for (key, value) in self.doc.members(object) {
            if self.marks.at(key).0 == Name::ToolOutput {
                self.against(value, Some(key));
            }
        }
        self.open.pop();
    }

    /// Notes that a path which fits a result elsewhere would select this value, which isn't one.
    pub(super) fn against(&mut self, value: u32, key: Option<u32>) {
        if let Some(path) = self.selecting(value, key) {
            self.shared.recognised.against.push(path);
        }
    }

    pub(super) fn found(&mut self, value: u32, key: Option<u32>, ruling: Ruling) {
        let node = self.doc.node(value);
        let Some(path) = self.selecting(value, key) else {
            return;
        };
        let mut named = Outside::default();
        self.name_tool(&mut named);
        if !named.tool.is_empty() {
            named.call_id.clear();
        }
        let mut route = self.outside.route.clone();
        route.push(value);
        let (offset, length) = self.span(value);
        self.shared.recognised.found.push(Found {
            path,
            tool_path: self.path_of_tool(),
            tool: named.tool,
            sure: ruling.sure,
            reason: ruling.reason,
            tokens: estimate(self.doc.raw(node)),
            offset,
            length,
            route,
            by_neighbour: self.open.iter().any(|open| open.plan.by_neighbour),
            call_id: named.call_id,
        });
    }

    /// The path of the value at hand. False where no path leads there.
    pub(super) fn path(&self, key: Option<u32>, path: &mut Vec<u8>) -> bool {
        path.extend_from_slice(&self.outside.path);
        let step = |key: Option<u32>, parent: Option<&Open>, path: &mut Vec<u8>| match (key, parent) {
            (Some(key), _) => place::key(self.doc.inner(self.doc.node(key)), path),
            (None, Some(_)) => {
                path.extend_from_slice(b"[*]");
                true
            }
            (None, None) => true,
        };
        let mut parent = None;
        for open in self.open.iter() {
            if !step(open.key, parent, path) || path.len() > MAX_PATH_BYTES {
                return false;
            }
            let mut tests = open.plan.tests.iter().flatten();
            if !tests.all(|test| place::test(&self.doc, test, path)) {
                return false;
            }
            parent = Some(open);
        }
        step(key, parent, path) && path.len() <= MAX_PATH_BYTES
    }

    /// The token of a value in the record.
    pub(super) fn span(&self, value: u32) -> (usize, usize) {
        let node = self.doc.node(value);
        let here = (node.start as usize, (node.end - node.start) as usize);
        self.outside.span.unwrap_or(here)
    }
}

/// The tokens of a value, those of a long one from its beginning.
fn estimate(raw: &[u8]) -> u64 {
    let sample = raw.get(..SAMPLE_BYTES).unwrap_or(raw);
    let tokens = tokens::estimate(sample) as u64;
    if sample.len() == raw.len() {
        tokens
    } else {
        tokens * raw.len() as u64 / sample.len() as u64
    }
}
