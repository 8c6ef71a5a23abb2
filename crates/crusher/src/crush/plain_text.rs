//! Crushes a text by itself that isn't one JSON value: JSON lines, JSON between other text, or plain text.

use crate::crush::context::{Context, Mark};
use crate::crush::query::{PayloadQuery, SeenWords};
use crate::crush::record::Crusher;
use crate::crush::strings::{json_in_strings, string_in};
use crate::crush::text::{CrushedText, asked, finish_text};
use crate::json::spelling::Spelling;
use crate::notation::frame::{Frame, inside};
use crate::notation::header::{COMMON, COMMON_IN_STRING};
use crate::notation::marker::LITERAL;
use crate::notation::reserved::is_reserved;
use crate::originals::Originals;
use crate::restore::proof::restores;
use crate::tokens;

impl Context<'_> {
    /// Crushes a text of JSON lines, if that saves tokens.
    fn text_of_json_lines(&mut self, text: &str) -> Option<Vec<u8>> {
        let mark = self.mark();
        let mut lines = self.json_lines(text.as_bytes(), Frame::VALUE)?;
        // Restoring copies the whitespace behind a table or document.
        lines.extend(text.ends_with('\n').then_some(b'\n'));
        if tokens::estimate(&lines) >= self.tokens.1 {
            self.undo(mark);
            return None;
        }
        Some(lines)
    }

    /// Crushes a text that is a string of JSON, or in which JSON stands.
    fn text_with_json(&mut self, text: &str) -> Option<Vec<u8>> {
        let mark = self.mark();
        let changed = self
            .json_in_string(text.as_bytes())
            .or_else(|| self.mixed_text(text.as_bytes(), Frame::VALUE, Some(self.budget())))?;
        if tokens::estimate(&changed) >= self.tokens.1 {
            self.undo(mark);
            return None;
        }
        Some(changed)
    }

    /// Crushes JSON in a JSON string that is a whole text.
    fn json_in_string(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let (token, newline) = string_in(text).filter(|_| self.options.with_compaction)?;
        let (decoded, frame) = json_in_strings(inside(token)?, 0)?;
        let mut changed = self.json_string(&decoded, frame, Some(self.budget()))?;
        if changed.starts_with(COMMON) {
            changed.splice(..COMMON.len(), COMMON_IN_STRING.iter().copied());
        }
        // Restoring copies the whitespace behind a table or document.
        changed.extend(newline.then_some(b'\n'));
        Some(changed)
    }

    /// Returns true if a compacted text restores to its original, or if `verify` is off.
    pub(super) fn proves(&mut self, compacted: &[u8], text: &str) -> bool {
        !self.options.verify || restores(self.tapes, compacted, true, self.originals, text.as_bytes())
    }

    /// Returns a changed text if it restores. Otherwise undoes what was done since `mark`.
    fn proved_or_undone(&mut self, changed: Vec<u8>, text: &str, mark: Mark) -> Option<Vec<u8>> {
        if self.proves(&changed, text) {
            return Some(changed);
        }
        self.undo(mark);
        self.note_excess(text.as_bytes());
        None
    }
}

