//! What the members of one object say.

use crate::json::tape::{Doc, Kind};
use crate::recognise::marks::Marks;
use crate::recognise::names::{Name, Tag};

/// A string of this many bytes or more is text; a shorter one may be a note beside it.
const LONG_BYTES: usize = 200;

/// `observation` and `environment` are the longest roles that are nothing else.
const PLAIN_ROLE_BYTES: usize = 11;
/// A longer type isn't one of a few.
const MAX_TYPE_BYTES: usize = 40;

/// A test of the path language on an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Test {
    /// `{key}`
    Has(u32),
    /// `{key=value}`
    Is(u32, u32),
    /// `{key^=value}` with so many bytes of the value, where the rest is the name of a tool.
    Begins(u32, u32, usize),
    /// `{!type}`: what has a type is something else.
    Untyped,
}

/// Members that are looked for, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(u16);

impl Set {
    pub const NONE: Self = Self(0);
    pub const OUTPUT: Self = Self(1);
    pub const OBSERVATION: Self = Self(2);
    pub const CONTENT: Self = Self(4);
    pub const WRAPPED: Self = Self(8);
    pub const STRUCTURED: Self = Self(16);
    pub const ARTIFACT: Self = Self(32);
    pub const ERROR: Self = Self(64);
    pub const MESSAGE: Self = Self(128);
    pub const STATUS: Self = Self(256);
    pub const TOOL_OUTPUT: Self = Self(512);
    pub const RESPONSE: Self = Self(1024);

    /// The members of an object that is nothing but a wrapper around a result.
    pub const WRAPPERS: Self = Self(1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 512 | 1024);

    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The set that a name belongs to.
    pub fn of(name: Name) -> Self {
        match name {
            Name::Output => Self::OUTPUT,
            Name::Response => Self::RESPONSE,
            Name::Observation => Self::OBSERVATION,
            Name::Content => Self::CONTENT,
            Name::Wrapped | Name::File => Self::WRAPPED,
            Name::Structured => Self::STRUCTURED,
            Name::Artifact => Self::ARTIFACT,
            Name::Error => Self::ERROR,
            Name::Message | Name::Description => Self::MESSAGE,
            Name::Status => Self::STATUS,
            Name::ToolOutput => Self::TOOL_OUTPUT,
            _ => Self::NONE,
        }
    }
}

/// What was seen among the members of an object, or in a list of pairs.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a sign of its own")]
pub(super) struct Facts {
    pub result: Option<Test>,
    pub result_is_role: bool,
    /// The role is nothing but `tool`.
    pub role_is_plain: bool,
    /// A type that says nothing about tools, by its test.
    pub other_type: Option<Test>,
    pub is_function: bool,
    pub hash: bool,
    pub messages: bool,
    pub tool: Option<Test>,
    pub call: Option<Test>,
    pub text: Option<Test>,
    pub blob: Option<Test>,
    pub speaks: bool,
    pub reasons: bool,
    pub other_step: bool,
    pub written: bool,
    pub constructed: bool,
    pub call_id: Option<(u32, u32)>,
    pub id: Option<u32>,
    /// An id that is a number.
    pub number: Option<u32>,
    /// The object is a call over a wire, or its answer, and both have its id.
    pub is_remote_call: bool,
    pub tool_name: Option<(u32, u32)>,
    pub name: Option<u32>,
    pub function: Option<u32>,
    pub arguments: Option<u32>,
    pub input: bool,
    pub step: Option<u32>,
    /// The name of what was done.
    pub action: Option<u32>,
    /// The one call of a step.
    pub only_call: Option<u32>,
    pub command: Option<u32>,
    pub outcome: Option<u32>,
    pub schema: bool,
    pub description: bool,
    /// Its content is a list.
    pub has_contents: bool,
    pub structured: Option<u32>,
    /// An object or list that says what the object is.
    pub attributes: Option<u32>,
    /// The members that may hold a result.
    pub holds: Set,
    /// A member of another name holds much, so that the object is data rather than a wrapper.
    pub bulky: bool,
    pub count: u32,
}

impl Facts {
    /// Looks at each member once.
    pub fn of(doc: &Doc<'_>, marks: &Marks, object: u32) -> Self {
        let mut facts = Self {
            count: doc.node(object).count,
            ..Self::default()
        };
        for (key, value) in doc.members(object) {
            let (name, tag) = marks.at(key);
            facts.member(doc, (key, value), name, tag);
        }
        facts
    }

