//! One walk over a text with all paths, and over the JSON in its strings that they lead into.

use std::cell::{OnceCell, RefCell};

use crate::crush::call_names::{CallId, call_names, call_of, id_text, named_by_attributes};
use crate::crush::embedded::Strings;
use crate::crush::found::{Content, Found, Payload};
use crate::crush::tools::{Tools, decoded, member, text_of};
use crate::crush::walk_memory::{Memory, OpenContainer};
use crate::hashing::Map;
use crate::json::tape::{Doc, Kind};
use crate::payload_path::Path;
use crate::payload_path::segment::{End, Member};
use crate::payload_path::tree::{Branch, NameSet, PathTree, Tests};

/// One walk over a text, in the order in which it stands, with the branches of the paths that are active at
/// each value.
pub(crate) struct Walk<'a, 'p> {
    doc: &'p Doc<'a>,
    paths: &'p [Path],
    tree: &'p PathTree,
    memory: Memory,
    /// Tool names by call id, collected when first needed.
    names: OnceCell<Map<&'a [u8], &'a [u8]>>,
    /// The walk over the text around this one, at the string that holds it.
    outer: Option<&'p dyn Tools>,
}

impl<'a, 'p> Walk<'a, 'p> {
    /// Returns a walk that begins at the root of the text, with the branches in its memory.
    pub fn new(
        doc: &'p Doc<'a>,
        paths: &'p [Path],
        tree: &'p PathTree,
        memory: Memory,
        outer: Option<&'p dyn Tools>,
    ) -> Self {
        Self {
            doc,
            paths,
            tree,
            memory,
            names: OnceCell::new(),
            outer,
        }
    }

    /// Walks over the whole text; returns what was found, in document order.
    pub fn found(mut self, strings: &mut Strings<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        self.value(0, 0, strings, &mut found);
        while let Some(open) = self.memory.open.last_mut() {
            let (first, end) = open.branches;
            let next = if open.is_object {
                let member = self.memory.members.get(open.at).copied();
                open.at += 1;
                member
            } else if open.at < self.doc.node(open.index).next as usize {
                let element = open.at as u32;
                open.at = self.doc.node(element).next as usize;
                Some((None, element))
            } else {
                None
            };
            let Some((name, value)) = next else {
                self.memory.members.truncate(open.members);
                self.memory.branches.truncate(first);
                self.memory.open.pop();
                continue;
            };
            let is_object = open.is_object;
            for at in first..end {
                self.step(at, is_object, name);
            }
            if self.memory.branches.len() > end {
                self.value(value, end, strings, &mut found);
            }
        }
        // In document order a payload that contains another one contains the one right behind it.
        if found.len() > 1 {
            let next: Vec<u32> = found.iter().skip(1).map(|found| found.node).collect();
            let mut next = next.into_iter().chain([u32::MAX]);
            found.retain(|found| {
                let next = next.next();
                let is_innermost = next.is_none_or(|next| next >= self.doc.node(found.node).next);
                is_innermost || matches!(found.content, Content::Results)
            });
        }
        strings.memories.push(self.memory);
        found
    }

    /// Takes up a value, whose branches begin at `begin`: notes what the paths find there, and opens it if one
    /// leads into it.
    fn value(&mut self, value: u32, begin: usize, strings: &mut Strings<'_>, found: &mut Vec<Found>) {
        let members = self.memory.members.len();
        let names = self.settle(value, begin);
        if let Some(content) = self.content(value, begin, strings) {
            found.push(Found { node: value, content });
        }
        if !self.opens(value, begin, members, names) {
            self.memory.members.truncate(members);
            self.memory.branches.truncate(begin);
        }
    }

