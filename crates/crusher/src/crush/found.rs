//! What the paths find in a record.

use std::sync::Arc;

use crate::notation::frame::Frame;
use crate::recognise::Reason;

/// Whether the results of a record are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// The whole record is the payload, a path selects or keeps something in it, or a result in it is known
    /// by its shape.
    Known,
    /// Nothing is known, but something looks like a result.
    Likely,
    /// Nothing looks like a result.
    Unknown,
}

/// What a path found in a text.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its node.
    pub node: u32,
    pub content: Content,
}

/// What stands at a node that a path found.
#[derive(Debug)]
pub(crate) enum Content {
    Payload(Payload),
    Embedded(Embedded),
    /// A value that stays as it is, with all that is in it.
    Keep,
    /// A value in which results may be found by their shape.
    Results,
}

/// A payload.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// Its path as it was written; empty for the whole record.
    pub path: Arc<str>,
    /// The tool's name, or empty.
    pub tool: String,
    /// It names the call that it belongs to.
    pub names_call: bool,
    /// How many more strings, each in the one before it, hold its text. A path with `|json` said so.
    pub json_strings: usize,
    /// Why it is known by its shape; none where a path of the options selected it.
    pub recognised_by: Option<Reason>,
}

/// A string that holds JSON, in which payloads lie.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// How the JSON stood in the string, or in a string in it, and so on.
    pub frame: Frame,
    /// The JSON.
    pub text: Vec<u8>,
    /// What was found in it.
    pub found: Vec<Found>,
}
