//! One record or one text in, its compacted form and originals out, proved by restoring it.

use crate::array::kept_rows;
use crate::document::{Context, Decisions, Query, literals};
use crate::edits::Edits;
use crate::error::{Error, Limit, Result};
use crate::marker::{Frame, LITERAL, is_reserved};
use crate::options::Options;
use crate::originals::Originals;
use crate::record::{self, Payload};
use crate::restore::{restore_record_with, restore_text};
use crate::scan::{Doc, ESCAPED, KEY, Kind, Tape};
use crate::{document, spelling, tokens};

/// Bytes of a record's own text, before a payload, that tell what matters in it.
const QUERY_BYTES: usize = 4096;

/// Crushes records; keeps its memory from one to the next. One for each thread.
#[derive(Debug)]
pub struct Crusher {
    options: Options,
    tape: Tape,
    /// Tapes for texts inside the text at hand.
    tapes: Vec<Tape>,
}

/// What happened to one payload.
#[derive(Clone, Debug)]
pub struct PayloadReport {
    /// Index of the path that found it; none for a whole record.
    pub path: Option<usize>,
    /// The tool's name, or empty.
    pub tool: String,
    /// What was decided.
    pub decisions: Decisions,
    /// Bytes of the payload's token.
    pub bytes_before: u64,
    /// Bytes of the token in its place.
    pub bytes_after: u64,
    /// Tokens of the payload, estimated unless `exact_tokens` is set.
    pub tokens_before: u64,
    /// Tokens in its place.
    pub tokens_after: u64,
    /// The change was taken back since it didn't restore: a defect, which costs savings but no data.
    pub unproved: bool,
}

/// What a bare text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A JSON array.
    Array,
    /// A JSON object.
    Document,
    /// JSON or plain text.
    Any,
}

/// A crushed bare text.
#[derive(Debug)]
pub struct CrushedText {
    /// The text as it would stand inside a JSON string.
    pub compressed: String,
    /// The kept rows of a top-level array as JSON; none for anything else.
    pub kept_rows: Option<String>,
    /// The rows marker when rows of a top-level array were dropped, else empty.
    pub rows_marker: String,
    /// `compressed` is a table.
    pub table: bool,
    /// What was taken out.
    pub originals: Originals,
    /// What was decided, and tokens.
    pub report: PayloadReport,
}

impl Crusher {
    /// A crusher with validated options.
    ///
    /// # Errors
    /// `Option` for an option out of range.
    pub fn new(options: Options) -> Result<Self> {
        options.validate()?;
        Ok(Self {
            options,
            tape: Tape::default(),
            tapes: Vec::new(),
        })
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Crushes one record: appends its compacted form to `out`, its originals to `originals`, a report for each
    /// payload to `reports`. `tool_of` numbers tools for the originals.
    ///
    /// # Errors
    /// `LimitExceeded`, `InvalidUtf8` or `InvalidPayload` for bytes that aren't a record; nothing is appended then.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, Originals, restore_record};
    /// let record = br#"[{"id":1,"status":"ok"},{"id":2,"status":"ok"},{"id":3,"status":"failed"}]"#;
    /// let mut crusher = Crusher::new(Options::default())?;
    /// let (mut compacted, mut originals, mut restored) = (Vec::new(), Originals::default(), Vec::new());
    /// crusher.crush_record(record, &mut compacted, &mut originals, &mut Vec::new(), &mut |_| 0)?;
    /// assert_eq!(compacted, br#""[3]{id:int,status:string}\n1,ok\n2,ok\n3,failed""#);
    /// restore_record(&compacted, &originals, &mut restored)?;
    /// assert_eq!(restored, record);
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    pub fn crush_record(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
        originals: &mut Originals,
        reports: &mut Vec<PayloadReport>,
        tool_of: &mut dyn FnMut(&str) -> u32,
    ) -> Result<()> {
        if record.len() > self.options.max_record_bytes {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: self.options.max_record_bytes,
            });
        }
        let doc = self.tape.scan(record, self.options.max_depth)?;
        let mut edits = Edits::default();
        let mut at = 0;
        for payload in record::payloads(&doc, &self.options.paths) {
            let node = doc.node(payload.node);
            literals(&doc, at, payload.node, &mut edits);
            originals.tool = tool_of(&payload.tool);
            let mut payload_edits = Edits::default();
            reports.push(crush_payload(
                &self.options,
                &mut self.tapes,
                &doc,
                &payload,
                originals,
                &mut payload_edits,
            ));
            for (edited, replacement) in payload_edits.iter() {
                edits.push(edited, replacement);
            }
            at = node.next;
        }
        literals(&doc, at, doc.len(), &mut edits);
        let root = doc.node(0);
        out.extend_from_slice(record.get(..root.start as usize).unwrap_or_default());
        edits.splice(&doc, 0, out);
        out.extend_from_slice(record.get(root.end as usize..).unwrap_or_default());
        Ok(())
    }

    /// Crushes one bare text by itself.
    ///
    /// # Errors
    /// `InvalidPayload` where the text isn't what `kind` says, `LimitExceeded` for one that is too large or too deep.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, TextKind};
    /// let mut crusher = Crusher::new(Options::default())?;
    /// let error = crusher.crush_text("{\"a\":\n1,}", TextKind::Document, "", 1.0).unwrap_err();
    /// assert_eq!(error.to_string(), "expected a key at line 2 column 3");
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    pub fn crush_text(&mut self, text: &str, kind: TextKind, query: &str, bias: f64) -> Result<CrushedText> {
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
        let doc = match self.tape.scan(bytes, self.options.max_depth) {
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
        ))
    }

    fn crush_plain(&mut self, text: &str, query: &str, bias: f64) -> CrushedText {
        let mut originals = Originals::default();
        let tokens_before = tokens::estimate(text.as_bytes());
        let find_query = || query.to_owned();
        let mut context = context(
            &self.options,
            &mut self.tapes,
            &mut originals,
            (0, tokens_before),
            &find_query,
            bias,
        );
        let long = context.lossy && text.len() >= self.options.blob_min_bytes;
        let changed = long
            .then(|| context.blob(text.as_bytes(), spelling::Spelling::MINIMAL))
            .flatten();
        let decisions = context.decisions;
        let compressed = match changed {
            Some(changed) => changed,
            None if is_reserved(text.as_bytes()) => [LITERAL, text.as_bytes()].concat(),
            None => text.as_bytes().to_vec(),
        };
        finish_text(
            &self.options,
            text,
            compressed,
            originals,
            decisions,
            tokens_before,
        )
    }
}