    /// Returns what the paths find at a value: payloads in it if it is a string that holds JSON, else the
    /// value itself.
    fn content(&self, value: u32, begin: usize, strings: &mut Strings<'_>) -> Option<Content> {
        let is_string = self.doc.node(value).kind == Kind::String;
        let embedded = is_string.then(|| self.embedded(value, begin, strings)).flatten();
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
                names_call: self.call_around().is_some(),
                json_strings: 0,
                recognised_by: None,
            }))
        })
    }

    /// Returns what the paths find in the JSON that a string holds; none if none leads into it.
    fn embedded(&self, value: u32, begin: usize, strings: &mut Strings<'_>) -> Option<Content> {
        let mut inside = self.active(begin).filter_map(|branch| branch.json).peekable();
        inside.peek()?;
        let raw = self.doc.inner(self.doc.node(value));
        strings.look_into(raw, |doc, strings| {
            let memory = strings.begin(inside);
            Walk::new(doc, self.paths, self.tree, memory, Some(self)).found(strings)
        })
    }

    /// Returns the branches from one on.
    fn active(&self, begin: usize) -> impl Iterator<Item = &'p Branch> {
        let active = self.memory.branches.iter().skip(begin);
        let tree = self.tree;
        active.filter_map(move |branch| tree.branch(*branch))
    }

    /// Appends the branches that one leads to: from an array to an element, from an object to a member of a
    /// name.
    fn step(&mut self, at: usize, is_object: bool, name: Option<u32>) {
        let Some(number) = self.memory.branches.get(at).copied() else {
            return;
        };
        let Some(branch) = self.tree.branch(number) else {
            return;
        };
        if branch.is_deep {
            self.memory.branches.push(number);
        }
        if !is_object {
            self.memory.branches.extend(branch.every);
        } else if let Some(name) = name
            && branch.leads_to(NameSet::of(name))
        {
            self.memory.branches.extend(branch.behind(name));
        }
    }

    /// Appends the branches that are reached without leaving a value, whose own begin at `begin`: behind tests
    /// that it passes, or of any depth. Notes its members if a branch asks for them, and returns their names.
    fn settle(&mut self, value: u32, begin: usize) -> NameSet {
        let is_object = self.doc.node(value).kind == Kind::Object;
        let first = self.memory.members.len();
        let mut noted = None;
        let mut at = begin;
        while let Some(branch) = self.memory.branches.get(at) {
            at += 1;
            let Some(branch) = self.tree.branch(*branch) else {
                continue;
            };
            if let Some(deep) = branch.deep {
                let mut known = self.memory.branches.iter().skip(begin);
                if !known.any(|known| *known == deep) {
                    self.memory.branches.push(deep);
                }
            }
            if !is_object || (branch.tests.is_empty() && !branch.has_keys()) {
                continue;
            }
            let names = *noted.get_or_insert_with(|| self.note_members(value, false));
            for tests in &branch.tests {
                match self.member(first, names, tests.name) {
                    Some(member) => self.test(member, tests),
                    None => self.memory.branches.extend(&tests.when_missing),
                }
            }
        }
        noted.unwrap_or_default()
    }

    /// Notes the members of an object that paths ask for, or all of them. Returns their names.
    fn note_members(&mut self, object: u32, all: bool) -> NameSet {
        let mut names = NameSet::default();
        for (key, value) in self.doc.members(object) {
            let name = text_of(self.doc, self.doc.node(key)).and_then(|key| self.tree.name(&key));
            if let Some(name) = name {
                names.add(name);
            } else if !all {
                continue;
            }
            self.memory.members.push((name, value));
        }
        names
    }

    /// Returns the first member of a name, among the members from `first` on, which have these names.
    fn member(&self, first: usize, names: NameSet, name: u32) -> Option<u32> {
        if !names.meets(NameSet::of(name)) {
            return None;
        }
        let mut members = self.memory.members.iter().skip(first);
        let (_, value) = members.find(|(known, _)| *known == Some(name))?;
        Some(*value)
    }

    /// Appends the branches behind the tests that a member passes.
    fn test(&mut self, member: u32, tests: &Tests) {
        let node = self.doc.node(member);
        let is_asked = node.kind == Kind::String && tests.asks_for_text(self.doc.inner(node).len());
        let text = is_asked.then(|| text_of(self.doc, node)).flatten();
        let member = text.as_deref().map_or(Member::Other, Member::Text);
        self.memory.branches.extend(tests.behind(member));
    }

    /// Returns the first path that selects a value.
    fn selected(&self, value: u32, begin: usize) -> Option<usize> {
        let is_string = self.doc.node(value).kind == Kind::String;
        self.active(begin)
            .filter_map(|branch| branch.end(is_string))
            .min()
    }

    /// Opens a value if it is a container that some branch leads into; returns true if it did. Its members
    /// begin at `members`, and have these names.
    fn opens(&mut self, value: u32, begin: usize, members: usize, names: NameSet) -> bool {
        let is_object = match self.doc.node(value).kind {
            Kind::Array => false,
            Kind::Object => true,
            _ => return false,
        };
        let is_deep = self.active(begin).any(|branch| branch.is_deep);
        if is_deep && is_object {
            self.memory.members.truncate(members);
            self.note_members(value, true);
        }
        let leads = |branch: &Branch| {
            if is_object {
                branch.leads_to(names)
            } else {
                branch.every.is_some()
            }
        };
        if !is_deep && !self.active(begin).any(leads) {
            return false;
        }
        self.memory.open.push(OpenContainer {
            index: value,
            branches: (begin, self.memory.branches.len()),
            members,
            at: if is_object { members } else { value as usize + 1 },
            is_object,
            call: OnceCell::new(),
            tools: RefCell::default(),
        });
        true
    }

    /// Returns the id of the call that the objects around the value at hand name, the innermost first. An id
    /// of their own counts if a call has it.
    fn call_around(&self) -> Option<&'a [u8]> {
        self.objects().find_map(|object| {
            // A large object is read once for all payloads in it.
            let call = object.call.get_or_init(|| call_of(self.doc, object.index));
            match *call.as_ref()? {
                CallId::Of(id) => Some(id_text(self.doc, id)),
                CallId::Own(id) => Some(id_text(self.doc, id)).filter(|id| self.called(id).is_some()),
            }
        })
    }

    /// Returns the name of the tool in the attributes of an object, where these are a list of pairs.
    fn attributed(&self, object: &OpenContainer) -> Option<String> {
        named_by_attributes(self.doc, object.index).map(decoded)
    }

    /// Returns the objects around the value at hand, innermost first.
    fn objects(&self) -> impl Iterator<Item = &OpenContainer> {
        self.memory.open.iter().rev().filter(|open| open.is_object)
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
            let path = self.paths.get(path).filter(|path| !path.tool.is_empty())?;
            let start = self.objects().nth(path.out)?.index;
            let named = path
                .tool
                .iter()
                .try_fold(start, |at, key| member(self.doc, at, key));
            let node = self.doc.node(named?);
            (node.kind == Kind::String).then(|| decoded(self.doc.inner(node)))
        };
        let tool = named()
            .or_else(|| self.called(self.call_around()?))
            .or_else(|| self.objects().find_map(|object| self.attributed(object)))
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
