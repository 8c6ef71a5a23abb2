//! Crushes the values inside a payload: arrays, maps, JSON inside strings, long strings.
//!
//! Replacements are collected as edits. Everything else is copied later, when the edits are printed.

use crate::crush::budget::scaled;
use crate::crush::context::Context;
use crate::crush::escape::{literal, quoted};
use crate::crush::media_type::media_type;
use crate::crush::strings::{begins_json, decoded, json_in_strings, string_in};
use crate::crush::surroundings::Surroundings;
use crate::decisions::Strategy;
use crate::excerpt::cut::cut;
use crate::excerpt::kind::kind;
use crate::excerpt::shorten::defused;
use crate::json::edits::Edits;
use crate::json::inside::LEAST_BYTES;
use crate::json::tape::{Doc, KEY, Kind};
use crate::notation::frame::Frame;
use crate::notation::marker::{self};
use crate::tokens;

/// JSON inside strings is crushed down to this many levels of strings.
const MAX_STRINGS: usize = 3;

/// Returns true if a raw string may hold JSON: as a whole, or between other text.
fn may_hold_json(raw: &[u8]) -> bool {
    begins_json(raw) || (raw.len() >= LEAST_BYTES && memchr::memchr2(b'{', b'[', raw).is_some())
}

impl Context<'_> {
    /// Collects edits for the nodes from `from` up to, but without, `to`. `compact`: the text around them is
    /// printed without whitespace.
    pub fn edit(&mut self, doc: &Doc<'_>, from: u32, to: u32, compact: bool, edits: &mut Edits) {
        let mut at = from;
        while at < to {
            let node = doc.node(at);
            let edit = match node.kind {
                // What stands in a string is text for its readers, whatever it becomes.
                Kind::Array | Kind::Object if self.options.keep_types && self.strings == 0 => None,
                Kind::Array | Kind::Object => self.container(doc, at, compact),
                Kind::String if node.flags & KEY == 0 => self.string(doc, at).or_else(|| literal(doc, node)),
                _ => None,
            };
            at = match edit {
                Some(token) => {
                    edits.push(at, &token);
                    node.next
                }
                None => at + 1,
            };
        }
    }

    /// Returns the JSON token that replaces an array or object, if it is replaced as a whole.
    fn container(&mut self, doc: &Doc<'_>, index: u32, compact: bool) -> Option<Vec<u8>> {
        let surroundings = Surroundings::Alone {
            frame: Frame::VALUE,
            compact,
            minify: false,
        };
        let rendered = self.array(doc, index, surroundings)?;
        Some(if rendered.table {
            quoted(&rendered.text)
        } else {
            rendered.text
        })
    }

    /// Returns the JSON token that replaces a string, if it changes.
    pub fn string(&mut self, doc: &Doc<'_>, index: u32) -> Option<Vec<u8>> {
        let node = doc.node(index);
        let budget = self.budget_of_text(index);
        let raw = doc.inner(node);
        let is_payload = self.strings == 0 && index == self.tokens.0;
        let strings = if is_payload { self.json_strings } else { 0 };
        let min_bytes = if is_payload {
            self.least_text(self.budget())
        } else {
            self.options.blob_min_bytes
        };
        let is_long = self.lossy && raw.len() >= min_bytes;
        let holds_json = self.strings < MAX_STRINGS && (strings > 0 || may_hold_json(raw));
        if !holds_json && !is_long {
            return None;
        }
        let Some((text, frame)) = decoded(raw, strings) else {
            return if is_long {
                self.raw_blob(doc.raw(node), budget)
            } else {
                None
            };
        };
        let changed = holds_json
            .then(|| self.json_in(raw, strings, (&text, frame), budget))
            .flatten();
        if let Some(changed) = changed {
            return Some(quoted(&changed));
        }
        let content = std::str::from_utf8(&text).ok().filter(|_| is_long)?;
        let before = tokens::estimate(&text);
        self.blob(content, before, frame, budget, Some((doc, index)))
            .map(|changed| quoted(&changed))
    }

    /// Crushes JSON in a string, in a string that is all that the string holds, or between other text.
    fn json_in(
        &mut self,
        raw: &[u8],
        strings: usize,
        (text, frame): (&[u8], Frame),
        budget: Option<usize>,
    ) -> Option<Vec<u8>> {
        if begins_json(text)
            && let Some(changed) = self.json_string(text, frame, budget)
        {
            return Some(changed);
        }
        if string_in(text).is_some() {
            let (text, frame) = json_in_strings(raw, strings + 1)?;
            return self.json_string(&text, frame, budget);
        }
        self.mixed_text(text, frame, budget)
    }

    /// Appends the JSON token that replaces a string, if it changes; returns whether it does.
    pub fn write_string(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        let changed = self.string(doc, index).or_else(|| literal(doc, doc.node(index)));
        changed.is_some_and(|token| {
            out.extend_from_slice(&token);
            true
        })
    }

    /// Puts a long string of `before` tokens into the store. Returns the content of the string that replaces
    /// it: a blob marker, and an excerpt if the text is readable.
    ///
    /// The payload, or its main text, is what the tool was asked for: it may fill `budget`. The excerpt of a
    /// string among others has no such budget, and gets `excerpt_tokens`. `place` is where the text stands,
    /// if it stands in JSON.
    pub fn blob(
        &mut self,
        content: &str,
        before: usize,
        frame: Frame,
        budget: Option<usize>,
        place: Option<(&Doc<'_>, u32)>,
    ) -> Option<Vec<u8>> {
        let kind = kind(content);
        let readable = matches!(kind, "text" | "html" | "json");
        let whole = budget.is_some();
        let budget = budget.unwrap_or_else(|| scaled(self.options.excerpt_tokens, self.bias));
        if readable && whole && self.excess(content.as_bytes(), budget) == 0 {
            return None;
        }
        self.cuttable = true;
        let mark = self.mark();
        let hash = self.offload(content.as_bytes(), kind, 0)?;
        let mut changed = Vec::new();
        let media_type = (kind == "base64").then(|| media_type(content, place)).flatten();
        let shown = media_type.as_deref().unwrap_or(kind);
        marker::write_blob(&hash, shown, content.len(), frame, &mut changed);
        if readable {
            changed.push(b' ');
            let marker = String::from_utf8_lossy(&changed).into_owned();
            // `excerpt_tokens` is for the excerpt alone, the payload's budget for its marker, too.
            let marker_tokens = if whole { tokens::estimate(&changed) } else { 0 };
            let interest = self.query.interest(&self.options.keep_patterns);
            let excess = |excerpt: &str| {
                let excerpt = defused(excerpt);
                let tokens = if whole {
                    tokens::count(&format!("{marker}{excerpt}"))
                } else {
                    tokens::count(&excerpt)
                };
                tokens.saturating_sub(budget)
            };
            let excerpt = cut(content, budget.saturating_sub(marker_tokens), interest, &excess);
            if excerpt.text.is_empty() {
                changed.pop();
            }
            changed.extend_from_slice(defused(&excerpt.text).as_bytes());
            self.decisions.lines_total += u64::from(excerpt.lines_total);
            self.decisions.lines_kept += u64::from(excerpt.lines_kept);
            for (rule, count) in excerpt.rules {
                self.decisions.note_kept(rule, count);
            }
        }
        if tokens::estimate(&changed) >= before {
            self.undo(mark);
            return None;
        }
        self.decide(if readable {
            Strategy::Excerpt
        } else {
            Strategy::Blob
        });
        Some(changed)
    }

    /// Puts a long string into the store as it is spelled, since no flag reproduces its spelling. Returns a
    /// raw marker. A text that fits its budget stays: nothing of it can be shown beside such a marker.
    fn raw_blob(&mut self, token: &[u8], budget: Option<usize>) -> Option<Vec<u8>> {
        if budget.is_some_and(|budget| self.excess(token, budget) == 0) {
            return None;
        }
        let hash = self.offload(token, "raw", 0)?;
        self.decide(Strategy::Blob);
        Some(quoted(marker::raw(&hash, token.len()).as_bytes()))
    }
}
