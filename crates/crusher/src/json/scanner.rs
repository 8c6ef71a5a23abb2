//! The state of a scan: what was read so far, and what it tells of the whitespace.

use crate::json::tape::Node;

/// Where the text stops making sense; what was expected there stands in the scanner, so that a result fits
/// into two registers.
pub(super) struct Stop(pub(super) usize);

/// The place behind what was read.
pub(super) type Scan = std::result::Result<usize, Stop>;

pub(super) struct Scanner<'a, 't> {
    pub(super) text: &'a [u8],
    pub(super) has_suspects: bool,
    /// The layouts that the text isn't printed in.
    pub(super) spacing: u8,
    /// Spaces before the root's first member; 0 where it doesn't stand on a line of its own.
    pub(super) width: usize,
    /// What is wrong where the scan stopped; none for too much depth.
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

/// What stands around the root: nothing closes it.
pub(super) const OUTSIDE: OpenContainer = OpenContainer {
    index: u32::MAX,
    count: 0,
    close: 0,
};

impl Scanner<'_, '_> {
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
