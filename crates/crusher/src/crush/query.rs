//! Reads what stands before a payload in its record: the query, and the words that the reader has seen.

use crate::crush::found::Found;
use crate::excerpt::survey::Interest;
use crate::excerpt::vocabulary::WordNumbers;
use crate::json::edits::Edits;
use crate::json::spelling;
use crate::json::tape::{Doc, ESCAPED, KEY, Kind};

/// The most bytes of text before a payload that make up its query.
const QUERY_BYTES: usize = 4096;
/// The most nodes that are read to find that text.
const QUERY_NODES: usize = 4096;

/// The words of the compacted record, up to some payload. Each part of the record is read once, when it is
/// first needed.
#[derive(Debug, Default)]
pub(crate) struct SeenWords {
    pub words: WordNumbers,
    /// Of the record, and of the JSON in strings that is being read: the bytes that were read, and the edits.
    read: Vec<(u32, usize)>,
}

impl SeenWords {
    /// Forgets where reading stood in the texts of a level and those inside them: another text comes next.
    pub fn leave(&mut self, level: usize) {
        self.read.truncate(level);
    }
}

/// The query of a payload, and the words that its reader has seen. Both are read when first needed.
pub(crate) struct PayloadQuery<'o> {
    find: &'o dyn Fn(&mut SeenWords) -> String,
    seen: &'o mut SeenWords,
    found: Option<String>,
}

impl<'o> PayloadQuery<'o> {
    /// `find` returns the query, and adds the words before the payload to `seen`.
    pub fn new(find: &'o dyn Fn(&mut SeenWords) -> String, seen: &'o mut SeenWords) -> Self {
        let found = None;
        Self { find, seen, found }
    }

    /// Returns the query.
    pub fn get(&mut self) -> &str {
        self.interest(&[]).query
    }

    /// Returns what matters to the reader of an excerpt.
    pub fn interest<'i>(&'i mut self, keep_patterns: &'i [String]) -> Interest<'i> {
        let query = self.found.get_or_insert_with(|| (self.find)(self.seen));
        Interest {
            query,
            known: &self.seen.words,
            keep_patterns,
        }
    }
}

/// A payload's place in its text: the record, or JSON in a string of it.
pub(crate) struct PayloadPlace<'e> {
    pub doc: &'e Doc<'e>,
    /// Payloads, and strings with payloads in them, up to this one, this one excepted.
    pub before: &'e [Found],
    /// What became of them.
    pub edits: &'e Edits,
    /// The payload's node.
    pub node: u32,
    /// The place of the string that holds the text.
    pub outer: Option<&'e PayloadPlace<'e>>,
}

impl PayloadPlace<'_> {
    /// How many strings the text stands in.
    pub fn level(&self) -> usize {
        self.outer.map_or(0, |outer| outer.level() + 1)
    }

    /// Reads the words up to the payload.
    pub fn read(&self, seen: &mut SeenWords) {
        if let Some(outer) = self.outer {
            outer.read(seen);
        }
        let level = self.level();
        let (mut bytes, mut edits) = seen.read.get(level).copied().unwrap_or_default();
        let read = |from: u32, to: u32, words: &mut WordNumbers| {
            let text = self.doc.text.get(from as usize..to as usize);
            read_json(text.unwrap_or_default(), words);
        };
        for (node, replacement) in self.edits.iter_from(edits) {
            let node = self.doc.node(node);
            read(bytes, node.start, &mut seen.words);
            read_json(replacement, &mut seen.words);
            bytes = node.end;
            edits += 1;
        }
        let end = self.doc.node(self.node).start;
        read(bytes, end, &mut seen.words);
        seen.read.resize(level, (0, 0));
        seen.read.push((end, edits));
    }

    /// Returns the record's text before the payload, in its order, without the other payloads. If it is long,
    /// only its end counts.
    pub fn query(&self) -> String {
        let mut strings = Vec::new();
        let (mut length, mut nodes) = (0, 0);
        let mut place = Some(self);
        while let Some(text) = place {
            text.strings(&mut strings, &mut length, &mut nodes);
            place = text.outer;
        }
        let mut query = Vec::with_capacity(length);
        for (raw, escaped) in strings.into_iter().rev() {
            if !escaped || !spelling::decode(raw, &mut query) {
                query.extend_from_slice(raw);
            }
            query.push(b' ');
        }
        let text = String::from_utf8_lossy(&query);
        let cut = text.len().saturating_sub(QUERY_BYTES);
        let cut = (cut..text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(text.len());
        text.get(cut..).unwrap_or_default().to_owned()
    }

    /// Appends the strings of this text before the payload, the nearest first, and whether they have escapes.
    fn strings<'d>(&'d self, strings: &mut Vec<(&'d [u8], bool)>, length: &mut usize, nodes: &mut usize) {
        let mut end = self.node;
        let starts = self
            .before
            .iter()
            .rev()
            .map(|found| (found.node, self.doc.node(found.node).next));
        for (payload, start) in starts.chain([(0, 0)]) {
            for at in (start..end).rev() {
                *nodes += 1;
                if *length >= QUERY_BYTES || *nodes > QUERY_NODES {
                    return;
                }
                let node = self.doc.node(at);
                if node.kind == Kind::String && node.flags & KEY == 0 {
                    strings.push((self.doc.inner(node), node.flags & ESCAPED != 0));
                    *length += (node.end - node.start) as usize;
                }
            }
            end = payload;
        }
    }
}

/// Notes the words of JSON text. An escape ends a word.
fn read_json(text: &[u8], words: &mut WordNumbers) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        words.read(rest.get(..at).unwrap_or_default());
        let escape = if rest.get(at + 1) == Some(&b'u') { 6 } else { 2 };
        rest = rest.get(at + escape..).unwrap_or_default();
    }
    words.read(rest);
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::{PayloadPlace, SeenWords};
    use crate::crush::found::{Content, Found, Payload};
    use crate::excerpt::vocabulary::WordNumbers;
    use crate::json::edits::Edits;
    use crate::json::scan::Tape;

    fn payload(node: u32) -> Found {
        let content = Content::Payload(Payload::default());
        Found { node, content }
    }

    #[test]
    fn the_query_is_what_was_said_and_not_what_other_tools_gave() {
        let mut tape = Tape::default();
        let text = br#"["find \"ann\"",{"role":"tool","content":"long listing"},"and then?","result"]"#;
        let doc = tape.scan(text, 9).unwrap();
        let listing = payload(6);
        let place = PayloadPlace {
            doc: &doc,
            before: &[listing],
            edits: &Edits::default(),
            node: 8,
            outer: None,
        };
        assert_eq!(place.query(), "find \"ann\" tool and then? ");
    }

    #[test]
    fn words_are_seen_as_the_compacted_record_shows_them() {
        let mut tape = Tape::default();
        let text = br#"["first\nsecond",{"content":"hidden listing"},"behind"]"#;
        let doc = tape.scan(text, 9).unwrap();
        let mut edits = Edits::default();
        edits.push(4, br#""shown""#);
        let mut seen = SeenWords::default();
        for node in [4, 5] {
            let edits = if node == 4 { &Edits::default() } else { &edits };
            let payloads = &[payload(4)];
            let payloads = if node == 4 { &payloads[..0] } else { payloads };
            PayloadPlace {
                doc: &doc,
                before: payloads,
                edits,
                node,
                outer: None,
            }
            .read(&mut seen);
        }
        let mut expected = WordNumbers::default();
        expected.read(b"first second content shown");
        assert_eq!(seen.words, expected);
    }
}
