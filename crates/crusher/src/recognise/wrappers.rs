//! What stands in the place of a result: the result, or a wrapper around it.

use crate::json::tape::Kind;
use crate::recognise::facts::{Facts, Set, Test};
use crate::recognise::found::Reason;
use crate::recognise::plan::{NamePlace, Plan, Ruling};
use crate::recognise::state::{Children, Judged, Walk};

impl Walk<'_, '_> {
    /// What a container in the place of a result is.
    pub(super) fn judge(&mut self, value: u32, ruling: Ruling, weakly: bool) -> Judged {
        let node = self.doc.node(value);
        let has_messages = |walk: &Self| walk.marks.has_messages(value, node.next);
        if node.kind == Kind::Array {
            let marks = self.marks;
            let doc = self.doc;
            let is_part = |element: u32| {
                doc.node(element).kind == Kind::Object && Facts::of(&doc, marks, element).is_part()
            };
            return if self.doc.elements(value).any(is_part) {
                Judged::Within(Plan::LOOK, Children::Result(ruling))
            } else if has_messages(self) {
                Judged::Look
            } else {
                Judged::Data
            };
        }
        let facts = Facts::of(&self.doc, self.marks, value);
        self.note_call(&facts);
        if facts.reasons || facts.constructed || facts.speaks || facts.other_step || facts.written {
            return Judged::Look;
        }
        if let Some(test) = facts.text {
            let plan = Plan {
                takes: Set::CONTENT.with(Set::WRAPPED),
                tests: [Some(test), None],
                ruling,
                ..Plan::LOOK
            };
            return Judged::Within(plan, Children::Look);
        }
        if let Some(test) = facts.blob {
            let plan = Plan {
                tests: [Some(test), None],
                ..Plan::LOOK
            };
            return Judged::Within(plan, Children::Binary);
        }
        let mut own = Plan::of(&facts);
        if own.takes.is_none() {
            own.takes = Set::WRAPPERS;
            self.name_from_inside(value, &facts, &mut own);
            own.takes = Set::NONE;
        } else {
            self.name_from_inside(value, &facts, &mut own);
        }
        // The text of a result may be an object of its own with such a name in it.
        let is_wrapper = weakly && facts.holds.meets(Set::WRAPPERS) && !facts.bulky;
        if !own.takes.is_none() && own.ruling.sure {
            return Judged::Within(
                Plan {
                    takes: if is_wrapper { Set::WRAPPERS } else { own.takes },
                    ..own
                },
                Children::Look,
            );
        }
        let is_call = facts.tool_name.is_some() || facts.arguments.is_some() || facts.input;
        let mut tests = [None; 2];
        if ruling.reason == Reason::Key && facts.count > 1 {
            tests = [facts.other_type.or(Some(Test::Untyped)), None];
        }
        if is_wrapper || (is_call && facts.holds.meets(Set::WRAPPERS)) {
            let plan = Plan {
                takes: Set::WRAPPERS,
                ruling,
                tests,
                of_tool: true,
                named: own.named,
                tool: own.tool.or(facts.name.map(NamePlace::member)),
                call_id: own.call_id.or(facts.id),
                ..Plan::LOOK
            };
            return Judged::Within(plan, Children::Look);
        }
        if !has_messages(self) {
            return Judged::Data;
        }
        if !facts.holds.meets(Set::WRAPPERS) {
            return Judged::Look;
        }
        let plan = Plan {
            takes: Set::WRAPPERS,
            ruling,
            tests,
            of_tool: true,
            named: own.named,
            tool: own.tool,
            call_id: own.call_id,
            ..Plan::LOOK
        };
        Judged::Within(plan, Children::Look)
    }
}
