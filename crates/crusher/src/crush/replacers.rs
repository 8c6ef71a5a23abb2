//! Replaces long strings, arrays and objects in the cells of a table and in a document.

use crate::crush::context::Context;
use crate::crush::escape::{literal, quoted};
use crate::crush::surroundings::Surroundings;
use crate::excerpt::shorten::{defused, opening, shorten};
use crate::json::spelling::{self, Spelling};
use crate::json::tape::Doc;
use crate::notation::marker::{self};
use crate::notation::reserved::is_reserved;
use crate::notation::write::value::Replacer;

/// The most bytes of a string that stay in a row, if the store holds the whole array.
const SHORTENED_BYTES: usize = 240;

/// The most bytes of an array or object that stay in such a row. What the row is about mostly stands in its
/// other cells.
const CONTAINER_BYTES: usize = 120;

/// Replaces arrays, objects and long strings in the cells of a table.
pub(crate) struct CellReplacer<'c, 'o> {
    pub context: &'c mut Context<'o>,
    /// True if the store holds the whole array. Strings are shortened then, and aren't stored again.
    pub shorten: bool,
}

impl Replacer for CellReplacer<'_, '_> {
    fn long_bytes(&self) -> usize {
        if self.shorten {
            SHORTENED_BYTES
        } else {
            self.context.long_bytes()
        }
    }

    fn string(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        if !self.shorten {
            return self.context.write_string(doc, index, out);
        }
        let node = doc.node(index);
        let raw = doc.inner(node);
        if raw.len() < SHORTENED_BYTES {
            return literal(doc, node).is_some_and(|token| {
                out.extend_from_slice(&token);
                true
            });
        }
        let mut decoded = Vec::new();
        let text = spelling::decode(raw, &mut decoded).then_some(decoded.as_slice());
        let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) else {
            return false;
        };
        write_short(text, SHORTENED_BYTES, out);
        true
    }

    fn container(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        let is_long = doc.raw(doc.node(index)).len() > CONTAINER_BYTES;
        if self.shorten && is_long {
            let text = opening(doc, index, CONTAINER_BYTES);
            write_short(&text, CONTAINER_BYTES, out);
        }
        self.shorten && is_long
    }
}

/// Appends the beginning of a text as a JSON string.
fn write_short(text: &str, max_bytes: usize, out: &mut Vec<u8>) {
    let short = shorten(text, max_bytes);
    let mut shown = Vec::new();
    if is_reserved(short.as_bytes()) {
        shown.extend_from_slice(marker::LITERAL);
    }
    shown.extend_from_slice(defused(short).as_bytes());
    shown.extend_from_slice("…".as_bytes());
    out.extend_from_slice(&quoted(&shown));
}

/// Replaces strings and arrays in a document.
pub(crate) struct DocumentReplacer<'c, 'o> {
    pub context: &'c mut Context<'o>,
    pub spelling: Spelling,
}

impl Replacer for DocumentReplacer<'_, '_> {
    fn long_bytes(&self) -> usize {
        self.context.long_bytes()
    }

    fn string(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        self.context.write_string(doc, index, out)
    }

    fn container(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        let Some(rendered) = self
            .context
            .array(doc, index, Surroundings::Inside(self.spelling))
        else {
            return false;
        };
        out.extend_from_slice(&rendered.text);
        if rendered.table {
            out.push(b'\n');
        }
        true
    }
}
