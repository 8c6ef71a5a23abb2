//! Crushes a text that is JSON, or lines of JSON, as a whole: by itself or in a string.

use crate::crush::budget;
use crate::crush::context::Context;
use crate::crush::replacers::DocumentReplacer;
use crate::crush::surroundings::Surroundings;
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::inside::{Inside, Printer};
use crate::json::layout::Layout;
use crate::json::tape::Doc;
use crate::notation::frame::Frame;
use crate::notation::grammar::Place;
use crate::notation::header::Header;
use crate::notation::separator::Separator;
use crate::notation::write::value::{spelling_of, write_value};
use crate::tokens;

impl Context<'_> {
    /// Crushes JSON, or lines of JSON, in a string. Returns the content of the string that replaces it, a
    /// table or a document, if that saves tokens. `budget` is that of the payload or its main text.
    pub fn json_string(&mut self, decoded: &[u8], frame: Frame, budget: Option<usize>) -> Option<Vec<u8>> {
        let mut tape = self.tapes.pop().unwrap_or_default();
        self.strings += 1;
        let main = self.main;
        let changed = match tape.scan_utf8(decoded, self.options.max_depth) {
            Ok(doc) => self.json_content(&doc, frame, budget),
            Err(_) => None,
        };
        self.main = main;
        self.tapes.push(tape);
        let frame = frame.ending(decoded.ends_with(b"\n"));
        let changed = changed.or_else(|| self.json_lines(decoded, frame));
        self.strings -= 1;
        changed
    }

    /// Crushes JSON objects that stand one a line to a table or a document. A line break behind the last
    /// object is left out.
    pub fn json_lines(&mut self, text: &[u8], frame: Frame) -> Option<Vec<u8>> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let mut breaks = 0;
        for at in memchr::memchr_iter(b'\n', text) {
            if text.get(at + 1) != Some(&b'{') {
                return None;
            }
            breaks += 1;
        }
        if breaks == 0 || text.first() != Some(&b'{') || !self.options.with_compaction {
            return None;
        }
        // The lines become an array: each line break becomes a comma. Whether it stands between two elements
        // is checked below.
        let mut array = Vec::with_capacity(text.len() + 2);
        array.push(b'[');
        array.extend(text.iter().map(|byte| if *byte == b'\n' { b',' } else { *byte }));
        array.push(b']');
        let mut tape = self.tapes.pop().unwrap_or_default();
        let changed = match tape.scan_utf8(&array, self.options.max_depth) {
            Ok(doc) if doc.node(0).count as usize == breaks + 1 => self.lines_of(&doc, text, frame),
            _ => None,
        };
        self.tapes.push(tape);
        changed
    }

    /// Crushes lines that were scanned as an array.
    fn lines_of(&mut self, doc: &Doc<'_>, text: &[u8], frame: Frame) -> Option<Vec<u8>> {
        // Only a line break may stand between two elements. There are as many gaps as line breaks, so no line
        // break stands inside a string. JSON doesn't allow it there, but the array has a comma instead.
        let mut end = 0;
        let mut tight = doc.elements(0).map(|element| doc.node(element)).all(|node| {
            let before = std::mem::replace(&mut end, node.end);
            // The array begins one byte before the text, with its bracket.
            let is_break = before
                .checked_sub(1)
                .is_none_or(|at| text.get(at as usize) == Some(&b'\n'));
            node.start == before + 1 && is_break
        });
        tight &= end as usize + 1 == doc.text.len();
        if tight {
            let header = Header {
                lines: Some(Separator::Line),
                layout: layout_of_elements(doc)?,
                frame,
                ..Header::default()
            };
            self.behind(doc, text, header)
        } else {
            None
        }
    }

    /// Crushes values that stand in a text with something between them, or one that isn't JSON as it stands.
    pub fn printed(&mut self, text: &[u8], inside: &Inside, frame: Frame) -> Option<Vec<u8>> {
        let is_run = inside.values.len() > 1;
        let lines = if is_run {
            Some(Separator::of(&inside.between)?)
        } else {
            None
        };
        let source = text.get(inside.start()..inside.end())?;
        if !inside.comes_back(text) {
            return None;
        }
        let json = inside.json(text);
        let mut tape = self.tapes.pop().unwrap_or_default();
        let changed = match tape.scan_utf8(&json, self.options.max_depth) {
            Ok(doc) => {
                let layout = match inside.printer {
                    Printer::Python { tuples } => Some(Layout::Python { tuples }),
                    _ if is_run => layout_of_elements(&doc),
                    _ => Layout::proved(&doc, 0),
                };
                layout.and_then(|layout| {
                    let header = Header {
                        lines,
                        layout,
                        words: inside.printer == Printer::Words,
                        frame,
                        ..Header::default()
                    };
                    self.behind(&doc, source, header)
                })
            }
            _ => None,
        };
        self.tapes.push(tape);
        changed
    }

    /// Crushes the JSON of a text that comes back from it as a header says.
    fn behind(&mut self, doc: &Doc<'_>, text: &[u8], header: Header) -> Option<Vec<u8>> {
        let surroundings = Surroundings::Printed { header, text };
        if let Some(rendered) = self.array(doc, 0, surroundings) {
            return Some(rendered.text);
        }
        let mark = self.mark();
        let written = self.document(doc, header);
        // Lines over the budget are better cut as a text.
        let is_over = self.lossy && tokens::estimate(&written) > self.budget();
        if is_over || !saves_tokens(&written, text) {
            self.undo(mark);
            return None;
        }
        Some(written)
    }

    /// Crushes the JSON in a string. At most one line break may follow it.
    pub fn json_content(&mut self, doc: &Doc<'_>, frame: Frame, budget: Option<usize>) -> Option<Vec<u8>> {
        let frame = match doc.text.get(doc.node(0).end as usize..)? {
            b"" => frame,
            b"\n" => frame.ending(true),
            _ => return None,
        };
        let mut header = Header {
            frame,
            ..Header::default()
        };
        if let Some(budget) = budget {
            self.find_main(doc, 0, self.budget().saturating_sub(budget));
        }
        let surroundings = Surroundings::Alone {
            frame,
            compact: false,
            minify: true,
        };
        if let Some(rendered) = self.array(doc, 0, surroundings) {
            if rendered.table {
                return Some(rendered.text);
            }
            let mut text = Vec::with_capacity(rendered.text.len() + 16);
            header.write(&mut text);
            text.extend_from_slice(&rendered.text);
            return Some(text);
        }
        if !self.options.with_compaction {
            return self.edited_string(doc, header);
        }
        header.layout = Layout::proved(doc, 0)?;
        let mark = self.mark();
        let text = self.document(doc, header);
        if !saves_tokens(&text, doc.text) {
            self.undo(mark);
            return None;
        }
        Some(text)
    }

    /// Returns the JSON in a string with its values edited, behind a header, or none if no value changed.
    fn edited_string(&mut self, doc: &Doc<'_>, mut header: Header) -> Option<Vec<u8>> {
        header.layout = Layout::proved(doc, 0)?;
        let mut edits = Edits::default();
        self.edit(doc, 1, doc.len(), true, &mut edits);
        if edits.is_empty() {
            return None;
        }
        let mut text = Vec::with_capacity(doc.text.len());
        header.write(&mut text);
        Layout::Compact.print(doc, 0, &edits, &mut text);
        self.decide(Strategy::Minified);
        Some(text)
    }

    /// Returns a whole JSON text as a document: without needless quotes and whitespace, and with tables
    /// inside.
    pub fn document(&mut self, doc: &Doc<'_>, mut header: Header) -> Vec<u8> {
        header.cells = spelling_of(doc, 0);
        let mut text = Vec::with_capacity(doc.text.len());
        header.write(&mut text);
        let spelling = header.cells;
        let replacer = &mut DocumentReplacer {
            context: self,
            spelling,
        };
        write_value(doc, 0, Place::Cell, spelling, replacer, &mut text);
        self.decide(Strategy::Minified);
        text
    }
}

/// Returns the layout of all elements of an array, if it is the same and has no line breaks.
fn layout_of_elements(doc: &Doc<'_>) -> Option<Layout> {
    let mut layouts = doc.elements(0).map(|element| Layout::proved(doc, element));
    let layout = layouts.next().flatten().filter(|layout| layout.is_one_line())?;
    layouts.all(|other| other == Some(layout)).then_some(layout)
}

/// Returns true if the new text takes fewer tokens than the old one.
pub(super) fn saves_tokens(written: &[u8], before: &[u8]) -> bool {
    let clearly = written.len() * 8 <= before.len() * 7;
    let texts = [written, before];
    let fewer = |[after, before]: [usize; 2]| after < before;
    clearly || fewer(budget::compared(texts, texts.map(tokens::estimate)))
}
