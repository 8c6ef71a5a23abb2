//! Messages and attributes that aren't objects: spread over members, or listed as pairs.

use crate::json::tape::{Doc, Kind};
use crate::recognise::facts::{Facts, Set, Test};
use crate::recognise::found::Reason;
use crate::recognise::marks::Marks;
use crate::recognise::names::{Name, Tag};
use crate::recognise::plan::{Plan, Ruling};
use crate::recognise::state::{Children, Shape, Walk};

impl Walk<'_, '_> {
    /// Notes the tools' messages, and the calls, that are spread over the members of an object.
    pub(super) fn note_spread(&mut self, object: u32) {
        let mut call = (&b""[..], &b""[..]);
        for (key, value) in self.doc.members(object) {
            let raw = self.doc.inner(self.doc.node(key));
            let text = self.doc.inner(self.doc.node(value));
            let prefix = |suffix: &str| raw.strip_suffix(suffix.as_bytes()).unwrap_or(raw);
            match self.marks.at(key) {
                (Name::SpreadRole, Tag::Result) => {
                    self.spread.insert((object, prefix("role")), Test::Is(key, value));
                }
                (Name::SpreadCallId, _) => {
                    self.spread_ids.insert((object, prefix("tool_call_id")), value);
                }
                (Name::SpreadCall, _) => call = (prefix("id"), text),
                (Name::SpreadOfTool, _) if prefix("function.name") == call.0 => {
                    self.shared.calls.note(call.1, text);
                }
                _ => {}
            }
        }
    }

    /// The content of a message that is spread over members of its object, if the message is a tool's.
    pub(super) fn spread_content(&mut self, key: u32) -> bool {
        let raw = self.doc.inner(self.doc.node(key));
        let prefix = raw.strip_suffix(b"content").unwrap_or(raw);
        let Some(open) = self.open.last_mut() else {
            return false;
        };
        let Some(test) = self.spread.get(&(open.index, prefix)) else {
            return false;
        };
        if self.doc.node(key + 1).kind != Kind::String {
            return false;
        }
        let before = open.plan;
        open.plan.tests = [Some(*test), None];
        open.plan.call_id = self.spread_ids.get(&(open.index, prefix)).copied();
        open.plan.tool = None;
        let reason = Reason::Role;
        self.enter(
            key + 1,
            Some(key),
            Children::Result(Ruling { sure: true, reason }),
            None,
        );
        if let Some(open) = self.open.last_mut() {
            open.plan = before;
        }
        true
    }

    /// An element of a list of pairs.
    pub(super) fn pair(&mut self, element: u32) {
        let Some(open) = self.open.last() else { return };
        let (plan, handed) = (open.plan, open.handed);
        let Some((name_of, value)) = pair(&self.doc, self.marks, element) else {
            return;
        };
        let (key, text) = name_of;
        let name = self.shared.vocabulary.name(self.doc.inner(self.doc.node(text)));
        if name.is_kept() || name == Name::Members || (name == Name::Input && plan.of_tool) {
            return;
        }
        if name == Name::SpreadContent {
            return self.spread_pair(element, name_of);
        }
        let set = Set::of(name);
        let mut by_neighbour = false;
        let children = if set == Set::TOOL_OUTPUT {
            let reason = Reason::Key;
            Children::Result(Ruling { sure: true, reason })
        } else if plan.takes.meets(set) {
            // A path can ask for the pair, but not for the one beside it that says what this is.
            by_neighbour = true;
            Children::Result(plan.ruling)
        } else if let (Some((ruling, _)), true) = (handed, set.meets(Set::OUTPUT.with(Set::ERROR))) {
            Children::Result(ruling)
        } else {
            Children::Look
        };
        let plan = Plan {
            tests: [Some(Test::Is(key, text)), None],
            takes: match children {
                Children::Result(_) => Set::WRAPPED,
                _ => Set::NONE,
            },
            ruling: match children {
                Children::Result(ruling) => ruling,
                _ => Plan::LOOK.ruling,
            },
            by_neighbour,
            ..Plan::LOOK
        };
        let _ = value;
        self.push(element, None, plan, Children::Look, None);
    }

