//! Finds the results of tools in records, one record after another.

use aho_corasick::AhoCorasick;

use crate::json::tape::Doc;
use crate::recognise::calls::Calls;
use crate::recognise::found::{Found, Reason, Recognised};
use crate::recognise::marks::Vocabulary;
use crate::recognise::state::{Level, Outside, Shared, Walk};
use crate::recognise::words::Words;

/// JSON in a string is looked into where one of these stands in it.
const WORDS: [&str; 8] = [
    "tool",
    "function",
    "observation",
    "role",
    "content",
    "text",
    "call_id",
    "stdout",
];

/// Finds results; remembers the calls of the records that it has seen, so that it names the tool of a result
/// whose call stands in another line. One for each file.
#[derive(Debug)]
pub struct Recogniser {
    shared: Shared,
    level: Level,
}

impl Default for Recogniser {
    fn default() -> Self {
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(WORDS)
            .ok();
        Self {
            shared: Shared {
                vocabulary: Vocabulary::default(),
                calls: Calls::default(),
                recognised: Recognised::default(),
                levels: Default::default(),
                words,
            },
            level: Level::default(),
        }
    }
}

impl Recogniser {
    /// Forgets the calls of earlier records.
    pub fn forget(&mut self) {
        self.shared.calls.forget();
    }

    /// Finds the results in one record, in document order.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::json::scan::Tape;
    /// use headroom_crusher::recognise::Recogniser;
    /// let record = br#"{"steps": [{"tool": "grep", "args": {"for": "x"}, "result": "a.rs: x"}]}"#;
    /// let mut tape = Tape::default();
    /// let found = Recogniser::default().recognise(&tape.scan(record, 64)?).found;
    /// assert_eq!(found[0].path, ".steps[*]{tool}{args}.result:string");
    /// assert_eq!((found[0].tool.as_str(), found[0].sure), ("grep", true));
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    pub fn recognise(&mut self, doc: &Doc<'_>) -> Recognised {
        let shared = &mut self.shared;
        self.level.marks.read(doc, &mut shared.vocabulary);
        if !self.level.marks.is_worth_a_walk {
            return Recognised::default();
        }
        Walk::new(
            *doc,
            &self.level.marks,
            &mut self.level.open,
            shared,
            &Outside::default(),
        )
        .look();
        let mut recognised = std::mem::take(&mut shared.recognised);
        for found in &mut recognised.found {
            if let Some(name) = shared.calls.name(&found.call_id) {
                found.tool = name;
            }
        }
        name_by_the_others(&mut recognised.found);
        let retrieved = recognised.found.extract_if(.., |found| is_retrieval(&found.tool));
        recognised.retrieved = retrieved.map(|found| found.path).collect();
        for found in &mut recognised.found {
            if gives_the_answer(&found.tool) {
                found.sure = false;
                found.reason = Reason::Answer;
            }
        }
        recognised
    }
}

/// A result without a name beside it is one more copy, where all others of its record are of one tool.
fn name_by_the_others(found: &mut [Found]) {
    let mut names = found
        .iter()
        .map(|found| &found.tool)
        .filter(|tool| !tool.is_empty());
    let Some(name) = names.next().cloned() else { return };
    if names.all(|other| *other == name) {
        for found in found.iter_mut().filter(|found| found.tool.is_empty()) {
            found.tool.clone_from(&name);
        }
    }
}

/// True for a tool with which an agent says that it is done, and what it has found.
fn gives_the_answer(tool: &str) -> bool {
    Words::of(tool.as_bytes())
        .is_some_and(|words| words.has(&["final"]) && words.has(&["answer", "response"]))
}

/// Returns true for a tool that looks up originals. Its results were asked for in full, so they aren't
/// payloads. Servers put prefixes before its name.
pub(crate) fn is_retrieval(tool: &str) -> bool {
    tool.ends_with("headroom_retrieve")
}
