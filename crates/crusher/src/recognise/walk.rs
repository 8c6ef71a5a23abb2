//! The walk over a record: what each object says decides what its members are.
//!
//! The walk keeps its own list of open containers, so that depth costs heap, never stack. Only a string that
//! holds JSON begins a walk of its own, at most three inside one another.

use crate::json::tape::Kind;
use crate::recognise::facts::{Facts, Set};
use crate::recognise::found::Reason;
use crate::recognise::names::Name;
use crate::recognise::plan::{NamePlace, Plan, Ruling};
use crate::recognise::state::{Children, Judged, Open, Shape, Walk};

/// A step of a tool hands down what it is to objects so far below.
const HANDED_DOWN: u8 = 4;
/// What an object right below is handed.
const HANDED_DOWN_ONCE: u8 = HANDED_DOWN - 1;
/// A shorter string is no image.
const MIN_BINARY_BYTES: usize = 200;

/// What stands in a span whose attributes say that it is a tool's.
const OF_SPAN: Ruling = Ruling {
    sure: false,
    reason: Reason::Step,
};

impl Walk<'_, '_> {
    /// Goes over the whole text.
    pub(super) fn look(mut self) {
        self.enter(0, None, Children::Look, None);
        self.go_on();
    }

    pub(super) fn go_on(&mut self) {
        while let Some(open) = self.open.last_mut() {
            if open.at >= open.end {
                self.open.pop();
                continue;
            }
            let at = open.at;
            match open.shape {
                Shape::Object => {
                    open.at = self.doc.node(at + 1).next;
                    self.member(at);
                }
                Shape::Array => {
                    open.at = self.doc.node(at).next;
                    let (children, handed) = (open.children, open.handed);
                    self.enter(at, None, children, handed);
                }
                Shape::Pairs => {
                    open.at = self.doc.node(at).next;
                    self.pair(at);
                }
            }
        }
    }

    /// A member of the innermost container, which is an object.
    pub(super) fn member(&mut self, key: u32) {
        let Some(open) = self.open.last_mut() else { return };
        let (name, _) = self.marks.at(key);
        let value = key + 1;
        let node = self.doc.node(value);
        let (plan, handed) = (open.plan, open.handed);
        if let Children::Binary = open.children {
            return self.enter(value, Some(key), Children::Binary, None);
        }
        if name.is_kept() || (name == Name::Members && !plan.constructed) {
            return;
        }
        if name == Name::Input && plan.of_tool {
            return;
        }
        if name == Name::OfTool && node.kind == Kind::String {
            // Steps that are spread over numbered members name their tool before its result.
            open.plan.tool = Some(NamePlace::member(value));
        }
        let mut set = Set::of(name);
        if name == Name::File && node.kind == Kind::String
            || set == Set::OBSERVATION && !plan.ruling.sure && node.kind == Kind::Array
        {
            // The name of a file; a list of spans.
            set = Set::NONE;
        }
        if set == Set::TOOL_OUTPUT {
            let ruling = Ruling {
                sure: true,
                reason: Reason::Key,
            };
            return self.enter(value, Some(key), Children::Result(ruling), None);
        }
        if plan.takes.meets(set) {
            if set == Set::STATUS {
                if node.kind == Kind::Object {
                    let status = Plan {
                        takes: Set::MESSAGE,
                        ruling: plan.ruling,
                        ..Plan::LOOK
                    };
                    self.push(value, Some(key), status, Children::Look, None);
                }
                return;
            }
            return self.enter(value, Some(key), Children::Result(plan.ruling), None);
        }
        if let (Some((ruling, _)), true) = (handed, set.meets(Set::OUTPUT.with(Set::ERROR))) {
            return self.enter(value, Some(key), Children::Result(ruling), None);
        }
        if name == Name::SpreadContent && self.spread_content(key) {
            return;
        }
        let handed = if plan.hands_down {
            Some((plan.ruling, HANDED_DOWN))
        } else {
            handed
        };
        self.enter(value, Some(key), Children::Look, handed);
    }

