//! Memory of walks, which is kept from one to the next.

use std::cell::{OnceCell, RefCell};

use crate::crush::call_names::CallId;

/// Where a walk stands.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The containers around the value at hand, outermost first.
    pub open: Vec<OpenContainer>,
    /// The branches that are active in each of them, one container's behind the other's, and at the value at
    /// hand.
    pub branches: Vec<u32>,
    /// The members of each of them, and of the value at hand.
    pub members: Vec<KnownMember>,
}

/// A member of an object: the number of its name, none if no path asks for it, and its value.
pub(crate) type KnownMember = (Option<u32>, u32);

/// A container around the value at hand.
#[derive(Debug)]
pub(crate) struct OpenContainer {
    pub index: u32,
    /// Where its branches begin and end.
    pub branches: (usize, usize),
    /// Where its members begin.
    pub members: usize,
    /// The next value: of an object a position among the members, of an array a node.
    pub at: usize,
    pub is_object: bool,
    /// The call that it says it belongs to, looked for when first needed: a large object is read once.
    pub call: OnceCell<Option<CallId>>,
    /// Names of the tools of its payloads, by path.
    pub tools: RefCell<Vec<(usize, Option<String>)>>,
}

impl Memory {
    /// Begins a walk with these branches.
    pub fn begin(&mut self, branches: impl IntoIterator<Item = u32>) {
        self.open.clear();
        self.members.clear();
        self.branches.clear();
        self.branches.extend(branches);
    }
}
