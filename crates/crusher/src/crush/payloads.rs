//! Finds the payloads of a record: the values that paths select, and the tool that gave each.

use std::sync::Arc;

use crate::crush::by_shape::found_by_shape;
use crate::crush::calls::CallTable;
use crate::crush::embedded::Strings;
use crate::crush::found::{Content, Found, Payload, Recognition};
use crate::crush::name_copies::name_copies;
use crate::crush::tools::Tools;
use crate::crush::walk::Walk;
use crate::crush::walk_memory::Memory;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::options::{MAX_RECORD_BYTES, Options};
use crate::payload_path::tree::{PathTree, ROOT};
use crate::recognise::{Recognised, Recogniser, is_retrieval};

/// Finds the payloads of records. It keeps its memory from one record to the next.
#[derive(Debug)]
pub(crate) struct Finder {
    options: Arc<Options>,
    /// The paths of the options.
    tree: PathTree,
    memories: Vec<Memory>,
    recogniser: Recogniser,
    /// Calls of earlier records of the same file; none where records don't belong together.
    pub calls: Option<CallTable>,
}

impl Finder {
    pub fn new(options: Arc<Options>) -> Self {
        Self {
            tree: PathTree::new(&options.paths),
            options,
            memories: Vec::new(),
            recogniser: Recogniser::default(),
            calls: None,
        }
    }

    /// Remembers the calls of a record, where records belong together.
    pub fn remember(&mut self, doc: &Doc<'_>) {
        if let Some(calls) = &mut self.calls {
            calls.remember(doc);
        }
    }

    /// Finds the payloads of a record in document order, and says whether its results are known. A value in
    /// which a payload lies is none itself. `tapes` aren't in use.
    pub fn payloads(&mut self, doc: &Doc<'_>, tapes: &mut Vec<Tape>) -> (Vec<Found>, Recognition) {
        if self.options.paths.is_empty() {
            let content = Content::Payload(Payload::default());
            return (vec![Found { node: 0, content }], Recognition::Known);
        }
        let left_bytes = MAX_RECORD_BYTES.saturating_sub(doc.text.len());
        let mut strings = Strings {
            tapes,
            memories: &mut self.memories,
            max_depth: self.options.max_depth,
            left_bytes: self.options.max_record_bytes.min(left_bytes),
        };
        let earlier = self.calls.as_ref().map(|calls| calls as &dyn Tools);
        let memory = strings.begin([ROOT]);
        let mut found = Walk::new(doc, &self.options.paths, &self.tree, memory, earlier).found(&mut strings);
        let is_open = |found: &mut Found| matches!(found.content, Content::Results);
        let mut open: Vec<u32> = found.extract_if(.., is_open).map(|found| found.node).collect();
        // A record in which paths select something is no record of an unknown format.
        open.retain(|node| *node != 0 || found.is_empty());
        let mut end = 0;
        open.retain(|node| {
            let is_outermost = *node >= end;
            end = end.max(doc.node(*node).next);
            is_outermost
        });
        let mut recognition = if found.is_empty() {
            Recognition::Unknown
        } else {
            Recognition::Known
        };
        if !open.is_empty() {
            // What earlier records said must not decide: records may come in any batches.
            self.recogniser.forget();
            let recognised = self.recogniser.recognise(doc);
            let mut by_shape = found_by_shape(doc, &recognised, earlier, &mut strings);
            let selected: Vec<u32> = found.iter().map(|found| found.node).collect();
            by_shape
                .retain(|found| is_in_one(doc, &open, found.node) && !overlaps(doc, &selected, found.node));
            if found.is_empty() {
                recognition = recognition_of(&recognised, &by_shape);
            }
            found.extend(by_shape);
            found.sort_by_key(|found| found.node);
        }
        name_copies(&mut found);
        found.retain_mut(|found| !drop_unselected(found));
        (found, recognition)
    }
}

/// Returns true for a node that is one of these, or stands in one. They are in document order, and none holds
/// another.
fn is_in_one(doc: &Doc<'_>, nodes: &[u32], node: u32) -> bool {
    let before = nodes.partition_point(|start| *start <= node);
    let mut around = nodes.iter().take(before).rev();
    around.next().is_some_and(|start| node < doc.node(*start).next)
}

/// Returns true for a node that is one of these, stands in one, or holds one.
fn overlaps(doc: &Doc<'_>, nodes: &[u32], node: u32) -> bool {
    let behind = nodes.partition_point(|start| *start <= node);
    let next = nodes.get(behind);
    is_in_one(doc, nodes, node) || next.is_some_and(|start| *start < doc.node(node).next)
}

