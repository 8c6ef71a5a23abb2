//! What is found in a record.

/// Why a value is taken for a tool's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The role of the message is a tool's.
    Role,
    /// The type of the object says that it is a tool's result.
    Type,
    /// The object is a tool's step or span.
    Step,
    /// The object is a call of a tool and holds its output.
    Call,
    /// The id of a call stands beside it.
    CallId,
    /// The name of a tool stands beside it.
    ToolName,
    /// Its key says that it is a tool's result.
    Key,
    /// It is the observation of an agent's step.
    Observation,
    /// Content and its outcome stand side by side.
    Outcome,
    /// It is the output of a command.
    Command,
    /// The tool gives the answer of the agent, so that it may be text of the model.
    Answer,
    /// It is an image or another binary part of a result.
    Binary,
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Role => "the role of the message is a tool's",
            Self::Type => "the type of the object is a tool's result",
            Self::Step => "the object is a tool's step or span",
            Self::Call => "the output stands in the call of a tool",
            Self::CallId => "the id of a call stands beside it",
            Self::ToolName => "the name of a tool stands beside it",
            Self::Key => "the key says that it is a tool's result",
            Self::Observation => "it is the observation of an agent's step",
            Self::Outcome => "content stands beside its outcome",
            Self::Command => "it is the output of a command",
            Self::Answer => "the tool gives the agent's answer",
            Self::Binary => "it is a binary part of a tool's result",
        }
    }
}

/// One result found in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The payload path that selects it, without the way to its tool's name.
    pub path: String,
    /// The way to its tool's name from the innermost object around it, as behind ` @ ` in a path; or empty.
    pub tool_path: String,
    /// The tool's name, or empty.
    pub tool: String,
    /// False where it only looks like a result.
    pub sure: bool,
    /// Why it is taken for one.
    pub reason: Reason,
    /// Tokens of the value, estimated.
    pub tokens: u64,
    /// Where the value's token begins in the record. For a value in a decoded string: where that string does.
    pub offset: usize,
    /// Bytes of that token.
    pub length: usize,
    /// The nodes of the strings that hold it, one inside the other, and its own.
    pub(crate) route: Vec<u32>,
    /// The path doesn't ask for what says that it is a result, and so would select other things elsewhere.
    pub(crate) by_neighbour: bool,
    /// The id of its call, where its tool isn't named beside it.
    pub(crate) call_id: Vec<u8>,
}

impl Found {
    /// The whole payload path.
    #[must_use]
    pub fn full_path(&self) -> String {
        full_path(&self.path, &self.tool_path)
    }
}

/// A path with the way to the tool's name, where there is one.
pub(super) fn full_path(path: &str, tool_path: &str) -> String {
    if tool_path.is_empty() {
        path.to_owned()
    } else {
        format!("{path} @ {tool_path}")
    }
}

/// What is found in one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognised {
    /// The results, in document order.
    pub found: Vec<Found>,
    /// Paths that would select something else in this record, which must stay.
    pub against: Vec<String>,
    /// Paths of results of retrieval tools, which must stay: crushing by these paths needs the tool's name.
    pub retrieved: Vec<String>,
    /// Results that no path selects: a key on the way is an id, or what says that it is one stands elsewhere.
    pub unreachable: u64,
}
