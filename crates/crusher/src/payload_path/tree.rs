//! All paths of a crusher as one tree, in which equal beginnings stand once. One walk over a record follows
//! all of them.

use crate::payload_path::path::Path;
use crate::payload_path::segment::{End, PathSegment};

/// The tree. A branch stands for the segments that lead to it; it is the state of a walk.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    branches: Vec<Branch>,
}

/// A branch of the tree.
#[derive(Debug)]
struct Branch {
    /// The last of the segments that lead here; none at the root.
    segment: Option<PathSegment>,
    /// The branches that go on from here.
    next: Vec<u32>,
    /// The numbers of the paths that end here, in ascending order, and how they end.
    ends: Vec<(usize, End)>,
}

/// The branch at which each walk begins.
pub(crate) const ROOT: u32 = 0;

impl PathTree {
    pub fn new(paths: &[Path]) -> Self {
        let root = Branch::new(None);
        let mut tree = Self { branches: vec![root] };
        for (number, path) in paths.iter().enumerate() {
            let end = path
                .segments
                .iter()
                .fold(ROOT, |branch, segment| tree.behind(branch, segment));
            if let Some(branch) = tree.branches.get_mut(end as usize) {
                branch.ends.push((number, path.end));
            }
        }
        tree
    }

    /// Returns the branch that a segment leads to; adds it if it isn't there.
    fn behind(&mut self, branch: u32, segment: &PathSegment) -> u32 {
        let known = self.next(branch).find(|(_, known)| *known == segment);
        if let Some((next, _)) = known {
            return next;
        }
        let next = self.branches.len() as u32;
        self.branches.push(Branch::new(Some(segment.clone())));
        if let Some(branch) = self.branches.get_mut(branch as usize) {
            branch.next.push(next);
        }
        next
    }

    /// Returns the branches behind one, with the segments that lead to them.
    pub fn next(&self, branch: u32) -> impl Iterator<Item = (u32, &PathSegment)> {
        let next = self.branches.get(branch as usize).map(|branch| &branch.next);
        next.into_iter().flatten().filter_map(|next| {
            let segment = self.branches.get(*next as usize)?.segment.as_ref()?;
            Some((*next, segment))
        })
    }

    /// Returns true if a branch stays active in all values below one.
    pub fn is_deep(&self, branch: u32) -> bool {
        let branch = self.branches.get(branch as usize);
        branch.is_some_and(|branch| branch.segment == Some(PathSegment::Deep))
    }

    /// Returns the first path that ends at a branch and selects a string, or a value that is none.
    pub fn end(&self, branch: u32, is_string: bool) -> Option<usize> {
        let ends = &self.branches.get(branch as usize)?.ends;
        let fits = |(_, end): &&(usize, End)| end.takes(is_string);
        ends.iter().find(fits).map(|(path, _)| *path)
    }
}

impl Branch {
    fn new(segment: Option<PathSegment>) -> Self {
        Self {
            segment,
            next: Vec::new(),
            ends: Vec::new(),
        }
    }
}
