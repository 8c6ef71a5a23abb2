//! Shortens text for its reader, and takes from it what looks like a marker.

use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, Kind};

/// Returns text without anything that looks like a marker. An excerpt is only read, and a marker in it would
/// name an original that someone else chose.
#[must_use]
pub fn defused(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains("<<ccr:") {
        text.replace("<<ccr:", "<< ccr:").into()
    } else {
        text.into()
    }
}

/// Returns the beginning of a text, at most `max_bytes` long, cut at the end of a character.
#[must_use]
pub fn shorten(text: &str, max_bytes: usize) -> &str {
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// Returns the beginning of an array or object as text for its reader, about so many bytes. Its strings lose
/// their quotes and escapes.
#[must_use]
pub(crate) fn opening(doc: &Doc<'_>, index: u32, bytes: usize) -> String {
    let (mut text, mut copied) = (Vec::new(), doc.node(index).start);
    for at in index + 1..doc.node(index).next {
        let node = doc.node(at);
        if matches!(node.kind, Kind::Array | Kind::Object) {
            continue;
        }
        let between = doc.text.get(copied as usize..node.start as usize);
        let signs = between.unwrap_or_default().iter();
        text.extend(signs.filter(|byte| !byte.is_ascii_whitespace()));
        let (raw, length) = (doc.inner(node), text.len());
        if node.kind != Kind::String {
            text.extend_from_slice(doc.raw(node));
        } else if node.flags & ESCAPED == 0 || !spelling::decode(raw, &mut text) {
            text.truncate(length);
            text.extend_from_slice(raw);
        }
        copied = node.end;
        if text.len() >= bytes {
            break;
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
