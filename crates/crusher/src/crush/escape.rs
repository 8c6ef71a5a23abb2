//! Escapes users' strings that are reserved text, and prints text as JSON strings.

use crate::json::edits::Edits;
use crate::json::spelling::{self, Spelling};
use crate::json::tape::{Doc, KEY, Kind, Node, SUSPECT};
use crate::notation::marker::LITERAL;
use crate::notation::reserved::is_reserved_raw;

/// Returns the JSON token of a user's string behind the escape `LITERAL`, if the string is reserved.
pub(crate) fn literal(doc: &Doc<'_>, node: Node) -> Option<Vec<u8>> {
    let raw = doc.inner(node);
    let reserved =
        node.kind == Kind::String && node.flags & (SUSPECT | KEY) == SUSPECT && is_reserved_raw(raw);
    reserved.then(|| [b"\"", LITERAL, raw, b"\""].concat())
}

/// Collects edits that escape reserved strings, for the nodes from `from` up to, but without, `to`.
pub(crate) fn literals(doc: &Doc<'_>, from: u32, to: u32, edits: &mut Edits) {
    for at in from..to {
        if let Some(token) = literal(doc, doc.node(at)) {
            edits.push(at, &token);
        }
    }
}

/// Returns text as a JSON string with its quotes.
pub(crate) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut token = Vec::with_capacity(text.len() + text.len() / 16 + 2);
    token.push(b'"');
    spelling::encode(text, Spelling::MINIMAL, &mut token);
    token.push(b'"');
    token
}
