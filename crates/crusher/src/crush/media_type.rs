//! The media type of base64 in a record: what the marker of a picture says of it.
//!
//! It is taken from a `data:` address, from the member of the same object that names it, or from the first
//! bytes of the data.

use crate::json::tape::{Doc, KEY, Kind};
use crate::notation::marker::is_media_type;

/// Keys of the members that name the media type of another member.
const KEYS: [&[u8]; 6] = [
    b"media_type",
    b"mediaType",
    b"mime_type",
    b"mimeType",
    b"content_type",
    b"contentType",
];

/// So many nodes before and behind a value are looked at.
const MOST_NODES: u32 = 48;

/// The beginnings of base64 by which formats are known.
const BEGINNINGS: [(&str, &str); 18] = [
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGODdh", "image/gif"),
    ("R0lGODlh", "image/gif"),
    ("SUkqA", "image/tiff"),
    ("TU0AK", "image/tiff"),
    ("PHN2Zy", "image/svg+xml"),
    ("JVBERi0", "application/pdf"),
    ("UEsDB", "application/zip"),
    ("H4sIA", "application/gzip"),
    ("KLUv/", "application/zstd"),
    ("UEFSM", "application/vnd.apache.parquet"),
    ("U1FMaXRlIGZvcm1hdCAz", "application/vnd.sqlite3"),
    ("SUQz", "audio/mpeg"),
    ("T2dnUw", "audio/ogg"),
    ("ZkxhQw", "audio/flac"),
    ("GkXfo", "video/webm"),
    ("AGFzbQ", "application/wasm"),
];

/// Returns the media type of a text that is base64, if it is known. `place` is the string in its text.
pub(crate) fn media_type(text: &str, place: Option<(&Doc<'_>, u32)>) -> Option<String> {
    if let Some(address) = text.strip_prefix("data:") {
        let (head, _) = address.split_once(',')?;
        return valid(head.split(';').next()?);
    }
    let named = place.and_then(|(doc, index)| named(doc, index));
    named.or_else(|| by_beginning(text).map(str::to_owned))
}

fn valid(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    is_media_type(text.as_bytes()).then_some(text)
}

/// Returns the media type by the first bytes of the data.
fn by_beginning(text: &str) -> Option<&'static str> {
    // The format of RIFF stands behind its length.
    let riff = text.strip_prefix("UklGR").and_then(|rest| rest.get(5..15));
    match riff {
        Some(rest) if rest.contains("XRUJQ") => return Some("image/webp"),
        Some(rest) if rest.contains("XQVZF") => return Some("audio/wav"),
        _ => {}
    }
    let mut all = BEGINNINGS.iter();
    all.find(|(beginning, _)| text.starts_with(beginning))
        .map(|(_, media_type)| *media_type)
}

/// Returns what a member of the same object says. Only near members are looked at.
fn named(doc: &Doc<'_>, index: u32) -> Option<String> {
    let key = index
        .checked_sub(1)
        .filter(|key| doc.node(*key).flags & KEY != 0)?;
    let first = key.saturating_sub(MOST_NODES);
    // Containers that end before the value are no part of its object.
    let object = (first..key).rev().find(|at| {
        let node = doc.node(*at);
        node.kind == Kind::Object && node.next > index
    });
    let mut at = match object {
        Some(object) => object + 1,
        // The object begins farther before: only what follows the value is known to be in it.
        None => doc.node(index).next,
    };
    let last = index + MOST_NODES;
    while at < last && doc.node(at).flags & KEY != 0 {
        let (name, value) = (doc.node(at), doc.node(at + 1));
        if value.kind == Kind::String && KEYS.contains(&doc.inner(name)) {
            let text = std::str::from_utf8(doc.inner(value)).unwrap_or_default();
            // An escaped slash is the only escape in a media type.
            return valid(&text.replace("\\/", "/"));
        }
        at = value.next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::media_type;
    use crate::json::scan::Tape;
    use crate::json::tape::{KEY, Kind};

    /// The media type of the first string with this text.
    fn of(json: &str, text: &str) -> Option<String> {
        let mut tape = Tape::default();
        let doc = tape.scan(json.as_bytes(), 9).ok()?;
        let is_text = |at: &u32| {
            let node = doc.node(*at);
            node.kind == Kind::String && node.flags & KEY == 0 && doc.inner(node) == text.as_bytes()
        };
        let at = (0..doc.len()).find(is_text)?;
        media_type(text, Some((&doc, at)))
    }

    #[test]
    fn a_member_of_the_same_object_names_it() {
        for (json, expected) in [
            (
                r#"{"type":"base64","media_type":"image/png","data":"AAA="}"#,
                Some("image/png"),
            ),
            (
                r#"{"data":"AAA=","mimeType":"Audio\/WAV","x":1}"#,
                Some("audio/wav"),
            ),
            (
                r#"{"inline_data":{"mime_type":"image/webp","data":"AAA="}}"#,
                Some("image/webp"),
            ),
            (r#"{"a":{"mimeType":"image/png"},"data":"AAA="}"#, None),
            (r#"{"mimeType":"image/png","a":{"data":"AAA="}}"#, None),
            (r#"[{"mimeType":"image/png"},"AAA="]"#, None),
            (r#"{"mimeType":"no type","data":"AAA="}"#, None),
            (r#"{"mimeType":7,"data":"AAA="}"#, None),
            (r#"{"mimeType":"a/b,c>>","data":"AAA="}"#, None),
            (r#""AAA=""#, None),
        ] {
            assert_eq!(of(json, "AAA=").as_deref(), expected, "{json}");
        }
        let far = format!(
            r#"{{"mimeType":"image/png","a":[{}1],"data":"AAA="}}"#,
            "1,".repeat(100)
        );
        assert_eq!(of(&far, "AAA="), None);
    }

    #[test]
    fn an_address_or_the_first_bytes_tell_it() {
        for (text, expected) in [
            ("data:image/png;base64,AAAA", Some("image/png")),
            ("data:text/plain;charset=utf-8;base64,AAAA", Some("text/plain")),
            ("data:;base64,AAAA", None),
            ("data:nothing", None),
            ("iVBORw0KGgoAAAANSUhEUg", Some("image/png")),
            ("/9j/4AAQSkZJRg", Some("image/jpeg")),
            ("UklGRiQAAABXRUJQVlA4", Some("image/webp")),
            ("UklGRiQAAABXQVZFZm10", Some("audio/wav")),
            ("JVBERi0xLjcK", Some("application/pdf")),
            ("AAAA", None),
            ("UklGR", None),
        ] {
            assert_eq!(media_type(text, None).as_deref(), expected, "{text}");
        }
    }
}