impl Crusher {
    /// Crushes a text that isn't one JSON value: lines of JSON, or plain text.
    pub(super) fn crush_plain<'t>(&mut self, text: &'t str, query: &str, bias: f64) -> CrushedText<'t> {
        let mut originals = Originals::default();
        let find_query = |seen: &mut SeenWords| asked(query, seen);
        let mut seen = SeenWords::default();
        let mut context = Context::new(
            &self.options,
            &mut self.tapes,
            &mut originals,
            (0, text.as_bytes()),
            PayloadQuery::new(&find_query, &mut seen),
            (self.options.text_tokens(), bias),
        );
        let tokens_before = context.tokens.1;
        let long = context.lossy && text.len() >= context.least_text(context.budget());
        let mark = context.mark();
        let changed = context.within_budget(
            |context| {
                let lines = context.text_of_json_lines(text);
                let blob = |context: &mut Context<'_>| {
                    let budget = Some(context.budget());
                    context.blob(
                        text,
                        tokens_before,
                        Frame::string(Spelling::MINIMAL),
                        budget,
                        None,
                    )
                };
                let changed = lines.or_else(|| context.text_with_json(text));
                changed.or_else(|| long.then(|| blob(context)).flatten())
            },
            |context, changed, budget| context.excess(changed.as_deref().unwrap_or(text.as_bytes()), budget),
        );
        let is_changed = changed.is_some();
        let changed = changed.and_then(|changed| context.proved_or_undone(changed, text, mark));
        let unproved = is_changed && changed.is_none();
        let decisions = context.decisions;
        let reserved = || is_reserved(text.as_bytes()).then(|| [LITERAL, text.as_bytes()].concat());
        let compressed = changed.or_else(reserved);
        let tokens_after = compressed
            .as_ref()
            .map_or(tokens_before, |text| tokens::estimate(text));
        let mut crushed = finish_text(
            &self.options,
            text,
            compressed,
            originals,
            decisions,
            (tokens_before, tokens_after),
        );
        crushed.report.unproved = unproved;
        crushed
    }
}

#[cfg(test)]
mod tests {
    use crate::crush::context::Context;
    use crate::crush::query::{PayloadQuery, SeenWords};
    use crate::crush::text::asked;
    use crate::decisions::{Decisions, Strategy};
    use crate::json::spelling::Spelling;
    use crate::notation::frame::Frame;
    use crate::notation::marker;
    use crate::options::Options;
    use crate::originals::Originals;

    /// Offloads `stored` as the original of `text`. Returns whether the marker stays, and the number of
    /// originals and the decisions that are left.
    fn offloaded(text: &str, stored: &str, verify: bool) -> (bool, usize, Decisions) {
        let options = Options {
            verify,
            ..Options::default()
        };
        let (mut tapes, mut originals) = (Vec::new(), Originals::default());
        let find_query = |seen: &mut SeenWords| asked("", seen);
        let mut seen = SeenWords::default();
        let query = PayloadQuery::new(&find_query, &mut seen);
        let payload = (0, text.as_bytes());
        let mut context = Context::new(&options, &mut tapes, &mut originals, payload, query, (4096, 1.0));
        let mark = context.mark();
        let hash = context.offload(stored.as_bytes(), "text", 0).unwrap_or_default();
        context.decide(Strategy::Blob);
        let mut changed = Vec::new();
        marker::write_blob(
            &hash,
            "text",
            text.len(),
            Frame::string(Spelling::MINIMAL),
            &mut changed,
        );
        changed.extend_from_slice(b" the first words");
        let stays = context.proved_or_undone(changed, text, mark).is_some();
        let decisions = std::mem::take(&mut context.decisions);
        (stays, originals.entries.len(), decisions)
    }

    #[test]
    fn a_marker_of_a_plain_text_stays_only_if_its_original_is_the_text() {
        let text = "the first words and many more\n".repeat(2000);
        let (stays, stored, decisions) = offloaded(&text, &text, true);
        assert!(
            stays && stored == 1 && decisions.strategy == Strategy::Blob,
            "{decisions:?}"
        );
        for wrong in [
            "",
            &text[1..],
            &text[..text.len() - 1],
            &text.replace("more", "less"),
        ] {
            let (stays, stored, decisions) = offloaded(&text, wrong, true);
            assert!(!stays && stored == 0, "{decisions:?}");
            assert!(decisions.strategy == Strategy::Unchanged && decisions.hashes.is_empty());
            assert!(decisions.over_budget > 0, "the whole text is over its budget");
            assert!(
                offloaded(&text, wrong, false).0,
                "without `verify` nothing is proved"
            );
        }
    }
}
