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

    /// The content of a message that is spread over members of its object, if the message is a tool's.
    fn spread_content(&mut self, key: u32) -> bool {
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
    fn pair(&mut self, element: u32) {
        let Some(open) = self.open.last() else { return };
        let (plan, handed) = (open.plan, open.handed);
        let Some((name_of, value)) = pair(&self.doc, self.marks, element) else {
            return;
        };
        let (key, text) = name_of;
        let name = self.shared.vocabulary.name(self.doc.inner(self.doc.node(text)));
        if name.is_kept() || name == Name::Members || (name == Name::Input && plan.skips_input) {
            return;
        }
        let set = Set::of(name);
        let children = if set == Set::TOOL_OUTPUT {
            let reason = Reason::Key;
            Children::Result(Ruling { sure: true, reason })
        } else if plan.takes.meets(set) {
            // A path can ask for the pair, but not for the one beside it that says what this is.
            self.shared.recognised.unreachable += 1;
            return;
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
            ..Plan::LOOK
        };
        let _ = value;
        self.push(element, None, plan, Children::Look, None);
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

    /// Looks for the name of the tool, or the id of the call, in objects right inside an object: in a sibling of
    /// its result.
    fn name_from_inside(&self, object: u32, facts: &Facts, plan: &mut Plan) {
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
                .map(|value| (value, 0));
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
                    Name::ToolName if is_text => plan.tool = plan.tool.or(Some((value, 0))),
                    Name::CallId if is_text => plan.call_id = plan.call_id.or(Some(value)),
                    _ => {}
                }
            }
        }
    }

    /// True for attributes that say that they are a tool's.
    fn says_tool(&mut self, value: u32) -> bool {
        let facts = match self.doc.node(value).kind {
            Kind::Object => Facts::of(&self.doc, self.marks, value),
            _ => self.facts_of_pairs(value),
        };
        facts.tool.is_some()
    }

    fn facts_of_pairs(&mut self, value: u32) -> Facts {
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

    fn look_at_array(&mut self, value: u32, key: Option<u32>, handed: Option<(Ruling, u8)>) {
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
    }

    fn push(
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

    /// Notes the tools' messages, and the calls, that are spread over the members of an object.
    fn note_spread(&mut self, object: u32) {
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
                (Name::SpreadToolName, _) if prefix("function.name") == call.0 => {
                    self.shared.calls.note(call.1, text);
                }
                _ => {}
            }
        }
    }

    /// A string in the place of a result.
    fn string(&mut self, value: u32, key: Option<u32>, ruling: Ruling) {
        let node = self.doc.node(value);
        if node.end - node.start <= 2 {
            return;
        }
        let raw = self.doc.inner(node);
        let within = may_hold_json(&self.doc, node)
            && (raw.starts_with(b"\\\"") || self.has_words(raw))
            && self.decode(value, key, Some(ruling));
        if !within {
            self.found(value, key, ruling);
        }
    }

    fn has_words(&self, raw: &[u8]) -> bool {
        self.shared.words.as_ref().is_none_or(|words| words.is_match(raw))
    }

    /// Looks into a string that holds JSON. False where it holds none, or data in the place of a result.
    fn decode(&mut self, value: u32, key: Option<u32>, ruling: Option<Ruling>) -> bool {
        if self.outside.level >= MAX_LEVELS {
            return false;
        }
        let node = self.doc.node(value);
        let Some(slot) = self.shared.levels.get_mut(self.outside.level) else {
            return false;
        };
        let mut level = std::mem::take(slot);
        level.text.clear();
        let mut went_in = false;
        if spelling::decode(self.doc.inner(node), &mut level.text)
            && let Ok(doc) = level.tape.scan(&level.text, MAX_DEPTH)
            && matches!(doc.node(0).kind, Kind::Array | Kind::Object | Kind::String)
        {
            level.marks.read(&doc, &mut self.shared.vocabulary);
            if level.marks.is_worth_a_walk || ruling.is_some() {
                let mut outside = Outside {
                    level: self.outside.level + 1,
                    span: Some(self.span(value)),
                    ..Outside::default()
                };
                if self.path(key, &mut outside.path) {
                    outside.path.extend_from_slice(b"|json");
                    self.name_tool(&mut outside);
                    let walk = Walk::new(doc, &level.marks, &mut level.open, self.shared, &outside);
                    went_in = match ruling {
                        Some(ruling) => walk.look_in_result(ruling),
                        None => {
                            walk.look();
                            true
                        }
                    };
                }
            }
        }
        if let Some(slot) = self.shared.levels.get_mut(self.outside.level) {
            *slot = level;
        }
        went_in
    }

    /// What a container in the place of a result is.
    fn judge(&mut self, value: u32, ruling: Ruling, weakly: bool) -> Judged {
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
        if ruling.reason == Reason::Key {
            tests = [facts.other_type.or(Some(Test::Untyped)), None];
        }
        if is_wrapper || (is_call && facts.holds.meets(Set::WRAPPERS)) {
            let plan = Plan {
                takes: Set::WRAPPERS,
                ruling,
                tests,
                skips_input: true,
                named: own.named,
                tool: own.tool.or(facts.name.map(|value| (value, 0))),
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
            skips_input: true,
            named: own.named,
            tool: own.tool,
            call_id: own.call_id,
            ..Plan::LOOK
        };
        Judged::Within(plan, Children::Look)
    }

    /// Notes the name of a tool that is called here.
    fn note_call(&mut self, facts: &Facts) {
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
    fn id(&self, value: u32) -> &'a [u8] {
        let node = self.doc.node(value);
        if node.kind == Kind::String {
            self.doc.inner(node)
        } else {
            self.doc.raw(node)
        }
    }

    /// The path of the value at hand. False where no path leads there.
    fn path(&self, key: Option<u32>, path: &mut Vec<u8>) -> bool {
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
            for test in open.plan.tests.iter().flatten() {
                place::test(&self.doc, test, path);
            }
            parent = Some(open);
        }
        step(key, parent, path) && path.len() <= MAX_PATH_BYTES
    }

    /// The way to the tool's name, where it is a member of the innermost object around the value at hand.
    fn path_of_tool(&self) -> String {
        let mut path = Vec::new();
        let around = self.open.iter().rev().find(|open| open.shape == Shape::Object);
        if let Some((value, 0)) = around.and_then(|open| open.plan.tool)
            && let Some(key) = value.checked_sub(1)
            && around.is_some_and(|open| self.doc.members(open.index).any(|(_, member)| member == value))
        {
            place::key(self.doc.inner(self.doc.node(key)), &mut path);
        }
        String::from_utf8(path).unwrap_or_default()
    }

    /// The token of a value in the record.
    fn span(&self, value: u32) -> (usize, usize) {
        let node = self.doc.node(value);
        let here = (node.start as usize, (node.end - node.start) as usize);
        self.outside.span.unwrap_or(here)
    }

    /// The tool of the value at hand, or the id of its call.
    fn name_tool(&self, outside: &mut Outside) {
        let raw = |index: u32| self.doc.inner(self.doc.node(index));
        for open in self.open.iter().rev() {
            if let Some((value, begins)) = open.plan.tool {
                let name = text(raw(value).get(begins..).unwrap_or_default());
                // The name of a span says what is done before it says with which tool.
                outside.tool = name
                    .rsplit(' ')
                    .next()
                    .unwrap_or_default()
                    .trim_matches('\'')
                    .to_owned();
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

    /// The path that selects the value at hand; none where no path leads there.
    fn selecting(&mut self, value: u32, key: Option<u32>) -> Option<String> {
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

    /// Notes that a path which fits a result elsewhere would select this value, which isn't one.
    fn against(&mut self, value: u32, key: Option<u32>) {
        if let Some(path) = self.selecting(value, key) {
            self.shared.recognised.against.push(path);
        }
    }

    fn found(&mut self, value: u32, key: Option<u32>, ruling: Ruling) {
        let node = self.doc.node(value);
        let Some(path) = self.selecting(value, key) else {
            return;
        };
        let mut named = Outside::default();
        self.name_tool(&mut named);
        if named.tool.is_empty() && !named.call_id.is_empty() {
            let at = self.shared.recognised.found.len();
            self.shared.pending.push((at, named.call_id.into_boxed_slice()));
        }
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
        });
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
