//! The names of tools, by the calls that results name.

use std::borrow::Cow;

use crate::hashing::Map;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind, Node};

/// Finds the names of tools, from a place in a text.
pub(crate) trait Tools {
    /// Returns the name of the tool that gave a payload here: the name that a path leads to, or the name in
    /// the call that the payload belongs to.
    fn tool(&self, path: usize) -> Option<String>;
    /// Returns the name of the tool in the call of this id.
    fn called(&self, id: &[u8]) -> Option<String>;
}

/// Returns the value of an object's first member of a name.
pub(crate) fn member(doc: &Doc<'_>, object: u32, name: &str) -> Option<u32> {
    let is_named = |key: u32| text_of(doc, doc.node(key)).is_some_and(|key| key == name.as_bytes());
    doc.members(object)
        .find(|(key, _)| is_named(*key))
        .map(|(_, value)| value)
}

/// Returns the text of a string or key, none if it holds a lone surrogate.
pub(crate) fn text_of<'a>(doc: &Doc<'a>, node: Node) -> Option<Cow<'a, [u8]>> {
    let raw = doc.inner(node);
    if node.flags & ESCAPED == 0 {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = Vec::new();
    spelling::decode(raw, &mut text).then_some(Cow::Owned(text))
}

/// Returns false for a text without any call that `call_names` would collect.
pub(crate) fn may_have_calls(text: &[u8]) -> bool {
    [&b"\"function\""[..], b"\"tool_use\""]
        .iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
}

/// Collects names of tools by call id: `{"id":…,"function":{"name":…}}` and
/// `{"type":"tool_use","id":…,"name":…}`.
pub(crate) fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    let plain = |object: u32, key: &[u8]| {
        // A call has its id and name among its first members. To search all members of large objects would
        // take long.
        doc.members(object)
            .take(16)
            .find(|(at, _)| doc.inner(doc.node(*at)) == key)
            .map(|(_, value)| value)
    };
    let string = |index: Option<u32>| {
        index
            .map(|index| doc.node(index))
            .filter(|node| node.kind == Kind::String)
            .map(|node| doc.inner(node))
    };
    for at in 0..doc.len() {
        if doc.node(at).kind != Kind::Object {
            continue;
        }
        let Some(id) = string(plain(at, b"id")) else {
            continue;
        };
        let is_use = string(plain(at, b"type")) == Some(b"tool_use");
        let name = match plain(at, b"function") {
            Some(function) => string(plain(function, b"name")),
            None if is_use => string(plain(at, b"name")),
            None => None,
        };
        if let Some(name) = name {
            names.entry(id).or_insert(name);
        }
    }
    names
}

/// Returns the content of a raw string, or nothing if it holds a lone surrogate.
pub(crate) fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
