//! Names of tools: beside a result, in a sibling, or in the call of the same id.

use crate::json::tape::Kind;
use crate::recognise::calls::text;
use crate::recognise::facts::Facts;
use crate::recognise::names::Name;
use crate::recognise::place;
use crate::recognise::plan::{NamePlace, Plan};
use crate::recognise::state::{Outside, Shape, Walk};

/// Members of an object, and of those in it, that may name its tool.
const MAX_SIBLINGS: usize = 16;

impl<'a> Walk<'a, '_> {
    /// Notes the name of a tool that is called here.
    pub(super) fn note_call(&mut self, facts: &Facts) {
        if facts.arguments.is_none() && !facts.input && facts.call.is_none() && facts.function.is_none() {
            return;
        }
        let function = facts.function.and_then(|function| {
            let mut members = self.doc.members(function).take(16);
            members.find(|(key, _)| self.marks.at(*key).0 == Name::Plain)
        });
        let name = facts
            .tool_name
            .map(|(_, value)| value)
            .or(function.map(|(_, value)| value))
            .or(facts.name);
        let id = facts
            .call_id
            .map(|(_, value)| value)
            .or(facts.id)
            .or(facts.number);
        if let (Some(id), Some(name)) = (id, name) {
            self.shared
                .calls
                .note(self.id(id), self.doc.inner(self.doc.node(name)));
        }
    }

    /// An id as it stands, a string without its quotes.
    pub(super) fn id(&self, value: u32) -> &'a [u8] {
        let node = self.doc.node(value);
        if node.kind == Kind::String {
            self.doc.inner(node)
        } else {
            self.doc.raw(node)
        }
    }

    /// Looks for the name of the tool, or the id of the call, in objects right inside an object: in a sibling
    /// of its result.
    pub(super) fn name_from_inside(&self, object: u32, facts: &Facts, plan: &mut Plan) {
        let nameless = plan.tool.is_none() && plan.call_id.is_none();
        if plan.takes.is_none() || !nameless {
            return;
        }
        if let Some(call) = facts.only_call {
            let of_call = Facts::of(&self.doc, self.marks, call);
            let function = of_call
                .function
                .map(|function| Facts::of(&self.doc, self.marks, function));
            let name = of_call.tool_name.map(|(_, value)| value).or(of_call.name);
            plan.tool = name
                .or(function.and_then(|function| function.name))
                .map(NamePlace::inside);
            return;
        }
        for (key, value) in self.doc.members(object).take(MAX_SIBLINGS) {
            let node = self.doc.node(value);
            if node.kind != Kind::Object || node.count > MAX_SIBLINGS as u32 || self.marks.at(key).0.is_kept()
            {
                continue;
            }
            for (key, value) in self.doc.members(value) {
                let is_text = self.doc.node(value).kind == Kind::String;
                match self.marks.at(key).0 {
                    Name::OfTool if is_text => plan.tool = plan.tool.or(Some(NamePlace::inside(value))),
                    Name::CallId if is_text => plan.call_id = plan.call_id.or(Some(value)),
                    _ => {}
                }
            }
        }
    }

    /// The tool of the value at hand, or the id of its call.
    pub(super) fn name_tool(&self, outside: &mut Outside) {
        let raw = |index: u32| self.doc.inner(self.doc.node(index));
        for open in self.open.iter().rev() {
            if let Some(place) = open.plan.tool {
                let name = text(raw(place.value).get(place.begins..).unwrap_or_default());
                // The name of a span says what is done before it says with which tool.
                let name = name.rsplit(' ').next().unwrap_or_default();
                name.trim_matches('\'').clone_into(&mut outside.tool);
            }
            if let Some(id) = open.plan.call_id {
                outside.call_id = self.id(id).to_vec();
            }
            if !outside.tool.is_empty() || !outside.call_id.is_empty() {
                return;
            }
        }
        outside.tool.clone_from(&self.outside.tool);
        outside.call_id.clone_from(&self.outside.call_id);
    }

    /// The way to the tool's name, where it is a member of the innermost object around the value at hand.
    pub(super) fn path_of_tool(&self) -> String {
        let mut path = Vec::new();
        let around = self.open.iter().rev().find(|open| open.shape == Shape::Object);
        let name = around
            .and_then(|open| open.plan.tool)
            .filter(|place| place.is_member);
        // A member's key stands right before its value.
        if let Some(key) = name.and_then(|place| place.value.checked_sub(1))
            && !place::key(self.doc.inner(self.doc.node(key)), &mut path)
        {
            path.clear();
        }
        String::from_utf8(path).unwrap_or_default()
    }
}
