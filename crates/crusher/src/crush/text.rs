//! Crushes one text by itself, to the content of the JSON string that would replace it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::crush::budget;
use crate::crush::context::{Context, Mark};
use crate::crush::escape::literals;
use crate::crush::kept_rows::kept_rows;
use crate::crush::query::{PayloadQuery, SeenWords};
use crate::crush::record::Crusher;
use crate::crush::report::PayloadReport;
use crate::crush::surroundings::Surroundings;
use crate::decisions::{Decisions, Strategy};
use crate::error::{Error, Limit, Result};
use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::scan::Tape;
use crate::json::spelling::Spelling;
use crate::json::tape::{Doc, Kind};
use crate::notation::frame::Frame;
use crate::notation::header::Header;
use crate::notation::marker::LITERAL;
use crate::notation::reserved::is_reserved;
use crate::options::Options;
use crate::originals::Originals;
use crate::restore::proof::restores;
use crate::tokens;

/// What a text by itself must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A JSON array.
    Array,
    /// A JSON object.
    Document,
    /// JSON or plain text.
    Any,
}

/// A text by itself, crushed.
#[derive(Debug)]
pub struct CrushedText<'t> {
    /// The compacted text: the content of a JSON string in its place. It is borrowed if nothing changed.
    pub compressed: Cow<'t, str>,
    /// The kept rows as JSON, for `TextKind::Array`. None if all rows are kept.
    pub kept_rows: Option<String>,
    /// The marker of the rows that a top-level array lost, or nothing.
    pub rows_marker: String,
    /// True if `compressed` is a table.
    pub table: bool,
    /// The originals that were left out.
    pub originals: Originals,
    /// The decisions, and the sizes before and after.
    pub report: PayloadReport,
}

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

    /// Returns true if a compacted text restores to its original, or if `verify` is off.
    fn proves(&mut self, compacted: &[u8], text: &str) -> bool {
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
    /// Crushes one text by itself, as `kind` says. `query` holds words that the reader is after: rows and
    /// lines with such words are kept first. `bias` scales all budgets: above 1 keeps more, below 1 less.
    ///
    /// # Errors
    /// `InvalidPayload` if the text isn't what `kind` says, `LimitExceeded` if it is too large or too deep,
    /// `Option` if `bias` isn't above 0 and at most 1000.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, TextKind};
    /// let mut crusher = Crusher::new(Options::default())?;
    /// let error = crusher.crush_text("{\"a\":\n1,}", TextKind::Document, "", 1.0).unwrap_err();
    /// assert_eq!(error.to_string(), "expected a key at line 2 column 3");
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    pub fn crush_text<'t>(
        &mut self,
        text: &'t str,
        kind: TextKind,
        query: &str,
        bias: f64,
    ) -> Result<CrushedText<'t>> {
        if !(bias > 0.0 && bias <= 1000.0) {
            return Err(Error::Option {
                name: "bias",
                what: "must be above 0 and at most 1000".to_owned(),
            });
        }
        if text.len() > self.options.max_record_bytes {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: self.options.max_record_bytes,
            });
        }
        let bytes = text.as_bytes();
        let is_json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
        if kind == TextKind::Any && !is_json {
            return Ok(self.crush_plain(text, query, bias));
        }
        let doc = match self.tape.scan_utf8(bytes, self.options.max_depth) {
            Ok(doc) => doc,
            Err(Error::InvalidPayload { .. }) if kind == TextKind::Any => {
                return Ok(self.crush_plain(text, query, bias));
            }
            Err(error) => return Err(error),
        };
        let root = doc.node(0);
        match (kind, root.kind) {
            (TextKind::Array, Kind::Array) | (TextKind::Document, Kind::Object) | (TextKind::Any, _) => {}
            (TextKind::Array, _) => return Err(Error::at("expected an array", bytes, root.start as usize)),
            (TextKind::Document, _) => {
                return Err(Error::at("expected an object", bytes, root.start as usize));
            }
        }
        Ok(crush_json(
            &self.options,
            &mut self.tapes,
            &doc,
            text,
            query,
            bias,
            kind,
        ))
    }

    /// Crushes a text that isn't one JSON value: lines of JSON, or plain text.
    fn crush_plain<'t>(&mut self, text: &'t str, query: &str, bias: f64) -> CrushedText<'t> {
        let mut originals = Originals::default();
        let find_query = |seen: &mut SeenWords| asked(query, seen);
        let mut seen = SeenWords::default();
        let mut context = Context::new(
            &self.options,
            &mut self.tapes,
            &mut originals,
            (0, text.as_bytes()),
            PayloadQuery::new(&find_query, &mut seen),
            bias,
        );
        let tokens_before = context.tokens.1;
        let long = context.lossy && text.len() >= context.least_text();
        let mark = context.mark();
        let changed = context.within_budget(
            |context| {
                let lines = context.text_of_json_lines(text);
                let blob = |context: &mut Context<'_>| {
                    context.blob(text, tokens_before, Frame::string(Spelling::MINIMAL), true)
                };
                lines.or_else(|| long.then(|| blob(context)).flatten())
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

/// Returns the caller's query. The reader has seen its words.
fn asked(query: &str, seen: &mut SeenWords) -> String {
    seen.words.read(query.as_bytes());
    query.to_owned()
}

fn crush_json<'t>(
    options: &Options,
    tapes: &mut Vec<Tape>,
    doc: &Doc<'_>,
    text: &'t str,
    query: &str,
    bias: f64,
    kind: TextKind,
) -> CrushedText<'t> {
    // A caller who asks for an array or an object gets JSON or a table, but no document.
    let minify = kind == TextKind::Any && options.with_compaction;
    let mut originals = Originals::default();
    let find_query = |seen: &mut SeenWords| asked(query, seen);
    let mut seen = SeenWords::default();
    let mut context = Context::new(
        options,
        tapes,
        &mut originals,
        (0, text.as_bytes()),
        PayloadQuery::new(&find_query, &mut seen),
        bias,
    );
    let mut tokens_before = context.tokens.1;
    let root = doc.node(0);
    let (before, behind) = (text.get(..root.start as usize), text.get(root.end as usize..));
    let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
    let is_array = root.kind == Kind::Array;
    let (table, mut body) = context.within_budget(
        |context| {
            // A header is known by the first bytes of its text, so nothing may stand before it.
            let (frame, compact) = (Frame::VALUE, false);
            let surroundings = Surroundings::Alone {
                frame,
                compact,
                minify,
            };
            let rendered = ((is_array || minify) && before.is_empty())
                .then(|| context.array(doc, 0, surroundings))
                .flatten();
            match rendered {
                Some(rendered) => (rendered.table, rendered.text),
                None => (false, edited(context, doc, minify && before.is_empty())),
            }
        },
        |context, (_, body), budget| context.excess(body, budget),
    );
    if !before.is_empty() {
        body.splice(..0, before.bytes());
    }
    body.extend_from_slice(behind.as_bytes());
    let mut compressed = Some(body);
    let mut tokens_after = tokens_before;
    if context.decisions.strategy != Strategy::Unchanged {
        let written = compressed.as_deref().unwrap_or_default();
        let estimates = [tokens::estimate(written), tokens_before];
        [tokens_after, tokens_before] = budget::compared([written, text.as_bytes()], estimates);
    }
    let pays = tokens_after < tokens_before;
    let proved = !pays || context.proves(compressed.as_deref().unwrap_or_default(), text);
    let unchanged = !pays || !proved;
    if unchanged {
        context.originals.truncate(0);
        let decisions = std::mem::take(&mut context.decisions);
        compressed = escaped(doc, text);
        if decisions.strategy == Strategy::Unchanged {
            context.decisions.over_budget = decisions.over_budget;
        } else {
            context.note_excess(compressed.as_deref().unwrap_or(text.as_bytes()));
        }
        tokens_after = compressed
            .as_ref()
            .map_or(tokens_before, |text| tokens::estimate(text));
    }
    let decisions = context.decisions;
    let table = table && !unchanged;
    let mut crushed = finish_text(
        options,
        text,
        compressed,
        originals,
        decisions,
        (tokens_before, tokens_after),
    );
    crushed.table = table;
    crushed.report.unproved = !proved;
    if let Some(keep) = &crushed.report.decisions.keep {
        crushed.rows_marker = rows_marker(doc, keep.len(), &crushed.report.decisions.hashes);
        // Only callers who asked for an array read its rows.
        let rows = || String::from_utf8_lossy(&kept_rows(doc, 0, keep, false)).into_owned();
        crushed.kept_rows = (kind == TextKind::Array).then(rows);
    }
    crushed
}