    /// Takes note of one member.
    pub fn member(&mut self, doc: &Doc<'_>, (key, value): (u32, u32), name: Name, tag: Tag) {
        let node = doc.node(value);
        let is_string = node.kind == Kind::String;
        let is_filled = match node.kind {
            Kind::Null => false,
            Kind::String => node.end - node.start > 2,
            Kind::Array | Kind::Object => node.count > 0,
            _ => true,
        };
        let text = (is_string && is_filled).then_some(value);
        match name {
            Name::Role | Name::Type => self.tag(doc, (key, value), name == Name::Role, tag),
            Name::CallId if is_filled => self.call_id = self.call_id.or(Some((key, value))),
            Name::Id => {
                self.id = self.id.or(text);
                self.number = self.number.or((node.kind == Kind::Number).then_some(value));
            }
            Name::Remote => self.is_remote_call = true,
            Name::OfTool | Name::Parameters if node.kind == Kind::Object => {
                self.function = self.function.or(Some(value));
            }
            Name::OfTool => self.tool_name = self.tool_name.or(text.map(|value| (key, value))),
            Name::Plain => self.name = self.name.or(text),
            Name::Hash => self.hash |= is_string,
            Name::Message => self.messages |= matches!(node.kind, Kind::Array | Kind::Object),
            Name::Arguments | Name::Members => self.arguments = self.arguments.or(Some(key)),
            Name::Input => self.input = true,
            Name::Step => {
                self.step = self.step.or(Some(key));
                if doc.inner(doc.node(key)) == b"action" {
                    self.action = text;
                }
                if node.kind == Kind::Array && node.count == 1 {
                    self.only_call = Some(value + 1);
                }
            }
            Name::Command => self.command = self.command.or(Some(key)),
            Name::Outcome => self.outcome = self.outcome.or(Some(key)),
            Name::Schema => self.schema = true,
            Name::Description => self.description = true,
            Name::Attributes if is_filled => self.attributes = self.attributes.or(Some(value)),
            _ => {}
        }
        let holds = Set::of(name);
        if !(holds.is_none() || name == Name::File && is_string) {
            if is_filled && matches!(node.kind, Kind::String | Kind::Array | Kind::Object) {
                self.holds = self.holds.with(holds);
            }
            match name {
                Name::Content if node.kind == Kind::Array => self.has_contents = true,
                Name::Structured if is_filled => self.structured = self.structured.or(Some(key)),
                _ => {}
            }
        } else if matches!(name, Name::Other | Name::Attributes) {
            self.bulky |= match node.kind {
                Kind::String => (node.end - node.start) as usize >= LONG_BYTES,
                Kind::Array | Kind::Object => node.count > 0,
                _ => false,
            };
        }
    }

    fn tag(&mut self, doc: &Doc<'_>, (key, value): (u32, u32), is_role: bool, tag: Tag) {
        let test = Some(Test::Is(key, value));
        match tag {
            Tag::Result if is_role || self.result.is_none() => {
                self.result = test;
                self.result_is_role = is_role;
                // Longer ones are `tool-response` and the like.
                self.role_is_plain = is_role && doc.inner(doc.node(value)).len() <= PLAIN_ROLE_BYTES;
            }
            Tag::Tool => {
                let begins = name_behind_tool(doc.inner(doc.node(value)));
                let begun = begins.map(|begins| Test::Begins(key, value, begins));
                self.tool = self.tool.or(begun).or(test);
            }
            Tag::Call => self.call = self.call.or(test),
            Tag::Text => self.text = self.text.or(test),
            Tag::Blob => self.blob = self.blob.or(test),
            Tag::Speaker => self.speaks = true,
            Tag::Reasoning => self.reasons = true,
            Tag::OtherStep => self.other_step = true,
            Tag::Constructor => self.constructed = true,
            Tag::Written => self.written = true,
            Tag::Function => self.is_function = true,
            Tag::Result | Tag::Other => {}
        }
        let is_word = |raw: &[u8]| raw.len() <= MAX_TYPE_BYTES && !raw.iter().any(u8::is_ascii_digit);
        if !is_role && is_word(doc.inner(doc.node(value))) && doc.node(value).kind == Kind::String {
            self.other_type = self.other_type.or(test);
        }
    }

    /// True where nothing that went in stands in the object, and nobody speaks.
    pub fn is_plain(&self) -> bool {
        !self.speaks && self.call.is_none() && self.arguments.is_none() && !self.input
    }

    /// True for the body of an event: content, and little beside it.
    pub fn is_body(&self) -> bool {
        self.count <= 4
            && self.holds.meets(Set::CONTENT)
            && !self.speaks
            && self.text.is_none()
            && !self.bulky
    }

    /// True for an object that describes a tool.
    pub fn is_definition(&self) -> bool {
        self.description && (self.schema || self.arguments.is_some()) && self.call_id.is_none()
    }

    /// True for an element of a list of parts, results or messages, rather than of data.
    pub fn is_part(&self) -> bool {
        self.text.is_some()
            || self.blob.is_some()
            || self.result.is_some()
            || self.call_id.is_some()
            || (self.count == 1
                && self
                    .holds
                    .meets(Set::CONTENT.with(Set::WRAPPED).with(Set::TOOL_OUTPUT)))
            || (self.count <= 4 && self.holds.meets(Set::OUTPUT.with(Set::RESPONSE)) && self.name.is_some())
    }
}

/// Where the name of a tool begins in `tool-weather`; none where nothing stands behind `tool`.
pub(super) fn name_behind_tool(value: &[u8]) -> Option<usize> {
    let at = value.windows(5).position(|window| {
        window
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"tool"))
    })?;
    let behind = *value.get(at + 4)?;
    (!behind.is_ascii_alphanumeric() && behind != b'\\' && value.len() > at + 5).then_some(at + 5)
}

#[cfg(test)]
mod tests {
    use super::name_behind_tool;

    #[test]
    fn the_name_of_a_tool_is_found_behind_the_word() {
        assert_eq!(name_behind_tool(b"tool-weather"), Some(5));
        assert_eq!(name_behind_tool(b"execute_tool weather"), Some(13));
        for value in [&b"tool"[..], b"TOOL", b"tool-", b"toolbox", b"", b"span.tool"] {
            assert_eq!(name_behind_tool(value), None);
        }
    }
}
