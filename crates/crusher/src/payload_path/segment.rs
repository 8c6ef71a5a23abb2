//! The steps of a path.

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathSegment {
    /// `.key` or `.(key|key)`
    Key(Vec<String>),
    /// `[*]`
    Every,
    /// `..`: this value and every value below it.
    Deep,
    /// `{…}`
    Where(Test),
    /// `|json`
    Json,
}

/// What becomes of the values at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// They are payloads.
    Any,
    /// `:string`: those that are strings are payloads.
    Strings,
    /// `:keep`: they stay as they are.
    Keep,
    /// `:results`: the results in them that are known by their shape are payloads.
    Results,
}

impl End {
    /// Returns true if a value can be at such an end.
    pub fn takes(self, is_string: bool) -> bool {
        is_string || self != Self::Strings
    }
}

/// What a member of an object must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub key: String,
    pub condition: Condition,
}

/// What is asked of a member. Several texts are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// `{key}`
    Present,
    /// `{!key}`
    Absent,
    /// `{key=value}`
    Is(Vec<String>),
    /// `{key!=value}`
    IsNot(Vec<String>),
    /// `{key^=value}`
    Begins(Vec<String>),
}

/// A member that a test asks for, as an object has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Member<'a> {
    Missing,
    /// A string of this text.
    Text(&'a [u8]),
    Other,
}

impl Condition {
    /// Returns true if the condition holds for an object with this member.
    pub fn holds(&self, member: Member<'_>) -> bool {
        let is_one = |values: &[String], fits: fn(&[u8], &[u8]) -> bool| match member {
            Member::Text(text) => values.iter().any(|value| fits(text, value.as_bytes())),
            Member::Missing | Member::Other => false,
        };
        match self {
            Self::Present => !matches!(member, Member::Missing),
            Self::Absent => matches!(member, Member::Missing),
            Self::Is(values) => is_one(values, |text, value| text == value),
            Self::IsNot(values) => !is_one(values, |text, value| text == value),
            Self::Begins(values) => is_one(values, <[u8]>::starts_with),
        }
    }
}