/// Returns the text with its reserved strings escaped, or none if it has none.
fn escaped(doc: &Doc<'_>, text: &str) -> Option<Vec<u8>> {
    let mut edits = Edits::default();
    literals(doc, 0, doc.len(), &mut edits);
    if edits.is_empty() {
        return None;
    }
    let root = doc.node(0);
    let mut escaped = text.as_bytes().get(..root.start as usize)?.to_vec();
    edits.splice(doc, 0, &mut escaped);
    escaped.extend_from_slice(text.as_bytes().get(root.end as usize..)?);
    Some(escaped)
}

/// Returns the text as a document if `minify` allows it, else with its values edited.
fn edited(context: &mut Context<'_>, doc: &Doc<'_>, minify: bool) -> Vec<u8> {
    if let Some(layout) = minify.then(|| Layout::proved(doc, 0)).flatten() {
        return context.document(
            doc,
            Header {
                layout,
                ..Header::default()
            },
        );
    }
    let (mut edits, mut body) = (Edits::default(), Vec::new());
    context.edit(doc, 1, doc.len(), false, &mut edits);
    edits.splice(doc, 0, &mut body);
    body
}

/// Returns the rows marker of a top-level array of which `kept` rows stay.
fn rows_marker(doc: &Doc<'_>, kept: usize, hashes: &[String]) -> String {
    let dropped = u64::from(doc.node(0).count) - kept as u64;
    let hash = hashes.last().map(String::as_str).unwrap_or_default();
    let mut marker = Vec::new();
    crate::notation::marker::write_rows(hash, dropped, Frame::VALUE, &mut marker);
    String::from_utf8_lossy(&marker).into_owned()
}

