//! Where a walk stands, and what it needs beside the text.

use aho_corasick::AhoCorasick;

use crate::hashing::Map;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::recognise::calls::Calls;
use crate::recognise::facts::Test;
use crate::recognise::found::Recognised;
use crate::recognise::marks::{Marks, Vocabulary};
use crate::recognise::plan::{Plan, Ruling};

/// Strings in strings are decoded so many times.
pub(super) const MAX_LEVELS: usize = 3;

/// What a walk needs beside the text.
#[derive(Debug)]
pub(super) struct Shared {
    pub vocabulary: Vocabulary,
    pub calls: Calls,
    pub recognised: Recognised,
    /// Memory of the walks in strings, one for each level.
    pub levels: [Level; MAX_LEVELS],
    /// Words without which JSON in a string holds nothing that is looked for.
    pub words: Option<AhoCorasick>,
}

/// Memory of one walk.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub text: Vec<u8>,
    pub tape: Tape,
    pub marks: Marks,
    pub open: Vec<Open>,
}

/// A container on the way to the value at hand.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub index: u32,
    pub at: u32,
    pub end: u32,
    pub shape: Shape,
    /// The key that leads here; none for an element and for the root.
    pub key: Option<u32>,
    pub plan: Plan,
    /// What the children of an array are, and objects that are only gone through.
    pub children: Children,
    /// What a step of a tool above has handed down, and to how many levels.
    pub handed: Option<(Ruling, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    /// A list of objects `{"key": …, "value": …}`.
    Pairs,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Children {
    Look,
    Result(Ruling),
    Binary,
}

/// What a value in the place of a result is.
pub(super) enum Judged {
    /// The result itself.
    Data,
    /// Something around it.
    Within(Plan, Children),
    Look,
}

/// Where a walk stands in the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Outside {
    /// The path up to `|json`.
    pub path: Vec<u8>,
    pub tool: String,
    pub call_id: Vec<u8>,
    /// Span of the string in the record.
    pub span: Option<(usize, usize)>,
    /// The nodes of the strings around, outermost first.
    pub route: Vec<u32>,
}

/// One walk over one text.
pub(super) struct Walk<'a, 'w> {
    pub doc: Doc<'a>,
    pub marks: &'w Marks,
    pub open: &'w mut Vec<Open>,
    pub shared: &'w mut Shared,
    pub outside: &'w Outside,
    /// Prefixes of members over which a tool's message is spread, as `messages.3.`, by object, with the test
    /// on its role.
    pub spread: Map<(u32, &'a [u8]), Test>,
    /// The ids of their calls.
    pub spread_ids: Map<(u32, &'a [u8]), u32>,
}

impl<'a, 'w> Walk<'a, 'w> {
    pub fn new(
        doc: Doc<'a>,
        marks: &'w Marks,
        open: &'w mut Vec<Open>,
        shared: &'w mut Shared,
        outside: &'w Outside,
    ) -> Self {
        open.clear();
        Self {
            doc,
            marks,
            open,
            shared,
            outside,
            spread: Map::default(),
            spread_ids: Map::default(),
        }
    }
}