    /// The content of a message that is spread over pairs, if the message is a tool's. A path can ask for this
    /// pair, but not for the one that says so.
    fn spread_pair(&mut self, element: u32, (key, text): (u32, u32)) {
        let raw = self.doc.inner(self.doc.node(text));
        let Some(open) = self.open.last() else { return };
        let message = (open.index, raw.strip_suffix(b"content").unwrap_or(raw));
        if !self.spread.contains_key(&message) {
            return;
        }
        let reason = Reason::Role;
        let plan = Plan {
            tests: [Some(Test::Is(key, text)), None],
            takes: Set::WRAPPED,
            ruling: Ruling { sure: true, reason },
            call_id: self.spread_ids.get(&message).copied(),
            by_neighbour: true,
            ..Plan::LOOK
        };
        self.push(element, None, plan, Children::Look, None);
    }

    /// Notes the tools' messages, and the calls, that are spread over a list of pairs.
    fn note_spread_pairs(&mut self, list: u32) {
        let doc = self.doc;
        let mut call = (&b""[..], &b""[..]);
        for element in doc.elements(list) {
            let Some(((key, text), value)) = pair(&doc, self.marks, element) else {
                continue;
            };
            let (raw, value) = (doc.inner(doc.node(text)), unwrapped(&doc, value));
            if doc.node(value).kind != Kind::String {
                continue;
            }
            let said = doc.inner(doc.node(value));
            let prefix = |suffix: &str| raw.strip_suffix(suffix.as_bytes()).unwrap_or(raw);
            match self.shared.vocabulary.name(raw) {
                Name::SpreadRole if self.shared.vocabulary.tag(said, true) == Tag::Result => {
                    self.spread.insert((list, prefix("role")), Test::Is(key, text));
                }
                Name::SpreadCallId => {
                    self.spread_ids.insert((list, prefix("tool_call_id")), value);
                }
                Name::SpreadCall => call = (prefix("id"), said),
                Name::SpreadOfTool if prefix("function.name") == call.0 => {
                    self.shared.calls.note(call.1, said);
                }
                _ => {}
            }
        }
    }

    /// True for attributes that say that they are a tool's.
    pub(super) fn says_tool(&mut self, value: u32) -> bool {
        let facts = match self.doc.node(value).kind {
            Kind::Object => Facts::of(&self.doc, self.marks, value),
            _ => self.facts_of_pairs(value),
        };
        facts.tool.is_some()
    }

    pub(super) fn facts_of_pairs(&mut self, value: u32) -> Facts {
        let mut facts = Facts::default();
        for element in self.doc.elements(value) {
            let Some(((_, text), value)) = pair(&self.doc, self.marks, element) else {
                continue;
            };
            let name = self.shared.vocabulary.name(self.doc.inner(self.doc.node(text)));
            let value = unwrapped(&self.doc, value);
            let node = self.doc.node(value);
            let mut tag = Tag::Other;
            if matches!(name, Name::Role | Name::Type) && node.kind == Kind::String {
                tag = self
                    .shared
                    .vocabulary
                    .tag(self.doc.inner(node), name == Name::Role);
            }
            facts.member(&self.doc, (text, value), name, tag);
        }
        facts
    }

    pub(super) fn look_at_array(&mut self, value: u32, key: Option<u32>, handed: Option<(Ruling, u8)>) {
        let first = self.doc.elements(value).next();
        let is_pairs = first.is_some_and(|first| pair(&self.doc, self.marks, first).is_some());
        if !is_pairs {
            return self.push(value, key, Plan::LOOK, Children::Look, handed);
        }
        let facts = self.facts_of_pairs(value);
        let plan = Plan {
            tests: [None; 2],
            ..Plan::of(&facts)
        };
        self.push(value, key, plan, Children::Look, handed);
        if let Some(open) = self.open.last_mut() {
            open.shape = Shape::Pairs;
        }
        self.note_spread_pairs(value);
    }
}

/// The key and value of a pair: an object with the members `key`, a string, and `value` only.
fn pair(doc: &Doc<'_>, marks: &Marks, element: u32) -> Option<((u32, u32), u32)> {
    let node = doc.node(element);
    if node.kind != Kind::Object || node.count != 2 {
        return None;
    }
    let mut members = doc.members(element);
    let (first, second) = (members.next()?, members.next()?);
    let ((key, text), (other, value)) = match marks.at(first.0).0 {
        Name::Key => (first, second),
        _ => (second, first),
    };
    let fits = marks.at(key).0 == Name::Key
        && marks.at(other).0 == Name::Wrapped
        && doc.node(text).kind == Kind::String;
    fits.then_some(((key, text), value))
}

/// The value in `{"stringValue": …}`.
fn unwrapped(doc: &Doc<'_>, value: u32) -> u32 {
    let node = doc.node(value);
    if node.kind == Kind::Object && node.count == 1 {
        value + 2
    } else {
        value
    }
}
