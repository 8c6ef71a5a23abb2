//! Finds the results of tools by their shape, in records of formats that nobody listed.
//!
//! Formats of agents differ in names and agree in shape. A record may be a message, a span, a whole
//! conversation or a list of these. The rules look at one object at a time: at the names of its members,
//! taken apart into words (`toolCallId`, `tool_call_id` and `tool.call.id` are the same), and at the values of its
//! `role` and `type`.
//!
//! # What is a result
//!
//! * The content of a message whose role is `tool` or `function`, or whose type says that it is what a tool
//!   gave: `tool_result`, `function_call_output`, `ToolMessage`, `tool_usage_finished`.
//! * An output or result in an object that is a tool's step or span, also in an object below it; and in the
//!   call of a tool.
//! * An output, or content without arguments, beside the id of a call; an output beside a tool's name and its
//!   arguments.
//! * Whatever has a key that says so: `tool_result`, `functionResponse`, `gen_ai.tool.call.result`.
//! * The observation of an agent's step; content beside its outcome; the output of a command beside its exit
//!   code.
//!
//! Around a result there may be wrappers, and it may be a list of parts: those are gone through, down to its
//! strings, or to data, which is taken as a whole. A string that holds JSON is decoded and looked into, three
//! times at most. Where it stands in the place of a result, it is taken as it is unless a message is in it.
//!
//! # What never is
//!
//! Everything else: nothing is taken unless a rule names it. Beside that, nothing is looked at in arguments,
//! schemas and definitions of tools, reasoning, signatures, encrypted text, instructions, or a message that
//! stands beside its hash. Data with anything in it that only messages have isn't taken as a whole, nor
//! what a tool says that it wrote. Results of retrieval tools are left out.
//!
//! # How sure
//!
//! A finding is likely rather than sure where only one sign speaks for it, where it is a binary part, or
//! where a tool gives the agent's answer. The path of a finding asks for the signs that decided, and for the
//! type of the record, so that it selects nothing else. Where it would, in this record, the path is named in
//! `Recognised::against`. What a path can't ask for is left out and counted: keys that are ids, and pairs of
//! a list that say what the pair beside them is.
//!
//! `Recogniser` finds, `Learned` sums up what a file has shown. `words` and `names` say what a name means,
//! `marks` does so for a whole text, `facts` for one object, and `plan` holds the rules. `walk` goes through
//! the record with the help of `wrappers`, `spread`, `strings` and `tools`; `report` notes what it finds.

mod calls;
mod facts;
mod found;
mod learned;
mod marks;
mod names;
mod place;
mod plan;
mod recogniser;
mod report;
mod spread;
mod state;
mod strings;
mod tools;
mod walk;
mod words;
mod wrappers;

pub use found::{Found, Reason, Recognised};
pub use learned::{Evidence, Learned, MIN_TOKENS};
pub use recogniser::Recogniser;
pub(crate) use recogniser::is_retrieval;
