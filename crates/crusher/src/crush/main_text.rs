//! The main text of a payload: the one string in a wrapper of other, small values.
//!
//! Many tools answer with an object such as `{"stdout":"…","exit_code":0}`. Its string is what the tool was
//! asked for, as if it stood by itself, so it may fill the payload's budget.

use crate::json::tape::{Doc, Kind};

/// A wrapper has at most so many members at each of its levels.
const MOST_MEMBERS: u32 = 32;

/// A string with the budget of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MainText {
    /// Number of strings around the text with this string, and its node in that text.
    pub place: (usize, u32),
    /// Tokens of everything around it.
    pub tokens_around: usize,
}

/// Returns the string that holds three quarters of the bytes of a value.
pub(crate) fn find(doc: &Doc<'_>, index: u32) -> Option<u32> {
    let bytes = |at: u32| doc.raw(doc.node(at)).len();
    let least = bytes(index) / 4 * 3;
    let mut at = index;
    loop {
        let node = doc.node(at);
        if node.count > MOST_MEMBERS {
            return None;
        }
        at = match node.kind {
            Kind::Object => doc
                .members(at)
                .map(|(_, value)| value)
                .max_by_key(|at| bytes(*at))?,
            Kind::Array => doc.elements(at).max_by_key(|at| bytes(*at))?,
            Kind::String => return (at != index).then_some(at),
            _ => return None,
        };
        if bytes(at) < least {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::json::scan::Tape;

    #[test]
    fn the_string_in_a_wrapper_is_its_main_text() {
        let text = "x".repeat(200);
        for (json, is_main) in [
            (
                format!(r#"{{"stdout":"{text}","stderr":"","exit_code":0}}"#),
                true,
            ),
            (
                format!(r#"{{"content":[{{"type":"text","text":"{text}"}}],"isError":false}}"#),
                true,
            ),
            (format!(r#"{{"out":{{"a":"{text}"}},"b":[1,2]}}"#), true),
            (format!(r#"{{"stdout":"{text}","stderr":"{text}"}}"#), false),
            (format!(r#"["{text}","{text}"]"#), false),
            (format!(r#""{text}""#), false),
            ("{}".to_owned(), false),
            ("[12345]".to_owned(), false),
        ] {
            let mut tape = Tape::default();
            let found = tape
                .scan(json.as_bytes(), 9)
                .ok()
                .and_then(|doc| find(&doc, 0).map(|at| doc.inner(doc.node(at)) == text.as_bytes()));
            assert_eq!(found, is_main.then_some(true), "{json}");
        }
    }
}
