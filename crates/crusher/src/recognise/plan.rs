//! The rules: what is to be done with an object, by what its members say.

use crate::recognise::facts::{Facts, Set, Test};
use crate::recognise::found::Reason;

/// How sure a finding is, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruling {
    pub sure: bool,
    pub reason: Reason,
}

/// Where the name of a tool stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamePlace {
    pub value: u32,
    /// Where in the text the name begins.
    pub begins: usize,
    /// The text is a member of the object itself.
    pub is_member: bool,
}

impl NamePlace {
    /// The name is a member of the object.
    pub fn member(value: u32) -> Self {
        Self {
            value,
            begins: 0,
            is_member: true,
        }
    }

    /// The name stands further inside.
    pub fn inside(value: u32) -> Self {
        Self {
            is_member: false,
            ..Self::member(value)
        }
    }
}

/// What is to be done with an object.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing, in any combination"
)]
pub(super) struct Plan {
    /// The members that hold the result.
    pub takes: Set,
    pub ruling: Ruling,
    /// What a path must ask for.
    pub tests: [Option<Test>; 2],
    /// The object is a tool's: what went in isn't looked at, and objects below belong to the same step.
    pub of_tool: bool,
    /// Objects below may hold the output as well.
    pub hands_down: bool,
    /// `kwargs` are the members of this object.
    pub constructed: bool,
    pub tool: Option<NamePlace>,
    pub call_id: Option<u32>,
    /// What says that it is a result stands beside the object, where no path can ask for it.
    pub by_neighbour: bool,
    /// A name or an id stands among the members.
    pub named: bool,
}

/// What a tool has given, whatever kind of object it stands in.
const OUTPUT: Set = Set::OUTPUT.with(Set::STRUCTURED).with(Set::ERROR);
/// As `OUTPUT`, where a response can only be a tool's.
const ANY_OUTPUT: Set = OUTPUT.with(Set::RESPONSE);

/// A rule: the plan for an object where it fits.
type Rule = fn(Plan, &Facts) -> Option<Plan>;

/// The rules, the first one that fits decides.
const RULES: [Rule; 8] = [
    Plan::of_result,
    Plan::of_step,
    Plan::of_call,
    Plan::beside_call_id,
    Plan::beside_tool_name,
    Plan::of_observation,
    Plan::beside_outcome,
    Plan::of_command,
];

impl Plan {
    /// Nothing is taken; what lies below is looked at.
    pub const LOOK: Self = Self {
        takes: Set::NONE,
        ruling: Ruling {
            sure: false,
            reason: Reason::Key,
        },
        tests: [None; 2],
        of_tool: false,
        hands_down: false,
        constructed: false,
        tool: None,
        call_id: None,
        by_neighbour: false,
        named: false,
    };

    /// The plan for an object by its members: the first rule that fits.
    pub fn of(facts: &Facts) -> Self {
        let look = Self {
            constructed: facts.constructed,
            named: facts.name.is_some() || facts.tool_name.is_some() || facts.call_id.is_some(),
            ..Self::LOOK
        };
        let named = Self {
            call_id: facts.call_id.map(|(_, value)| value),
            tool: facts
                .tool_name
                .map(|(_, value)| value)
                .or(facts.name)
                .map(NamePlace::member),
            of_tool: true,
            hands_down: true,
            ..look
        };
        RULES.iter().find_map(|rule| rule(named, facts)).unwrap_or(look)
    }

    /// A plan that takes these members.
    fn taking(self, takes: Set, sure: bool, reason: Reason, tests: [Option<Test>; 2]) -> Self {
        Self {
            takes,
            ruling: Ruling { sure, reason },
            tests,
            ..self
        }
    }

    /// The role or the type says that it is a result.
    fn of_result(self, facts: &Facts) -> Option<Self> {
        let result = facts.result?;
        let mut takes = ANY_OUTPUT
            .with(Set::ARTIFACT)
            .with(Set::OBSERVATION)
            .with(Set::STATUS);
        let is_named = facts.call_id.is_some() || self.tool.is_some();
        // A step or an event of this type may hold more than the result.
        if facts.result_is_role || is_named || !facts.bulky {
            takes = takes.with(Set::CONTENT);
        }
        if facts.result_is_role && !facts.holds.meets(Set::CONTENT) {
            takes = takes.with(Set::WRAPPED);
        }
        let (sure, reason) = if facts.result_is_role {
            (facts.role_is_plain || is_named, Reason::Role)
        } else {
            (true, Reason::Type)
        };
        let call_id = self.call_id.or(facts.id);
        Some(Self { call_id, ..self }.taking(takes, sure, reason, [Some(result), None]))
    }