    /// Takes up one value: opens it, finds it, or leaves it.
    pub(super) fn enter(
        &mut self,
        value: u32,
        key: Option<u32>,
        children: Children,
        handed: Option<(Ruling, u8)>,
    ) {
        let handed = handed.and_then(|(ruling, levels)| Some((ruling, levels.checked_sub(1)?)));
        let node = self.doc.node(value);
        match (node.kind, children) {
            (Kind::String, Children::Look) => self.look_at_string(value, key),
            (Kind::String, Children::Result(ruling)) => self.string(value, key, ruling),
            (Kind::String, Children::Binary) => {
                let raw = self.doc.inner(node);
                if raw.len() >= MIN_BINARY_BYTES && !raw.contains(&b' ') {
                    let reason = Reason::Binary;
                    self.found(value, key, Ruling { sure: false, reason });
                }
            }
            (Kind::Object, Children::Look) => self.look_at_object(value, key, handed),
            (Kind::Array, Children::Look) => {
                // A list in a tool's step may be of steps that aren't a tool's.
                let handed = handed.filter(|(ruling, _)| !ruling.sure);
                self.look_at_array(value, key, handed);
            }
            (Kind::Array | Kind::Object, Children::Result(ruling)) => match self.judge(value, ruling, true) {
                Judged::Data if node.count > 0 && key.is_some() | self.open.is_empty() => {
                    // An object whose key alone says what it is may hold what went in as well.
                    let named = self.open.last().is_some_and(|open| open.plan.named);
                    let alone = ruling.reason == Reason::Key && node.kind == Kind::Object && !named;
                    let sure = ruling.sure && !alone;
                    self.found(value, key, Ruling { sure, ..ruling });
                }
                Judged::Data => {}
                Judged::Within(plan, children) => self.push(value, key, plan, children, None),
                Judged::Look => {
                    self.against(value, key);
                    self.enter(value, key, Children::Look, None);
                }
            },
            (Kind::Array | Kind::Object, Children::Binary) => {
                self.push(value, key, Plan::LOOK, Children::Binary, None);
            }
            _ => {}
        }
    }

    /// Takes up an object that stands in no result.
    fn look_at_object(&mut self, value: u32, key: Option<u32>, handed: Option<(Ruling, u8)>) {
        let facts = Facts::of(&self.doc, self.marks, value);
        self.note_call(&facts);
        // What stands beside its hash must not change.
        if facts.reasons || facts.is_definition() || (facts.hash && facts.messages) {
            return self.leave(value, key, &facts);
        }
        let mut plan = Plan::of(&facts);
        self.name_from_inside(value, &facts, &mut plan);
        if facts.is_remote_call && plan.call_id.is_none() {
            plan.call_id = facts.number;
        }
        let stops = facts.speaks || facts.other_step || !plan.takes.is_none();
        let handed_reason = handed.map(|(ruling, _)| ruling.reason);
        let mut handed = handed.filter(|_| !stops);
        if facts.result_is_role && facts.call_id.is_none() && handed_reason == Some(Reason::Step) {
            // In a tool's own span a tool's message may be what went in.
            plan.ruling.sure = false;
        }
        if let (Some((ruling, HANDED_DOWN_ONCE)), true) = (handed, plan.takes.is_none())
            && ruling.reason == Reason::Type
            && facts.is_body()
        {
            plan.takes = Set::CONTENT;
            plan.ruling = ruling;
            plan.call_id = facts.id;
        }
        if let (Some((ruling, _)), true) = (handed, plan.takes.is_none())
            && ruling.reason == Reason::Call
            && let Some(called) = plan.of_called(&facts)
        {
            plan = called;
        }
        if plan.takes.is_none() && self.is_root_or_in_it() {
            // A file has lines of several types; what is found in one says nothing about others.
            plan.tests = [facts.other_type, None];
        }
        if plan.takes.is_none() && facts.attributes.is_some_and(|value| self.says_tool(value)) {
            // No path can ask for what stands in the attributes, so that nothing here is sure.
            plan.takes = Set::ERROR.with(Set::STATUS);
            plan.ruling = OF_SPAN;
            plan.tool = facts.name.map(NamePlace::member);
            handed = Some((OF_SPAN, HANDED_DOWN));
        }
        self.push(value, key, plan, Children::Look, handed);
    }

    /// True where the value at hand is the record, or an element of the list that the record is.
    pub(super) fn is_root_or_in_it(&self) -> bool {
        match self.open.as_slice() {
            [] => true,
            [root] => root.shape == Shape::Array,
            _ => false,
        }
    }

    pub(super) fn push(
        &mut self,
        index: u32,
        key: Option<u32>,
        plan: Plan,
        children: Children,
        handed: Option<(Ruling, u8)>,
    ) {
        let node = self.doc.node(index);
        let shape = if node.kind == Kind::Array {
            Shape::Array
        } else {
            Shape::Object
        };
        if shape == Shape::Object && self.marks.is_spread {
            self.note_spread(index);
        }
        self.open.push(Open {
            index,
            at: index + 1,
            end: node.next,
            shape,
            key,
            plan,
            children,
            handed,
        });
    }
}
