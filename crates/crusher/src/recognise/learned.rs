//! What the records of one file have shown together: the paths of its results.

use std::collections::{BTreeMap, BTreeSet};

use crate::recognise::found::{Reason, Recognised, full_path};

/// A result of fewer tokens is evidence for a path, but no reason to crush by it.
pub const MIN_TOKENS: u64 = 80;
/// More paths mean that keys are data.
const MAX_PATHS: usize = 1024;
/// Names of tools that are kept for each path.
const MAX_TOOLS: usize = 8;

/// What was seen of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Records with a result there.
    pub records: u64,
    /// Results there that are sure.
    pub sure: u64,
    /// Results there that only look like results.
    pub likely: u64,
    /// Records in which the path would select something else, which must stay.
    pub against: u64,
    /// Results of retrieval tools there: crushing by this path needs the name of each result's tool.
    pub retrieved: u64,
    /// Tokens in all of them, estimated.
    pub tokens: u64,
    /// Tokens in the longest.
    pub longest: u64,
    /// Why the first one was taken for a result.
    pub reason: Reason,
    /// Some of their tools, in alphabetic order.
    pub tools: BTreeSet<String>,
    tool_path: String,
    /// The number of the last record that was counted.
    last: u64,
}

impl Evidence {
    /// True where nothing speaks against crushing what the path selects.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.sure > 0 && self.likely == 0 && self.against == 0
    }
}

/// The paths of a file, learned from some of its records.
///
/// # Examples
/// ```
/// use headroom_crusher::json::scan::Tape;
/// use headroom_crusher::recognise::{Learned, Recogniser};
/// let (mut tape, mut recogniser) = (Tape::default(), Recogniser::default());
/// let mut learned = Learned::default();
/// let long = "line of a log\\n".repeat(100);
/// for record in [format!(r#"{{"role": "tool", "content": "{long}"}}"#), r#"{"role": "user"}"#.to_owned()] {
///     learned.add(&recogniser.recognise(&tape.scan(record.as_bytes(), 64)?));
/// }
/// assert_eq!(learned.records(), 2);
/// assert_eq!(learned.paths_to_crush(), ["{role=tool}.content:string"]);
/// # Ok::<(), headroom_crusher::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Learned {
    records: u64,
    unreachable: u64,
    paths: BTreeMap<String, Evidence>,
    against: BTreeMap<String, u64>,
}

impl Learned {
    /// Adds what was found in one more record.
    pub fn add(&mut self, recognised: &Recognised) {
        self.records += 1;
        self.unreachable += recognised.unreachable;
        for path in &recognised.against {
            if let Some(evidence) = self.paths.get_mut(path) {
                evidence.against += 1;
            } else if let Some(count) = self.against.get_mut(path) {
                *count += 1;
            } else if self.against.len() < MAX_PATHS {
                self.against.insert(path.clone(), 1);
            }
        }
        let (by_neighbour, found): (Vec<_>, Vec<_>) =
            recognised.found.iter().partition(|found| found.by_neighbour);
        self.unreachable += by_neighbour.len() as u64;
        for found in found {
            if !self.paths.contains_key(&found.path) {
                if self.paths.len() >= MAX_PATHS {
                    continue;
                }
                let evidence = Evidence {
                    records: 0,
                    sure: 0,
                    likely: 0,
                    against: self.against.remove(&found.path).unwrap_or(0),
                    retrieved: 0,
                    tokens: 0,
                    longest: 0,
                    reason: found.reason,
                    tools: BTreeSet::new(),
                    tool_path: String::new(),
                    last: 0,
                };
                self.paths.insert(found.path.clone(), evidence);
            }
            let Some(evidence) = self.paths.get_mut(&found.path) else {
                continue;
            };
            evidence.records += u64::from(evidence.last != self.records);
            evidence.last = self.records;
            *(if found.sure {
                &mut evidence.sure
            } else {
                &mut evidence.likely
            }) += 1;
            evidence.tokens += found.tokens;
            evidence.longest = evidence.longest.max(found.tokens);
            if !found.tool.is_empty()
                && evidence.tools.len() < MAX_TOOLS
                && !evidence.tools.contains(&found.tool)
            {
                evidence.tools.insert(found.tool.clone());
            }
            if evidence.tool_path.is_empty() {
                evidence.tool_path.clone_from(&found.tool_path);
            }
        }
        for path in &recognised.retrieved {
            if let Some(evidence) = self.paths.get_mut(path) {
                evidence.retrieved += 1;
            }
        }
    }

