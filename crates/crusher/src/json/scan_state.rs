//! The state of a scan: the nodes read so far, the open containers, and what is known of the layout.

use crate::json::tape::Node;

/// The position of an error. The scanner keeps its message, so that a result fits into two registers.
pub(super) struct Stop(pub(super) usize);

/// The position behind what was read, or the position of an error.
pub(super) type Scan = std::result::Result<usize, Stop>;

pub(super) struct Scanner<'a, 't> {
    pub(super) text: &'a [u8],
    /// True if other text may follow the value.
    pub(super) first_only: bool,
    pub(super) has_suspects: bool,
    /// The layouts that the text isn't printed in, as flags of `spacing.rs`.
    pub(super) spacing: u8,
    /// Bytes of whitespace before the root's first member, less one for the line feed.
    pub(super) width: usize,
    /// The message of an error; none if the text is nested too deep.
    pub(super) what: Option<&'static str>,
    pub(super) nodes: &'t mut Vec<Node>,
    pub(super) open: &'t mut Vec<OpenContainer>,
    pub(super) max_depth: usize,
}

/// A container that isn't closed yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenContainer {
    pub(super) index: u32,
    pub(super) count: u32,
    pub(super) close: u8,
}

/// Stands for the outside of the root, which nothing closes.
pub(super) const OUTSIDE: OpenContainer = OpenContainer {
    index: u32::MAX,
    count: 0,
    close: 0,
};

impl Scanner<'_, '_> {
    /// Keeps the message of an error, and returns its position.
    #[cold]
    pub(super) fn stop(&mut self, what: &'static str, at: usize) -> Stop {
        self.what = Some(what);
        Stop(at)
    }

    #[inline]
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }
}