fn context<'o>(
    options: &'o Options,
    tapes: &'o mut Vec<Tape>,
    originals: &'o mut Originals,
    tokens: (u32, usize),
    find_query: &'o dyn Fn() -> String,
    bias: f64,
) -> Context<'o> {
    let lossy = !options.lossless_only && tokens.1 >= options.min_tokens_to_crush;
    let query = Query {
        find: find_query,
        found: None,
    };
    let decisions = Decisions::default();
    Context {
        options,
        originals,
        tapes,
        query,
        tokens,
        bias,
        lossy,
        decisions,
        strings: 0,
    }
}

/// Crushes one payload of a record; what doesn't pay, or doesn't restore, is left as it was.
fn crush_payload(
    options: &Options,
    tapes: &mut Vec<Tape>,
    doc: &Doc<'_>,
    payload: &Payload,
    originals: &mut Originals,
    edits: &mut Edits,
) -> PayloadReport {
    let node = doc.node(payload.node);
    let raw = doc.raw(node);
    let estimate = tokens::estimate(raw);
    let find_query = || query_of(doc, payload.node);
    let mut context = context(
        options,
        tapes,
        originals,
        (payload.node, estimate),
        &find_query,
        1.0,
    );
    let mark = context.mark();
    context.edit(doc, payload.node, node.next, false, edits);
    let mut after = Vec::with_capacity(raw.len());
    edits.splice(doc, payload.node, &mut after);
    let changed = context.decisions.strategy != document::Strategy::Unchanged;
    let estimate_after = if changed {
        tokens::estimate(&after)
    } else {
        estimate
    };
    let pays = estimate_after < estimate;
    let proved = !pays || !options.verify || restores(context.tapes, &after, raw, context.originals);
    if !pays || !proved {
        context.undo(mark);
        *edits = Edits::default();
        literals(doc, payload.node, node.next, edits);
        after.clear();
        edits.splice(doc, payload.node, &mut after);
    }
    let decisions = context.decisions;
    let count = |token: &[u8], estimate: usize| if options.exact_tokens { exact(token) } else { estimate } as u64;
    let tokens_before = count(raw, estimate);
    PayloadReport {
        path: payload.path,
        tool: payload.tool.clone(),
        tokens_after: if decisions.strategy == document::Strategy::Unchanged {
            tokens_before
        } else {
            count(&after, estimate_after)
        },
        decisions,
        bytes_before: raw.len() as u64,
        bytes_after: after.len() as u64,
        tokens_before,
        unproved: !proved,
    }
}

/// Exact tokens of what a model reads: the text of a string, else the JSON.
fn exact(token: &[u8]) -> usize {
    let mut text = Vec::new();
    let inner = token
        .strip_prefix(b"\"")
        .and_then(|token| token.strip_suffix(b"\""));
    if !inner.is_some_and(|raw| spelling::decode(raw, &mut text)) {
        text.clear();
        text.extend_from_slice(token);
    }
    tokens::count(&String::from_utf8_lossy(&text))
}

fn restores(tapes: &mut Vec<Tape>, compacted: &[u8], original: &[u8], originals: &Originals) -> bool {
    let mut restored = Vec::with_capacity(original.len());
    restore_record_with(tapes, compacted, originals, &mut restored).is_ok() && restored == original
}

