//! Strings that hold JSON: a walk of its own begins in each, at most three inside one another.

use crate::json::spelling;
use crate::json::tape::Kind;
use crate::recognise::marks::may_hold_json;
use crate::recognise::plan::Ruling;
use crate::recognise::state::{Children, Judged, Outside, Walk};

/// Containers inside one another in a decoded string.
const MAX_DEPTH: usize = 256;

impl Walk<'_, '_> {
    /// A string that stands in no result.
    pub(super) fn look_at_string(&mut self, value: u32, key: Option<u32>) {
        let node = self.doc.node(value);
        if may_hold_json(&self.doc, node) && self.has_words(self.doc.inner(node)) {
            self.decode(value, key, None);
        }
    }

    /// A string in the place of a result.
    pub(super) fn string(&mut self, value: u32, key: Option<u32>, ruling: Ruling) {
        let node = self.doc.node(value);
        if node.end - node.start <= 2 {
            return;
        }
        let raw = self.doc.inner(node);
        let within = may_hold_json(&self.doc, node)
            && (raw.starts_with(b"\\\"") || self.has_words(raw))
            && self.decode(value, key, Some(ruling));
        if !within {
            self.found(value, key, ruling);
        }
    }

    pub(super) fn has_words(&self, raw: &[u8]) -> bool {
        self.shared.words.as_ref().is_none_or(|words| words.is_match(raw))
    }

    /// Looks into a string that holds JSON. False where it holds none, or data in the place of a result.
    pub(super) fn decode(&mut self, value: u32, key: Option<u32>, ruling: Option<Ruling>) -> bool {
        let node = self.doc.node(value);
        let level_number = self.outside.route.len();
        let Some(slot) = self.shared.levels.get_mut(level_number) else {
            return false;
        };
        let mut level = std::mem::take(slot);
        level.text.clear();
        let mut went_in = false;
        if spelling::decode(self.doc.inner(node), &mut level.text)
            && let Ok(doc) = level.tape.scan(&level.text, MAX_DEPTH)
            && matches!(doc.node(0).kind, Kind::Array | Kind::Object | Kind::String)
        {
            level.marks.read(&doc, &mut self.shared.vocabulary);
            if level.marks.is_worth_a_walk || ruling.is_some() {
                let mut outside = Outside {
                    route: [self.outside.route.as_slice(), &[value]].concat(),
                    span: Some(self.span(value)),
                    ..Outside::default()
                };
                if self.path(key, &mut outside.path) {
                    outside.path.extend_from_slice(b"|json");
                    self.name_tool(&mut outside);
                    let walk = Walk::new(doc, &level.marks, &mut level.open, self.shared, &outside);
                    if let Some(ruling) = ruling {
                        went_in = walk.look_in_result(ruling);
                    } else {
                        walk.look();
                        went_in = true;
                    }
                }
            }
        }
        if let Some(slot) = self.shared.levels.get_mut(level_number) {
            *slot = level;
        }
        went_in
    }

    /// Goes over a text that stands in the place of a result. False, with nothing found, where it is data.
    pub(super) fn look_in_result(mut self, ruling: Ruling) -> bool {
        match self.doc.node(0).kind {
            Kind::String => self.enter(0, None, Children::Result(ruling), None),
            Kind::Array | Kind::Object => match self.judge(0, ruling, false) {
                Judged::Data => return false,
                Judged::Within(plan, children) => self.push(0, None, plan, children, None),
                Judged::Look => self.enter(0, None, Children::Look, None),
            },
            _ => return false,
        }
        self.go_on();
        true
    }
}
