//! The names of tools, by the calls that results name.

use std::borrow::Cow;

use crate::hashing::Map;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind, Node};

/// Where the names of tools stand, in the text around a string.
pub(crate) trait Tools {
    /// The name of the tool that a path leads to from here, or that is called by a result from here.
    fn tool(&self, path: usize) -> Option<String>;
    /// The name of the tool that a call of this id is for.
    fn called(&self, id: &[u8]) -> Option<String>;
}

/// The value of an object's first member of a name.
pub(crate) fn member(doc: &Doc<'_>, object: u32, name: &str) -> Option<u32> {
    let is_named = |key: u32| text_of(doc, doc.node(key)).is_some_and(|key| key == name.as_bytes());
    doc.members(object)
        .find(|(key, _)| is_named(*key))
        .map(|(_, value)| value)
}

/// The text of a string or key; none where it holds a lone surrogate.
pub(crate) fn text_of<'a>(doc: &Doc<'a>, node: Node) -> Option<Cow<'a, [u8]>> {
    let raw = doc.inner(node);
    if node.flags & ESCAPED == 0 {
        return Some(Cow::Borrowed(raw));
    }
    let mut text = Vec::new();
    spelling::decode(raw, &mut text).then_some(Cow::Owned(text))
}

/// Names of tools by call id: `{"id":…,"function":{"name":…}}` and `{"type":"tool_use","id":…,"name":…}`.
pub(crate) fn call_names<'a>(doc: &Doc<'a>) -> Map<&'a [u8], &'a [u8]> {
    let mut names = Map::default();
    let plain = |object: u32, key: &[u8]| {
        // Calls name themselves in their first members; looking through large objects would cost time for
        // nothing.
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

/// The text of a raw string, or nothing for a lone surrogate.
pub(crate) fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