    /// Notes that a path selects something in a record that isn't found there. A caller that has walked a
    /// record by its paths knows.
    pub fn contradict(&mut self, path: &str) {
        if let Some(evidence) = self.paths.get_mut(path) {
            evidence.against += 1;
        }
    }

    /// How many records were added.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Results that no path selects.
    #[must_use]
    pub fn unreachable(&self) -> u64 {
        self.unreachable
    }

    /// All paths with what was seen of them, in alphabetic order.
    pub fn paths(&self) -> impl Iterator<Item = (String, &Evidence)> {
        self.paths
            .iter()
            .map(|(path, evidence)| (full_path(path, &evidence.tool_path), evidence))
    }

    /// The paths that are sure, and hold something worth crushing.
    #[must_use]
    pub fn paths_to_crush(&self) -> Vec<String> {
        self.paths_where(Evidence::is_sure)
    }

    /// The paths that somebody has to confirm, and that hold something worth crushing. Those that were seen
    /// to select something else aren't among them.
    #[must_use]
    pub fn paths_to_confirm(&self) -> Vec<String> {
        self.paths_where(|evidence| !evidence.is_sure() && evidence.against == 0)
    }

    fn paths_where(&self, fits: impl Fn(&Evidence) -> bool) -> Vec<String> {
        self.paths()
            .filter(|(_, evidence)| evidence.longest >= MIN_TOKENS && fits(evidence))
            .map(|(path, _)| path)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Learned;
    use crate::recognise::found::{Found, Reason, Recognised};

    fn found(path: &str, sure: bool, tokens: u64, tool: &str) -> Found {
        Found {
            path: path.to_owned(),
            tool_path: if tool.is_empty() {
                String::new()
            } else {
                ".name".to_owned()
            },
            tool: tool.to_owned(),
            sure,
            reason: Reason::Role,
            tokens,
            offset: 0,
            length: 0,
            route: vec![],
            by_neighbour: false,
            call_id: vec![],
        }
    }

    fn record(found: Vec<Found>, against: &[&str]) -> Recognised {
        Recognised {
            found,
            against: against.iter().map(|path| (*path).to_owned()).collect(),
            retrieved: vec![".a".to_owned()],
            unreachable: 1,
        }
    }

    #[test]
    fn a_path_is_crushed_where_it_is_always_sure_and_holds_enough() {
        let mut learned = Learned::default();
        learned.add(&record(
            vec![found(".a", true, 10, ""), found(".a", true, 90, "grep")],
            &[],
        ));
        learned.add(&record(
            vec![found(".b", true, 79, ""), found(".c", true, 500, "")],
            &[],
        ));
        learned.add(&record(
            vec![found(".a", true, 5, "cat"), found(".c", false, 500, "")],
            &[],
        ));
        assert_eq!(learned.paths_to_crush(), [".a @ .name"]);
        assert_eq!(learned.paths_to_confirm(), [".c"]);
        let (_, a) = learned.paths().next().unwrap_or_else(|| unreachable!());
        assert_eq!(
            (a.records, a.sure, a.likely, a.tokens, a.longest),
            (2, 3, 0, 105, 90)
        );
        assert_eq!(a.retrieved, 3);
        assert_eq!(a.tools.iter().collect::<Vec<_>>(), ["cat", "grep"]);
        assert_eq!((learned.records(), learned.unreachable()), (3, 3));
    }

    #[test]
    fn a_path_that_selects_something_else_in_any_record_is_left() {
        for first in [true, false] {
            let mut learned = Learned::default();
            if first {
                learned.add(&record(vec![], &[".a"]));
            }
            learned.add(&record(vec![found(".a", true, 900, "")], &[]));
            if !first {
                learned.add(&record(vec![], &[".a"]));
            }
            assert!(learned.paths_to_crush().is_empty() && learned.paths_to_confirm().is_empty());
        }
        let mut learned = Learned::default();
        learned.add(&record(vec![found(".a", true, 900, "")], &[]));
        learned.contradict(".a");
        assert!(learned.paths_to_crush().is_empty());
    }

    #[test]
    fn paths_without_end_are_not_remembered() {
        let mut learned = Learned::default();
        for number in 0..5000 {
            learned.add(&record(
                vec![found(&format!(".k{number}"), true, 900, "")],
                &[&format!(".x{number}")],
            ));
        }
        assert_eq!(learned.paths_to_crush().len(), 1024);
    }
}
