//! Tells the kind of a long string.

use crate::excerpt::shorten::shorten;

/// Returns the kind of a long string: `json`, `html`, `base64`, `text` (prose, logs, code) or `string` (an
/// opaque run).
#[must_use]
pub fn kind(text: &str) -> &'static str {
    let trimmed = text.trim();
    let bytes = trimmed.as_bytes();
    if matches!(
        (bytes.first(), bytes.last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
    ) {
        let second = bytes.iter().skip(1).find(|byte| !byte.is_ascii_whitespace());
        if matches!(
            second,
            Some(b'"' | b'{' | b'[' | b']' | b'}' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n')
        ) {
            return "json";
        }
    }
    let start = shorten(trimmed, 512).to_ascii_lowercase();
    if [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<div",
        "<p>",
        "<table",
        "<span",
    ]
    .iter()
    .any(|tag| start.starts_with(tag))
    {
        return "html";
    }
    if is_base64(bytes) {
        return "base64";
    }
    // Text has spaces, or characters of scripts that need none. Most texts show enough of either in their
    // first lines.
    let enough = bytes.len().div_ceil(100);
    let mut breaks = bytes
        .iter()
        .filter(|byte| byte.is_ascii_whitespace() || **byte >= 0xe0);
    if enough == 0 || breaks.nth(enough - 1).is_some() {
        "text"
    } else {
        "string"
    }
}

/// Returns true for base64 of either alphabet, wrapped into lines or not, and for a `data:` address of it.
fn is_base64(text: &[u8]) -> bool {
    let text = match text.strip_prefix(b"data:") {
        Some(rest) => match memchr::memmem::find(rest.get(..256).unwrap_or(rest), b";base64,") {
            Some(at) => rest.get(at + 8..).unwrap_or_default(),
            None => return false,
        },
        None => text,
    };
    let (mut upper, mut lower, mut digit, mut breaks) = (false, false, false, 0);
    for byte in text {
        match byte {
            b'A'..=b'Z' => upper = true,
            b'a'..=b'z' => lower = true,
            b'0'..=b'9' | b'+' | b'/' => digit = true,
            b'-' | b'_' | b'=' => {}
            b'\n' | b'\r' => breaks += 1,
            _ => return false,
        }
    }
    upper && lower && digit && text.len() >= 64 && breaks * 40 < text.len()
}
