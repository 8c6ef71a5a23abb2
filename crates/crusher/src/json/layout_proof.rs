//! Finds the layout of a text: guesses it from the first separator, and proves it by printing.

use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::output::Output;
use crate::json::print::Printer;
use crate::json::tape::{Doc, Kind, Node};

impl Layout {
    /// Returns the layout of a container's subtree, if printing in it gives the same bytes.
    #[must_use]
    pub fn proved(doc: &Doc<'_>, index: u32) -> Option<Self> {
        match doc.layout {
            Some(Self::Spaced) if !has_separators(doc, index) => Some(Self::Compact),
            // A container inside is indented too deep for a layout of its own, unless it is empty.
            Some(Self::Indent(_)) if index > 0 => (doc.node(index).count == 0).then_some(Self::Compact),
            Some(layout) => Some(layout),
            None => Self::proved_by_walk(doc, index),
        }
    }

    /// As `proved`, but ignores what the scan found.
    pub(super) fn proved_by_walk(doc: &Doc<'_>, index: u32) -> Option<Self> {
        let node = doc.node(index);
        let layout = Self::guess(doc.raw(node));
        let mut matching = Matching {
            text: doc.text,
            at: node.start as usize,
            same: true,
        };
        layout.walk(doc, index, &Edits::default(), &mut matching);
        (matching.same && matching.at == node.end as usize).then_some(layout)
    }

    /// Guesses a layout from the first line break or separator.
    fn guess(raw: &[u8]) -> Self {
        match raw.get(1..) {
            Some([b'\n', b'\t', ..]) => Self::Tab,
            Some([b'\r', b'\n', b'\t', ..]) => Self::CrTab,
            Some([b'\r', b'\n', rest @ ..]) => {
                let width = rest.iter().take_while(|byte| **byte == b' ').count();
                Self::CrIndent(width.clamp(1, 8) as u8)
            }
            Some([b'\n', rest @ ..]) => {
                let width = rest.iter().take_while(|byte| **byte == b' ').count();
                Self::Indent(width.clamp(1, 8) as u8)
            }
            _ => {
                // The first separator outside a string decides: in compact text, no space follows it.
                let mut inside = false;
                let mut escaped = false;
                for pair in raw.windows(2) {
                    match *pair {
                        _ if escaped => escaped = false,
                        [b'\\', _] if inside => escaped = true,
                        [b'"', _] => inside = !inside,
                        [b',' | b':', next] if !inside => {
                            return if next == b' ' { Self::Spaced } else { Self::Compact };
                        }
                        _ => {}
                    }
                }
                Self::Compact
            }
        }
    }
}

/// Returns true if a comma or a colon stands in a subtree.
fn has_separators(doc: &Doc<'_>, mut index: u32) -> bool {
    loop {
        let node = doc.node(index);
        match node.kind {
            Kind::Array if node.count == 1 => index += 1,
            Kind::Array | Kind::Object => return node.count > 0,
            _ => return false,
        }
    }
}

/// Compares what is printed with the scanned text, instead of keeping it.
struct Matching<'a> {
    text: &'a [u8],
    at: usize,
    same: bool,
}

impl Output for Matching<'_> {
    #[inline]
    fn push(&mut self, text: &[u8]) {
        let end = self.at + text.len();
        self.same &= self.text.get(self.at..end) == Some(text);
        self.at = end;
    }

    fn position(&self) -> usize {
        self.at
    }

    fn rewind(&mut self, position: usize) {
        self.at = position;
    }
}

impl Printer for Matching<'_> {
    #[inline]
    fn token(&mut self, _doc: &Doc<'_>, node: Node) {
        self.same &= self.at == node.start as usize;
        self.at = node.end as usize;
    }

    fn is_full(&self) -> bool {
        !self.same
    }
}
