//! Replacements of nodes. They are collected first and printed later, in the text as it stands or in another
//! layout.

use crate::json::tape::Doc;

/// The replaced nodes, in ascending order and none inside another, with their replacements.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    list: Vec<(u32, usize)>,
    buffer: Vec<u8>,
}

impl Edits {
    /// Returns true if nothing is replaced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Replaces a node. It must stand behind all nodes that were replaced before.
    pub fn push(&mut self, node: u32, replacement: &[u8]) {
        self.buffer.extend_from_slice(replacement);
        self.list.push((node, self.buffer.len()));
    }

    /// Returns the replaced nodes with their replacements.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.iter_from(0)
    }

    /// As `iter`, but skips the first `first` of them.
    pub fn iter_from(&self, first: usize) -> impl Iterator<Item = (u32, &[u8])> {
        let before = first.checked_sub(1).and_then(|last| self.list.get(last));
        let mut start = before.map_or(0, |(_, end)| *end);
        self.list.iter().skip(first).map(move |(node, end)| {
            let text = self.buffer.get(start..*end).unwrap_or_default();
            start = *end;
            (*node, text)
        })
    }

    /// Appends the subtree at `index` as it stands, with the replacements in it.
    pub fn splice(&self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) {
        let root = doc.node(index);
        let mut copied = root.start;
        for (node, replacement) in self.iter() {
            let replaced = doc.node(node);
            out.extend_from_slice(
                doc.text
                    .get(copied as usize..replaced.start as usize)
                    .unwrap_or_default(),
            );
            out.extend_from_slice(replacement);
            copied = replaced.end;
        }
        out.extend_from_slice(
            doc.text
                .get(copied as usize..root.end as usize)
                .unwrap_or_default(),
        );
    }
}
