//! What each name of a text says, found in one pass over its tape.

use crate::hashing::Map;
use crate::json::tape::{Doc, KEY, Kind, Node};
use crate::recognise::names::{Name, Tag};

/// The most names that are remembered; a text with more has keys that are data.
const MAX_KNOWN: usize = 4096;
/// A longer value of a `type` is text.
const MAX_TAG_BYTES: u32 = 80;
/// A shorter string holds no result worth looking for.
pub(super) const MIN_JSON_BYTES: u32 = 60;

/// What names and tags say, remembered from record to record.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    names: Map<Box<[u8]>, Name>,
    tags: Map<Box<[u8]>, Tag>,
    roles: Map<Box<[u8]>, Tag>,
}

impl Vocabulary {
    pub fn name(&mut self, raw: &[u8]) -> Name {
        recall(&mut self.names, raw, Name::of)
    }

    pub fn tag(&mut self, raw: &[u8], is_role: bool) -> Tag {
        let known = if is_role { &mut self.roles } else { &mut self.tags };
        recall(known, raw, |raw| {
            // A type that was written as JSON and put into a string stands in quotes of its own.
            let bare = raw
                .strip_prefix(b"\\\"")
                .and_then(|raw| raw.strip_suffix(b"\\\""));
            Tag::of(bare.unwrap_or(raw), is_role)
        })
    }
}

fn recall<T: Copy>(known: &mut Map<Box<[u8]>, T>, raw: &[u8], say: impl Fn(&[u8]) -> T) -> T {
    if let Some(said) = known.get(raw) {
        return *said;
    }
    let said = say(raw);
    if known.len() < MAX_KNOWN && raw.len() <= MAX_TAG_BYTES as usize {
        known.insert(raw.into(), said);
    }
    said
}

/// What the keys of a text say.
#[derive(Debug, Default)]
pub(super) struct Marks {
    said: Vec<(Name, Tag)>,
    /// Keys that stand in messages only, in document order.
    messages: Vec<u32>,
    /// Something about tools, or a string that may hold JSON, stands in the text.
    pub is_worth_a_walk: bool,
    /// A tool's message is spread over members.
    pub is_spread: bool,
}

impl Marks {
    /// Goes over all keys once.
    pub fn read(&mut self, doc: &Doc<'_>, vocabulary: &mut Vocabulary) {
        self.said.clear();
        self.said.resize(doc.len() as usize, Default::default());
        self.messages.clear();
        self.is_worth_a_walk = false;
        self.is_spread = false;
        for index in 0..doc.len() {
            let node = doc.node(index);
            if node.flags & KEY == 0 {
                self.is_worth_a_walk |= may_hold_json(doc, node);
                continue;
            }
            let name = vocabulary.name(doc.inner(node));
            let value = doc.node(index + 1);
            let mut tag = Tag::Other;
            if matches!(name, Name::Role | Name::Type | Name::SpreadRole)
                && value.kind == Kind::String
                && value.end - value.start <= MAX_TAG_BYTES
            {
                tag = vocabulary.tag(doc.inner(value), name != Name::Type);
            }
            self.is_spread |= name == Name::SpreadRole && tag == Tag::Result;
            let in_message = match name {
                Name::Sealed | Name::Arguments => true,
                Name::CallId => value.kind == Kind::String,
                Name::Role | Name::Type => tag == Tag::Speaker,
                _ => false,
            };
            if in_message {
                self.messages.push(index);
            }
            self.is_worth_a_walk |= matches!(tag, Tag::Result | Tag::Tool | Tag::Call | Tag::Function)
                || matches!(
                    name,
                    Name::CallId
                        | Name::OfTool
                        | Name::ToolOutput
                        | Name::Observation
                        | Name::Structured
                        | Name::Outcome
                        | Name::Key
                        | Name::SpreadCall
                        | Name::Remote
                );
            if let Some(mark) = self.said.get_mut(index as usize) {
                *mark = (name, tag);
            }
        }
    }

    /// What a key says, and the value behind it where it is a tag.
    pub fn at(&self, key: u32) -> (Name, Tag) {
        self.said.get(key as usize).copied().unwrap_or_default()
    }

    /// True where a message, or something of one that must not change, stands among these nodes.
    pub fn has_messages(&self, start: u32, end: u32) -> bool {
        let first = self.messages.partition_point(|key| *key < start);
        self.messages.get(first).is_some_and(|key| *key < end)
    }
}

/// True for a string that looks like JSON from its first and last characters.
pub(super) fn may_hold_json(doc: &Doc<'_>, node: Node) -> bool {
    if node.kind != Kind::String || node.end - node.start < MIN_JSON_BYTES {
        return false;
    }
    let raw = doc.inner(node);
    match raw.first() {
        Some(b'{') => raw.trim_ascii_end().ends_with(b"}"),
        Some(b'[') => raw.trim_ascii_end().ends_with(b"]"),
        Some(b'\\') => raw.starts_with(b"\\\"") && raw.ends_with(b"\\\""),
        _ => false,
    }
}
