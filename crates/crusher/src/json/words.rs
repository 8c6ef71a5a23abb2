//! The words `NaN`, `Infinity` and `-Infinity`, which JSON doesn't have and many programs print.
//!
//! A text with such words becomes JSON with a string in the place of each.

use crate::json::bytes::{skip_space, string_length};
use crate::json::output::Output;

const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Returns the array or object that a text begins with, with quotes around its words, and its length in the
/// text. None if it doesn't end, has no such words, or if the words wouldn't come back.
pub(crate) fn quoted(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut json, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    text.first().filter(|byte| matches!(byte, b'{' | b'['))?;
    let mut copied = 0;
    loop {
        match text.get(at)? {
            b'"' => at += string_length(text.get(at..)?)?,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' => (at, depth) = (at + 1, depth.checked_sub(1)?),
            b'N' | b'I' | b'-' => {
                let rest = text.get(at..)?;
                let Some(word) = WORDS.into_iter().find(|word| rest.starts_with(word)) else {
                    // A negative number; nothing else begins like a word.
                    rest.strip_prefix(b"-").filter(|rest| !rest.starts_with(b"-"))?;
                    at += 1;
                    continue;
                };
                json.extend_from_slice(text.get(copied..at)?);
                json.push(b'"');
                json.extend_from_slice(word);
                json.push(b'"');
                at += word.len();
                copied = at;
            }
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    let source = text.get(..at)?;
    json.extend_from_slice(text.get(copied..at)?);
    let mut back = Vec::with_capacity(at);
    unquote(&json, &mut back);
    (copied > 0 && back == source).then_some((json, at))
}

/// Returns true if a string of some JSON has the text of a word.
pub(crate) fn has_words(json: &[u8]) -> bool {
    let mut without = Vec::with_capacity(json.len());
    unquote(json, &mut without);
    without.len() < json.len()
}

/// Appends JSON, with the strings that are words without their quotes. Keys keep them.
pub(crate) fn unquote(json: &[u8], out: &mut impl Output) {
    let (mut copied, mut at) = (0, 0);
    let text = |from: usize, to: usize| json.get(from..to).unwrap_or_default();
    while let Some(offset) = memchr::memchr(b'"', text(at, json.len())) {
        let start = at + offset;
        at = start + string_length(text(start, json.len())).unwrap_or(json.len() - start);
        let is_key = json.get(skip_space(json, at)) == Some(&b':');
        if !is_key && is_word(text(start + 1, at - 1)) {
            out.push(text(copied, start));
            out.push(text(start + 1, at - 1));
            copied = at;
        }
    }
    out.push(text(copied, json.len()));
}

fn is_word(raw: &[u8]) -> bool {
    WORDS.contains(&raw)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_become_strings_if_they_can_come_back() {
        let text = br#"[{"NaN": NaN, "b": [ -Infinity,Infinity, -1, "In \"N"]}] and NaN"#;
        let json = br#"[{"NaN": "NaN", "b": [ "-Infinity","Infinity", -1, "In \"N"]}]"#;
        assert_eq!(quoted(text), Some((json.to_vec(), text.len() - 8)));
        for text in ["[1, 2]", "[NaN, \"NaN\"]", "[NaN", "NaN", "[\"NaN\"]", "]"] {
            assert_eq!(quoted(text.as_bytes()), None, "{text}");
        }
    }
}