/// Makes the result and its report. `compressed` is none for a text that stays as it was.
fn finish_text<'t>(
    options: &Options,
    text: &'t str,
    compressed: Option<Vec<u8>>,
    originals: Originals,
    decisions: Decisions,
    (tokens_before, tokens_after): (usize, usize),
) -> CrushedText<'t> {
    let compressed = compressed
        .and_then(|text| String::from_utf8(text).ok())
        .map_or(Cow::Borrowed(text), Cow::Owned);
    let count = |text: &str, estimate: usize| {
        let exact = options.exact_tokens.then(|| tokens::count(text));
        exact.unwrap_or(estimate) as u64
    };
    let report = PayloadReport {
        path: Arc::default(),
        tool: String::new(),
        recognised_by: None,
        decisions,
        bytes_before: text.len() as u64,
        bytes_after: compressed.len() as u64,
        tokens_before: count(text, tokens_before),
        tokens_after: count(&compressed, tokens_after),
        unproved: false,
    };
    CrushedText {
        compressed,
        kept_rows: None,
        rows_marker: String::new(),
        table: false,
        originals,
        report,
    }
}

#[cfg(test)]
mod tests {
    use super::asked;
    use crate::crush::context::Context;
    use crate::crush::query::{PayloadQuery, SeenWords};
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
        let mut context = Context::new(&options, &mut tapes, &mut originals, payload, query, 1.0);
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