    /// The type says that it is something of a tool's: a span, a step, a part with a call and its result.
    fn of_step(self, facts: &Facts) -> Option<Self> {
        if facts.is_function && facts.input && facts.name.is_some() {
            return Some(self.taking(OUTPUT, true, Reason::Step, [facts.other_type, None]));
        }
        let tool = facts.tool?;
        let mut plan = self;
        if let (None, Test::Begins(_, value, begins)) = (self.tool, tool) {
            let is_member = false;
            plan.tool = Some(NamePlace {
                value,
                begins,
                is_member,
            });
        }
        let takes = ANY_OUTPUT.with(Set::STATUS).with(Set::OBSERVATION);
        let called = facts.call_id.map(|(key, _)| Test::Has(key));
        if called.is_some() && facts.is_plain() {
            let takes = takes.with(Set::CONTENT).with(Set::ARTIFACT);
            return Some(plan.taking(takes, true, Reason::Type, [Some(tool), called]));
        }
        Some(plan.taking(takes, true, Reason::Step, [Some(tool), None]))
    }

    /// The type says that it is a call, and the output stands in it.
    fn of_call(self, facts: &Facts) -> Option<Self> {
        let call = facts.call?;
        let sure = facts.call_id.is_some() || self.tool.is_some();
        Some(self.taking(OUTPUT, sure, Reason::Call, [Some(call), None]))
    }

    /// What was called stands in a part of its own in the call: its name, its arguments and its output.
    pub fn of_called(self, facts: &Facts) -> Option<Self> {
        let name = facts
            .name
            .filter(|_| facts.holds.meets(Set::OUTPUT) && !facts.speaks)?;
        let plan = Self {
            tool: Some(NamePlace::member(name)),
            of_tool: true,
            ..self
        };
        let beside = facts.arguments.map(Test::Has)?;
        Some(plan.taking(OUTPUT, true, Reason::Call, [Some(beside), None]))
    }

    /// The id of a call stands beside an output, or beside content and nothing that went in.
    fn beside_call_id(self, facts: &Facts) -> Option<Self> {
        let (key, _) = facts.call_id.filter(|_| !facts.speaks && !facts.other_step)?;
        let takes = if facts.is_plain() {
            ANY_OUTPUT.with(Set::CONTENT).with(Set::ARTIFACT)
        } else {
            ANY_OUTPUT
        };
        Some(self.taking(takes, true, Reason::CallId, [Some(Test::Has(key)), None]))
    }

    /// The name of a tool stands beside an output; with arguments beside them, or an id, it is sure.
    fn beside_tool_name(self, facts: &Facts) -> Option<Self> {
        let has_output = facts.holds.meets(Set::OUTPUT.with(Set::RESPONSE));
        let (key, _) = facts.tool_name.filter(|_| has_output)?;
        // A result of its own, as Semantic Kernel writes it, has the id of its call and nothing that went in.
        let numbered = facts.id.filter(|_| facts.is_plain()).map(|value| value - 1);
        let beside = facts.arguments.or(facts.step).or(numbered).map(Test::Has);
        let sure = beside.is_some() || facts.input;
        Some(self.taking(ANY_OUTPUT, sure, Reason::ToolName, [Some(Test::Has(key)), beside]))
    }

    /// An observation; with the action, the thought or the call beside it, it is sure.
    fn of_observation(self, facts: &Facts) -> Option<Self> {
        if !facts.holds.meets(Set::OBSERVATION) {
            return None;
        }
        let name = facts.tool_name.map(|(key, _)| key);
        let beside = facts.step.or(name).or(facts.arguments).map(Test::Has);
        let plan = Self {
            tool: self.tool.or(facts.action.map(NamePlace::member)),
            hands_down: false,
            ..self
        };
        Some(plan.taking(
            Set::OBSERVATION,
            beside.is_some(),
            Reason::Observation,
            [beside, None],
        ))
    }

    /// A list of content stands beside its outcome, or beside itself as data.
    fn beside_outcome(self, facts: &Facts) -> Option<Self> {
        let key = facts
            .structured
            .or(facts.outcome)
            .filter(|_| facts.has_contents)?;
        let takes = Set::CONTENT.with(Set::STRUCTURED);
        Some(self.taking(takes, true, Reason::Outcome, [Some(Test::Has(key)), None]))
    }

    /// The output of a command stands beside it; with its exit code it is sure.
    fn of_command(self, facts: &Facts) -> Option<Self> {
        let command = facts.command.filter(|_| facts.holds.meets(Set::OUTPUT))?;
        let outcome = facts.outcome.map(Test::Has);
        let tests = [Some(Test::Has(command)), outcome];
        Some(self.taking(Set::OUTPUT, outcome.is_some(), Reason::Command, tests))
    }
}
