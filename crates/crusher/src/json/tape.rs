//! The tape: one flat list of nodes with byte spans, in document order.

use crate::json::layout::Layout;

/// What kind of token a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, of any spelling and size.
    Number,
    /// A string, or a key.
    String,
    /// An array.
    Array,
    /// An object; its children alternate between key and value.
    Object,
}

/// A string holds at least one backslash escape.
pub const ESCAPED: u8 = 1;
/// A string holds bytes above 0x7f.
pub const NON_ASCII: u8 = 2;
/// A string's decoded text may begin with a reserved pattern: its first raw byte is `<`, `[` or a backslash.
pub const SUSPECT: u8 = 4;
/// A number without fraction and exponent.
pub const INTEGER: u8 = 8;

/// A string is a key.
pub const KEY: u8 = 16;

/// One token and, for containers, its subtree: the nodes between this one and `next`.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// First byte of the token, a quote or bracket included.
    pub start: u32,
    /// Byte behind the token.
    pub end: u32,
    /// Index of the first node behind this node's subtree.
    pub next: u32,
    /// Number of elements of an array or of members of an object.
    pub count: u32,
    /// What it is.
    pub kind: Kind,
    /// `ESCAPED`, `NON_ASCII`, `SUSPECT`, `INTEGER`, `KEY`.
    pub flags: u8,
}

/// A scanned text: the text and its nodes in document order, the root first.
#[derive(Clone, Copy, Debug)]
pub struct Doc<'a> {
    /// The whole text.
    pub text: &'a [u8],
    /// Some string value has the flag `SUSPECT`; without, nothing in the text can be reserved.
    pub has_suspects: bool,
    /// The layout that the root is printed in, where the scan could tell; only tabs it leaves to others.
    pub(crate) layout: Option<Layout>,
    pub(crate) nodes: &'a [Node],
}

/// What stands past the end of a tape.
const END: Node = Node {
    start: 0,
    end: 0,
    next: 0,
    count: 0,
    kind: Kind::Null,
    flags: 0,
};

impl<'a> Doc<'a> {
    /// The node at an index; past the end an empty `null`, which no well-formed walk reaches.
    #[inline]
    #[must_use]
    pub fn node(&self, index: u32) -> Node {
        self.nodes.get(index as usize).copied().unwrap_or(END)
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// True for no nodes, which no successful scan gives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The token's bytes as they stand in the text.
    #[inline]
    #[must_use]
    pub fn raw(&self, node: Node) -> &'a [u8] {
        self.text
            .get(node.start as usize..node.end as usize)
            .unwrap_or_default()
    }

    /// A string's bytes between its quotes, escapes as they stand.
    #[inline]
    #[must_use]
    pub fn inner(&self, node: Node) -> &'a [u8] {
        self.text
            .get(node.start as usize + 1..(node.end as usize).saturating_sub(1))
            .unwrap_or_default()
    }

    /// The children of an array as node indices.
    #[must_use]
    pub fn elements(&self, index: u32) -> Elements<'a> {
        let node = self.node(index);
        Elements {
            doc: *self,
            at: index + 1,
            end: if node.kind == Kind::Array {
                node.next
            } else {
                index + 1
            },
        }
    }

    /// The members of an object as (key index, value index).
    #[must_use]
    pub fn members(&self, index: u32) -> Members<'a> {
        let node = self.node(index);
        Members {
            doc: *self,
            at: index + 1,
            end: if node.kind == Kind::Object {
                node.next
            } else {
                index + 1
            },
        }
    }
}

/// Iterator over the elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    doc: Doc<'a>,
    at: u32,
    end: u32,
}

impl Iterator for Elements<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let at = self.at;
        if at >= self.end {
            return None;
        }
        self.at = self.doc.node(at).next;
        Some(at)
    }
}

/// Iterator over the members of an object.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    doc: Doc<'a>,
    at: u32,
    end: u32,
}

impl Iterator for Members<'_> {
    type Item = (u32, u32);

    #[inline]
    fn next(&mut self) -> Option<(u32, u32)> {
        let key = self.at;
        if key >= self.end {
            return None;
        }
        self.at = self.doc.node(key + 1).next;
        Some((key, key + 1))
    }
}
