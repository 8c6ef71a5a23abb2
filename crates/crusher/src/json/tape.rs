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

/// Flag of a string that holds a backslash escape.
pub const ESCAPED: u8 = 1;
/// Flag of a string that holds bytes above 0x7f.
pub const NON_ASCII: u8 = 2;
/// Flag of a string that may be reserved: its first raw byte is `<`, `[` or a backslash.
pub const SUSPECT: u8 = 4;
/// Flag of a number without fraction and exponent.
pub const INTEGER: u8 = 8;

/// Flag of a string that is a key.
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
    /// What kind of token it is.
    pub kind: Kind,
    /// Any of `ESCAPED`, `NON_ASCII`, `SUSPECT`, `INTEGER` and `KEY`.
    pub flags: u8,
}

/// A scanned text: the text and its nodes in document order, the root first.
#[derive(Clone, Copy, Debug)]
pub struct Doc<'a> {
    /// The whole text.
    pub text: &'a [u8],
    /// True if some string value has the flag `SUSPECT`. Otherwise nothing in the text is reserved.
    pub has_suspects: bool,
    /// The root's layout, if the scan recognised it. It recognises all but tabs.
    pub(crate) layout: Option<Layout>,
    pub(crate) nodes: &'a [Node],
}

/// Stands for every node past the end of a tape.
const END: Node = Node {
    start: 0,
    end: 0,
    next: 0,
    count: 0,
    kind: Kind::Null,
    flags: 0,
};

impl<'a> Doc<'a> {
    /// Returns the node at an index. Past the end, this is an empty `null`; iterating never gets there.
    #[inline]
    #[must_use]
    pub fn node(&self, index: u32) -> Node {
        self.nodes.get(index as usize).copied().unwrap_or(END)
    }

    /// Returns the number of nodes.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Returns true if there are no nodes, which no successful scan gives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the token's bytes as they stand in the text.
    #[inline]
    #[must_use]
    pub fn raw(&self, node: Node) -> &'a [u8] {
        self.text
            .get(node.start as usize..node.end as usize)
            .unwrap_or_default()
    }

    /// Returns a string's bytes between its quotes, with escapes as they stand.
    #[inline]
    #[must_use]
    pub fn inner(&self, node: Node) -> &'a [u8] {
        self.text
            .get(node.start as usize + 1..(node.end as usize).saturating_sub(1))
            .unwrap_or_default()
    }

    /// Returns the elements of an array as node indices; none for any other node.
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

    /// Returns the members of an object as (key index, value index); none for any other node.
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

/// Iterates over the elements of an array.
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

/// Iterates over the members of an object.
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