fn recognition_of(recognised: &Recognised, found: &[Found]) -> Recognition {
    if !found.is_empty() || !recognised.retrieved.is_empty() {
        Recognition::Known
    } else if !recognised.found.is_empty() || recognised.unreachable > 0 {
        Recognition::Likely
    } else {
        Recognition::Unknown
    }
}

/// Drops from the JSON in a string what is no payload: results of tools that look originals up, and values
/// that are kept. Returns true if nothing is left, or if this is no payload itself.
fn drop_unselected(found: &mut Found) -> bool {
    match &mut found.content {
        Content::Payload(payload) => is_retrieval(&payload.tool),
        Content::Embedded(embedded) => {
            embedded.found.retain_mut(|found| !drop_unselected(found));
            embedded.found.is_empty()
        }
        Content::Keep | Content::Results => true,
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use std::collections::BTreeMap;

    use super::Finder;
    use crate::crush::found::Content;
    use crate::crush::tools::{member, text_of};
    use crate::json::scan::Tape;
    use crate::json::tape::{Doc, Kind};
    use crate::options::Options;
    use crate::payload_path::Path;
    use crate::payload_path::segment::{Member, PathSegment};

    /// The text of each payload, with the number of its path.
    fn found(record: &str, paths: &[&str]) -> Vec<(String, usize)> {
        let options = Options {
            paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
            ..Options::default()
        };
        let mut tape = Tape::default();
        let doc = tape.scan(record.as_bytes(), 99).unwrap();
        let (found, _) = Finder::new(options.into()).payloads(&doc, &mut Vec::new());
        found
            .into_iter()
            .map(|found| {
                let Content::Payload(payload) = found.content else {
                    panic!("no string holds JSON")
                };
                let text = doc.raw(doc.node(found.node)).to_vec();
                let number = paths.iter().position(|path| *path == &*payload.path);
                (String::from_utf8(text).unwrap(), number.unwrap())
            })
            .collect()
    }

    #[test]
    fn each_step_leads_to_what_it_says() {
        let record =
            r#"{"a":[{"type":"tool_use","x":1},{"type":"tool","y":2},{"type":7,"x":3}],"b":{"x":{"x":4}}}"#;
        for (path, values) in [
            (".a[*].(x|y)", vec!["1", "2", "3"]),
            ("..x", vec!["1", "3", "4"]),
            (".b..x", vec!["4"]),
            ("..{type=tool}.y", vec!["2"]),
            ("..{type^=tool}.(x|y)", vec!["1", "2"]),
            ("..{type^=(tool_|z)}.x", vec!["1"]),
            ("..{type=(z|tool_use)}.x", vec!["1"]),
            ("..{type!=tool}{x}.x", vec!["1", "3", "4"]),
            ("..{!type}.x", vec!["4"]),
            ("..{type}{!y}.x", vec!["1", "3"]),
            ("..[*]..x", vec!["1", "3"]),
            ("..[*]:string", vec![]),
            ("..type:string", vec![r#""tool_use""#, r#""tool""#]),
            (".b", vec![r#"{"x":{"x":4}}"#]),
            ("..a..b", vec![]),
        ] {
            let wanted: Vec<_> = values.iter().map(|value| ((*value).to_owned(), 0)).collect();
            assert_eq!(found(record, &[path]), wanted, "{path}");
        }
        // Keys aren't values.
        assert_eq!(found(r#"{"a":"b","b":"a"}"#, &["..a", "..b:string"]).len(), 2);
    }

    #[test]
    fn a_test_reads_escapes_and_long_texts() {
        let long = "\\u0061b".repeat(400);
        let record = format!(r#"{{"t":"\u0074ool","\u0075":"{long}","x":1}}"#);
        for (path, count) in [
            ("{t=tool}.x", 1),
            ("{t=(a|tools)}.x", 0),
            ("{t!=tool}.x", 0),
            ("{u}.x", 1),
            ("{!u}.x", 0),
            ("{u=ab}.x", 0),
            ("{u!=ab}.x", 1),
            ("{u^=abab}.x", 1),
            ("{u^=abb}.x", 0),
        ] {
            assert_eq!(found(&record, &[path]).len(), count, "{path}");
        }
    }

    #[test]
    fn more_names_than_a_set_of_names_can_tell_apart() {
        let member = |number: usize| format!(r#""k{number}":{{"type":"v{number}","x":{number}}}"#);
        let members: Vec<String> = (0..300).map(member).collect();
        let record = format!("{{{}}}", members.join(","));
        let paths: Vec<String> = (0..300)
            .filter(|number| number % 3 != 1)
            .map(|number| format!(".k{number}{{type=v{number}}}{{!k{number}}}.x"))
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let values = found(&record, &paths).into_iter().map(|(value, _)| value);
        let wanted = (0..300)
            .filter(|number| number % 3 != 1)
            .map(|number| number.to_string());
        assert!(values.eq(wanted));
    }

    /// All that a path selects, found step by step.
    fn select(doc: &Doc<'_>, value: u32, segments: &[PathSegment], selected: &mut Vec<u32>) {
        let Some((first, rest)) = segments.split_first() else {
            selected.push(value);
            return;
        };
        let members = || doc.members(value);
        match first {
            PathSegment::Key(names) => members()
                .filter(|(key, _)| {
                    let key = text_of(doc, doc.node(*key)).unwrap();
                    names.iter().any(|name| name.as_bytes() == key.as_ref())
                })
                .for_each(|(_, value)| select(doc, value, rest, selected)),
            PathSegment::Every => doc
                .elements(value)
                .for_each(|value| select(doc, value, rest, selected)),
            PathSegment::Deep => {
                select(doc, value, rest, selected);
                members()
                    .map(|(_, value)| value)
                    .chain(doc.elements(value))
                    .for_each(|value| select(doc, value, segments, selected));
            }
            PathSegment::Where(test) => {
                let found = member(doc, value, &test.key).map(|found| doc.node(found));
                let found = match found {
                    None => Member::Missing,
                    Some(node) if node.kind == Kind::String => Member::Text(doc.inner(node)),
                    Some(_) => Member::Other,
                };
                if doc.node(value).kind == Kind::Object && test.condition.holds(found) {
                    select(doc, value, rest, selected);
                }
            }
            PathSegment::Json => {}
        }
    }

    fn value(next: &mut impl FnMut(usize) -> usize, depth: usize) -> String {
        let kind = next(if depth == 0 { 3 } else { 7 });
        let count = if depth == 0 { 0 } else { next(4) };
        let mut values = (0..count).map(|_| value(next, depth - 1)).collect::<Vec<_>>();
        match kind {
            0 => "\"a\"".to_owned(),
            1 => "\"bb\"".to_owned(),
            2 => "7".to_owned(),
            3 | 4 => format!("[{}]", values.join(",")),
            _ => {
                for value in &mut values {
                    *value = format!("\"{}\":{value}", ["a", "b", "\\u0061", "c"][next(4)]);
                }
                format!("{{{}}}", values.join(","))
            }
        }
    }

    #[test]
    fn one_walk_finds_what_each_path_selects_by_itself() {
        const STEPS: [&str; 14] = [
            ".a", ".b", "[*]", "..a", "..[*]", "..{a}", ".(a|c)", "{a=a}", "{b^=b}", "{!c}", "{b!=bb}",
            "..c", "{a}", "..(b|c)",
        ];
        let mut state: u64 = 7;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut all = 0;
        for _ in 0..20_000 {
            let record = value(&mut next, 5);
            let paths: Vec<String> = (0..=next(4))
                .map(|_| {
                    let steps: String = (0..next(4)).map(|_| STEPS[next(STEPS.len())]).collect();
                    format!("${steps}{}", ["", "", ":string"][next(3)])
                })
                .collect();
            let mut tape = Tape::default();
            let doc = tape.scan(record.as_bytes(), 99).unwrap();
            let mut selected = BTreeMap::new();
            for (number, path) in paths.iter().enumerate().rev() {
                let path: Path = path.parse().unwrap();
                let mut of_path = Vec::new();
                select(&doc, 0, &path.segments, &mut of_path);
                of_path.retain(|value| path.end.takes(doc.node(*value).kind == Kind::String));
                selected.extend(of_path.into_iter().map(|value| (value, number)));
            }
            let inside = |value: u32| selected.range(value + 1..doc.node(value).next).next().is_some();
            let wanted: Vec<(String, usize)> = selected
                .iter()
                .filter(|(value, _)| !inside(**value))
                .map(|(value, path)| {
                    let text = doc.raw(doc.node(*value)).to_vec();
                    (String::from_utf8(text).unwrap(), *path)
                })
                .collect();
            all += wanted.len();
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            assert_eq!(found(&record, &paths), wanted, "{paths:?} in {record}");
        }
        assert!(all > 10_000, "{all}");
    }
}
