//! All paths of a crusher as one tree, in which equal beginnings stand once. One walk over a record follows
//! all of them.
//!
//! The names of members that paths ask for have numbers. So a walk looks each key of a record up once, however
//! many paths there are.

use crate::payload_path::names::Names;
use crate::payload_path::path::Path;
use crate::payload_path::segment::{Condition, End, Member, PathSegment};

/// The tree. A branch stands for the segments that lead to it; it is the state of a walk.
#[derive(Debug, Default)]
pub(crate) struct PathTree {
    branches: Vec<Branch>,
    /// The numbers of names. Those of tests come first.
    names: Names,
}

/// A branch of the tree, with the branches behind it by what leads to them.
#[derive(Debug, Default)]
pub(crate) struct Branch {
    /// It stays active in all values below.
    pub is_deep: bool,
    /// `[*]`
    pub every: Option<u32>,
    /// `..`
    pub deep: Option<u32>,
    /// `|json`
    pub json: Option<u32>,
    /// `.key`, in the order of the names' numbers.
    keys: Vec<(u32, u32)>,
    /// `{…}`, one entry for each member that is asked for.
    pub tests: Vec<Tests>,
    /// The numbers of the paths that end here, in ascending order, and how they end.
    ends: Vec<(usize, End)>,
}

/// The tests on one member.
#[derive(Debug)]
pub(crate) struct Tests {
    /// The number of the member's name.
    pub name: u32,
    /// The branches behind those that an object without the member passes.
    pub when_missing: Vec<u32>,
    all: Vec<(Condition, u32)>,
}

/// The branch at which each walk begins.
pub(crate) const ROOT: u32 = 0;

impl PathTree {
    pub fn new(paths: &[Path]) -> Self {
        let mut tree = Self::default();
        let segments = || paths.iter().flat_map(|path| &path.segments);
        for segment in segments() {
            if let PathSegment::Where(test) = segment {
                tree.names.add(test.key.as_bytes());
            }
        }
        for segment in segments() {
            if let PathSegment::Key(names) = segment {
                names.iter().for_each(|name| {
                    tree.names.add(name.as_bytes());
                });
            }
        }
        let mut growing = Growing {
            tree,
            segments: Vec::new(),
            next: Vec::new(),
        };
        growing.add(None);
        for (number, path) in paths.iter().enumerate() {
            let end = path
                .segments
                .iter()
                .fold(ROOT, |branch, segment| growing.behind(branch, segment));
            if let Some(branch) = growing.tree.branches.get_mut(end as usize) {
                branch.ends.push((number, path.end));
            }
        }
        growing.tree
    }

    /// Returns the number of a member's name, if a path asks for it.
    pub fn name(&self, name: &[u8]) -> Option<u32> {
        self.names.number(name)
    }

    /// Returns a branch.
    pub fn branch(&self, branch: u32) -> Option<&Branch> {
        self.branches.get(branch as usize)
    }
}

impl Branch {
    /// Returns true if some branch lies behind the members of an object.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Returns the branches behind a member of this name.
    pub fn behind(&self, name: u32) -> impl Iterator<Item = u32> {
        let first = self.keys.partition_point(|(key, _)| *key < name);
        let keys = self.keys.iter().skip(first);
        keys.take_while(move |(key, _)| *key == name)
            .map(|(_, next)| *next)
    }

    /// Returns the first path that ends here and selects a string, or a value that is none.
    pub fn end(&self, is_string: bool) -> Option<usize> {
        let fits = |(_, end): &&(usize, End)| end.takes(is_string);
        self.ends.iter().find(fits).map(|(path, _)| *path)
    }

    /// Adds a segment, whose names have these numbers, that leads to a branch.
    fn lead(&mut self, segment: &PathSegment, names: &[u32], next: u32) {
        match segment {
            PathSegment::Every => self.every = Some(next),
            PathSegment::Deep => self.deep = Some(next),
            PathSegment::Json => self.json = Some(next),
            PathSegment::Key(_) => {
                self.keys.extend(names.iter().map(|name| (*name, next)));
                self.keys.sort_unstable();
                self.keys.dedup();
            }
            PathSegment::Where(test) => {
                for name in names {
                    let known = self.tests.iter().position(|tests| tests.name == *name);
                    let at = known.unwrap_or(self.tests.len());
                    if known.is_none() {
                        self.tests.push(Tests::on(*name));
                    }
                    if let Some(tests) = self.tests.get_mut(at) {
                        tests.add(&test.condition, next);
                    }
                }
            }
        }
    }
}

impl Tests {
    /// Returns no tests, on a member of this name.
    fn on(name: u32) -> Self {
        Self {
            name,
            when_missing: Vec::new(),
            all: Vec::new(),
        }
    }

    fn add(&mut self, condition: &Condition, next: u32) {
        if condition.holds(Member::Missing) {
            self.when_missing.push(next);
        }
        self.all.push((condition.clone(), next));
    }

    /// Returns the branches behind the tests that a member passes.
    pub fn behind(&self, member: Member<'_>) -> impl Iterator<Item = u32> {
        let passed = self
            .all
            .iter()
            .filter(move |(condition, _)| condition.holds(member));
        passed.map(|(_, next)| *next)
    }
}

/// A tree to which paths are added.
struct Growing {
    tree: PathTree,
    /// For each branch, the segment that leads there; none at the root.
    segments: Vec<Option<PathSegment>>,
    /// For each branch, those behind it.
    next: Vec<Vec<u32>>,
}

impl Growing {
    /// Returns the branch that a segment leads to; adds it if it isn't there.
    fn behind(&mut self, before: u32, segment: &PathSegment) -> u32 {
        let leads = |next: &&u32| {
            let known = self.segments.get(**next as usize).and_then(Option::as_ref);
            known == Some(segment)
        };
        let mut behind = self.next.get(before as usize).into_iter().flatten();
        if let Some(known) = behind.find(leads) {
            return *known;
        }
        let next = self.tree.branches.len() as u32;
        let names: Vec<u32> = match segment {
            PathSegment::Key(names) => names
                .iter()
                .map(|name| self.tree.names.add(name.as_bytes()))
                .collect(),
            PathSegment::Where(test) => vec![self.tree.names.add(test.key.as_bytes())],
            PathSegment::Every | PathSegment::Deep | PathSegment::Json => Vec::new(),
        };
        if let Some(branch) = self.tree.branches.get_mut(before as usize) {
            branch.lead(segment, &names, next);
        }
        if let Some(branches) = self.next.get_mut(before as usize) {
            branches.push(next);
        }
        self.add(Some(segment.clone()));
        next
    }

    /// Adds a branch to which a segment leads.
    fn add(&mut self, segment: Option<PathSegment>) {
        self.tree.branches.push(Branch {
            is_deep: segment == Some(PathSegment::Deep),
            ..Branch::default()
        });
        self.segments.push(segment);
        self.next.push(Vec::new());
    }
}
