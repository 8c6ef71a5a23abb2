//! Names of tools, and what finding them needs.

use std::borrow::Cow;

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Node};

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

/// Returns the content of a raw string, or nothing if it holds a lone surrogate.
pub(crate) fn decoded(raw: &[u8]) -> String {
    let mut text = Vec::new();
    if spelling::decode(raw, &mut text) {
        String::from_utf8(text).unwrap_or_default()
    } else {
        String::new()
    }
}