/// The record's own text before a payload, the nearest last: what the agent was after when it called the tool.
fn query_of(doc: &Doc<'_>, payload: u32) -> String {
    let mut strings = Vec::new();
    let mut length = 0;
    for at in (0..payload).rev() {
        let node = doc.node(at);
        if node.kind != Kind::String || node.flags & KEY != 0 {
            continue;
        }
        strings.push(node);
        length += (node.end - node.start) as usize;
        if length >= QUERY_BYTES {
            break;
        }
    }
    let mut query = Vec::with_capacity(length);
    for node in strings.into_iter().rev() {
        let raw = doc.inner(node);
        if node.flags & ESCAPED == 0 || !spelling::decode(raw, &mut query) {
            query.extend_from_slice(raw);
        }
        query.push(b' ');
    }
    let text = String::from_utf8_lossy(&query);
    let cut = text.len().saturating_sub(QUERY_BYTES);
    let cut = (cut..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    text.get(cut..).unwrap_or_default().to_owned()
}

fn crush_json(
    options: &Options,
    tapes: &mut Vec<Tape>,
    doc: &Doc<'_>,
    text: &str,
    query: &str,
    bias: f64,
) -> CrushedText {
    let mut originals = Originals::default();
    let tokens_before = tokens::estimate(text.as_bytes());
    let find_query = || query.to_owned();
    let mut context = context(
        options,
        tapes,
        &mut originals,
        (0, tokens_before),
        &find_query,
        bias,
    );
    let root = doc.node(0);
    let (before, behind) = (text.get(..root.start as usize), text.get(root.end as usize..));
    let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
    let is_array = root.kind == Kind::Array;
    // A table is read by its first bytes; and an object keeps its outer shape.
    let rendered = (is_array && before.is_empty())
        .then(|| context.array(doc, 0, Frame::Value, false, false))
        .flatten();
    let table = rendered.as_ref().is_some_and(|rendered| rendered.table);
    let body = match rendered {
        Some(rendered) => rendered.text,
        None => {
            let mut edits = Edits::default();
            context.edit(doc, 1, doc.len(), false, &mut edits);
            let mut body = Vec::new();
            edits.splice(doc, 0, &mut body);
            body
        }
    };
    let mut compressed = [before.as_bytes(), &body, behind.as_bytes()].concat();
    let decisions = std::mem::take(&mut context.decisions);
    let unchanged = decisions.strategy == document::Strategy::Unchanged
        || tokens::estimate(&compressed) >= tokens_before
        || (options.verify && !restores_text(&compressed, text, context.originals));
    if unchanged {
        context.originals.truncate(0);
        let mut edits = Edits::default();
        literals(doc, 0, doc.len(), &mut edits);
        compressed = before.as_bytes().to_vec();
        edits.splice(doc, 0, &mut compressed);
        compressed.extend_from_slice(behind.as_bytes());
    }
    let decisions = if unchanged {
        Decisions::default()
    } else {
        decisions
    };
    let table = table && !unchanged;
    let mut crushed = finish_text(options, text, compressed, originals, decisions, tokens_before);
    crushed.table = table;
    if is_array {
        let rows = top_rows(doc, text, &crushed);
        crushed.rows_marker = rows.1;
        crushed.kept_rows = Some(rows.0);
    }
    crushed
}

fn restores_text(compressed: &[u8], text: &str, originals: &Originals) -> bool {
    let mut restored = Vec::with_capacity(text.len());
    let Ok(compressed) = std::str::from_utf8(compressed) else {
        return false;
    };
    restore_text(compressed, originals, &mut restored).is_ok() && restored == text.as_bytes()
}

/// The kept rows of a top-level array as JSON, and its rows marker.
fn top_rows(doc: &Doc<'_>, text: &str, crushed: &CrushedText) -> (String, String) {
    let Some(keep) = &crushed.report.decisions.keep else {
        return (text.to_owned(), String::new());
    };
    let rows = String::from_utf8_lossy(&kept_rows(doc, 0, keep)).into_owned();
    let mut marker = Vec::new();
    let dropped = u64::from(doc.node(0).count) - keep.len() as u64;
    let hash = crushed
        .report
        .decisions
        .hashes
        .last()
        .map(String::as_str)
        .unwrap_or_default();
    crate::marker::write_rows(hash, dropped, Frame::Value, &mut marker);
    (rows, String::from_utf8_lossy(&marker).into_owned())
}

fn finish_text(
    options: &Options,
    text: &str,
    compressed: Vec<u8>,
    originals: Originals,
    decisions: Decisions,
    tokens_before: usize,
) -> CrushedText {
    let compressed = String::from_utf8(compressed).unwrap_or_else(|_| text.to_owned());
    let count = |text: &str, estimate: usize| if options.exact_tokens { tokens::count(text) } else { estimate } as u64;
    let report = PayloadReport {
        path: None,
        tool: String::new(),
        decisions,
        bytes_before: text.len() as u64,
        bytes_after: compressed.len() as u64,
        tokens_before: count(text, tokens_before),
        tokens_after: count(&compressed, tokens::estimate(compressed.as_bytes())),
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
