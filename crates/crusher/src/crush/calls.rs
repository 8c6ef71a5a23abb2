//! Names of tools, remembered from one record of a file to the next.
//!
//! Where each line, or each element of a long text, is one message, a call and its result stand in different
//! records. So the names in the calls of earlier records are kept: the last 4,096 of them, whatever the size
//! of the file. They name the tool of a result whose own record doesn't.

use std::collections::VecDeque;

use crate::crush::call_names::{call_names, may_have_calls};
use crate::crush::tools::{Tools, decoded};
use crate::hashing::Map;
use crate::json::tape::Doc;

/// Calls that are remembered.
const MAX_CALLS: usize = 4096;
/// Bytes of an id or name that are worth remembering.
const MAX_BYTES: usize = 256;

type Bytes = Box<[u8]>;

/// Names of tools by call id, from the records of a file so far.
#[derive(Debug, Default)]
pub struct CallTable {
    /// Each name with the number of its call, by id.
    names: Map<Bytes, (u64, Bytes)>,
    /// The calls that are remembered, oldest first.
    order: VecDeque<(u64, Bytes)>,
    count: u64,
}

impl CallTable {
    /// Remembers the calls of a record. A later call of the same id takes the place of an earlier one.
    pub(crate) fn remember(&mut self, doc: &Doc<'_>) {
        if !may_have_calls(doc.text) {
            return;
        }
        let mut calls: Vec<(&[u8], &[u8])> = call_names(doc).into_iter().collect();
        // Which calls are forgotten must not depend on the order of a hash map. They are parts of one text.
        calls.sort_unstable_by_key(|(id, _)| id.as_ptr().addr());
        for (id, name) in calls {
            if id.len() > MAX_BYTES || name.len() > MAX_BYTES {
                continue;
            }
            self.count += 1;
            self.names.insert(id.into(), (self.count, name.into()));
            self.order.push_back((self.count, id.into()));
            if self.order.len() > MAX_CALLS
                && let Some((number, id)) = self.order.pop_front()
                && self.names.get(&id).is_some_and(|(last, _)| *last == number)
            {
                self.names.remove(&id);
            }
        }
    }
}

impl Tools for CallTable {
    fn tool(&self, _: usize) -> Option<String> {
        None
    }

    fn called(&self, id: &[u8]) -> Option<String> {
        self.names.get(id).map(|(_, name)| decoded(name))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{CallTable, MAX_CALLS};
    use crate::crush::tools::Tools;
    use crate::json::scan::Tape;

    fn remember(calls: &mut CallTable, text: &str) {
        calls.remember(&Tape::default().scan(text.as_bytes(), 99).unwrap());
    }

    #[test]
    fn calls_of_earlier_records_are_known_and_later_ones_count() {
        let mut calls = CallTable::default();
        remember(
            &mut calls,
            r#"{"tool_calls":[{"id":"a","function":{"name":"ls"}}]}"#,
        );
        remember(
            &mut calls,
            r#"{"content":[{"type":"tool_use","id":"b","name":"grep"}]}"#,
        );
        remember(&mut calls, r#"{"id":"c","name":"no call"}"#);
        assert_eq!(calls.called(b"a").as_deref(), Some("ls"));
        assert_eq!(calls.called(b"b").as_deref(), Some("grep"));
        assert_eq!(calls.called(b"c"), None);
        remember(&mut calls, r#"[{"id":"a","function":{"name":"cat"}}]"#);
        assert_eq!(calls.called(b"a").as_deref(), Some("cat"));
    }

    #[test]
    fn only_the_last_calls_are_remembered() {
        let mut calls = CallTable::default();
        for number in 0..=MAX_CALLS {
            remember(
                &mut calls,
                &format!(r#"{{"id":"{number}","function":{{"name":"ls"}}}}"#),
            );
            remember(&mut calls, r#"{"id":"0","function":{"name":"again"}}"#);
        }
        assert!(calls.names.len() <= MAX_CALLS && calls.order.len() <= MAX_CALLS);
        assert_eq!(calls.called(b"1"), None);
        assert_eq!(calls.called(b"0").as_deref(), Some("again"));
        assert_eq!(
            calls.called(MAX_CALLS.to_string().as_bytes()).as_deref(),
            Some("ls")
        );
        remember(
            &mut calls,
            &format!(r#"{{"id":"{}","function":{{"name":"x"}}}}"#, "i".repeat(300)),
        );
        assert_eq!(calls.called("i".repeat(300).as_bytes()), None);
    }
}
