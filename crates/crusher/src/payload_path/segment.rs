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

impl Condition {
    /// True where the condition holds for an object whose member is a string of this text (`Some(Some(…))`),
    /// something else (`Some(None)`), or isn't there.
    pub fn holds(&self, member: Option<Option<&[u8]>>) -> bool {
        let text = member.flatten();
        let is_one = |names: &[String], fits: fn(&[u8], &[u8]) -> bool| {
            text.is_some_and(|text| names.iter().any(|name| fits(text, name.as_bytes())))
        };
        match self {
            Self::Present => member.is_some(),
            Self::Absent => member.is_none(),
            Self::Is(values) => is_one(values, |text, value| text == value),
            Self::IsNot(values) => !is_one(values, |text, value| text == value),
            Self::Begins(values) => is_one(values, |text, value| text.starts_with(value)),
        }
    }
}
