//! Crushes one record: finds its payloads, crushes each, proves that it restores, and puts it in its place.

use std::borrow::Cow;
use std::sync::Arc;

use crate::crush::context::Context;
use crate::crush::escape::literals;
use crate::crush::payloads::{Payload, payloads};
use crate::crush::query::{PayloadPlace, PayloadQuery, SeenWords};
use crate::decisions::{Decisions, Strategy};
use crate::error::{Error, Limit, Result};
use crate::json::edits::Edits;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::json::tape::Doc;
use crate::options::Options;
use crate::originals::Originals;
use crate::restore::proof::restores;
use crate::tokens;

/// Crushes records. It keeps its memory from one record to the next, so each thread needs its own.
#[derive(Debug)]
pub struct Crusher {
    pub(crate) options: Arc<Options>,
    pub(crate) tape: Tape,
    /// Tapes for JSON inside strings.
    pub(crate) tapes: Vec<Tape>,
    /// An element between what surrounds it.
    pub(crate) enveloped: Vec<u8>,
}

/// How one payload was crushed.
#[derive(Clone, Debug)]
pub struct PayloadReport {
    /// Index of the path that found it; none for a whole record.
    pub path: Option<usize>,
    /// Name of the tool that gave it, or empty.
    pub tool: String,
    /// The decisions.
    pub decisions: Decisions,
    /// Bytes of the payload's JSON token.
    pub bytes_before: u64,
    /// Bytes of the JSON token that replaces it.
    pub bytes_after: u64,
    /// Tokens of the payload, estimated unless `exact_tokens` is set.
    pub tokens_before: u64,
    /// Tokens of what replaces it, counted in the same way.
    pub tokens_after: u64,
    /// True if the change was undone because it didn't restore. This is a defect, which costs savings but no
    /// data.
    pub unproved: bool,
}

impl Crusher {
    /// Returns a crusher with these options.
    ///
    /// # Errors
    /// `Option` for an option that is out of its range.
    pub fn new(options: impl Into<Arc<Options>>) -> Result<Self> {
        let options = options.into();
        options.validate()?;
        Ok(Self {
            options,
            tape: Tape::default(),
            tapes: Vec::new(),
            enveloped: Vec::new(),
        })
    }

    /// Returns the options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Crushes one record. Appends its compacted form to `out`, its originals to `originals`, and a report
    /// for each payload to `reports`. `tool_of` returns the number of a tool, which the originals carry.
    ///
    /// # Errors
    /// `LimitExceeded`, `InvalidUtf8` or `InvalidPayload` for bytes that aren't a record. Nothing is appended
    /// then.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, Originals, restore_record};
    /// let record = br#"[{"id":1,"status":"ok"},{"id":2,"status":"ok"},{"id":3,"status":"failed"}]"#;
    /// let mut crusher = Crusher::new(Options::default())?;
    /// let (mut compacted, mut originals, mut restored) = (Vec::new(), Originals::default(), Vec::new());
    /// crusher.crush_record(record, &mut compacted, &mut originals, &mut Vec::new(), &mut |_| 0)?;
    /// assert_eq!(compacted, br#""[3]{id,status}\n1,ok\n2,ok\n3,failed""#);
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
        self.check_size(record)?;
        self.crush_sized(record, out, originals, reports, tool_of)
    }

    pub(crate) fn check_size(&self, record: &[u8]) -> Result<()> {
        if record.len() > self.options.max_record_bytes {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: self.options.max_record_bytes,
            });
        }
        Ok(())
    }

    /// As `crush_record`, for a record of any size.
    pub(crate) fn crush_sized(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
        originals: &mut Originals,
        reports: &mut Vec<PayloadReport>,
        tool_of: &mut dyn FnMut(&str) -> u32,
    ) -> Result<()> {
        let doc = self.tape.scan(record, self.options.max_depth)?;
        let mut edits = Edits::default();
        let mut at = 0;
        let mut seen = SeenWords::default();
        let payloads = payloads(&doc, &self.options.paths);
        for (number, payload) in payloads.iter().enumerate() {
            let node = doc.node(payload.node);
            literals(&doc, at, payload.node, &mut edits);
            originals.tool = tool_of(&payload.tool);
            let mut payload_edits = Edits::default();
            let place = PayloadPlace {
                doc: &doc,
                payloads: payloads.get(..number).unwrap_or_default(),
                edits: &edits,
                node: payload.node,
            };
            let find_query = |seen: &mut SeenWords| {
                place.read(seen);
                place.query()
            };
            let query = PayloadQuery::new(&find_query, &mut seen);
            reports.push(crush_payload(
                &self.options,
                &mut self.tapes,
                (&doc, payload),
                query,
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
}

/// Crushes one payload of a record. It stays as it was if crushing saves no tokens, or if the result doesn't
/// restore.
fn crush_payload(
    options: &Options,
    tapes: &mut Vec<Tape>,
    (doc, payload): (&Doc<'_>, &Payload),
    query: PayloadQuery<'_>,
    originals: &mut Originals,
    edits: &mut Edits,
) -> PayloadReport {
    let node = doc.node(payload.node);
    let raw = doc.raw(node);
    let mut context = Context::new(options, tapes, originals, (payload.node, raw), query, 1.0);
    let estimate = context.tokens.1;
    let mark = context.mark();
    let mut after = context.within_budget(
        |context| {
            *edits = Edits::default();
            context.edit(doc, payload.node, node.next, false, edits);
            let mut after = Vec::with_capacity(raw.len());
            edits.splice(doc, payload.node, &mut after);
            after
        },
        |context, after, budget| context.excess(&read(after), budget),
    );
    let changed = context.decisions.strategy != Strategy::Unchanged;
    let estimate_after = if changed {
        tokens::estimate(&after)
    } else {
        estimate
    };
    let pays = estimate_after < estimate;
    let proved = !pays || !options.verify || restores(context.tapes, &after, false, context.originals, raw);
    if !pays || !proved {
        let over_budget = context.decisions.over_budget;
        context.undo(mark);
        *edits = Edits::default();
        literals(doc, payload.node, node.next, edits);
        after.clear();
        edits.splice(doc, payload.node, &mut after);
        if changed {
            context.note_excess(&read(&after));
        } else {
            context.decisions.over_budget = over_budget;
        }
    }
    let decisions = context.decisions;
    let count = |token: &[u8], estimate: usize| {
        let exact = options.exact_tokens.then(|| exact(token));
        exact.unwrap_or(estimate) as u64
    };
    let tokens_before = count(raw, estimate);
    PayloadReport {
        path: payload.path,
        tool: payload.tool.clone(),
        tokens_after: if decisions.strategy == Strategy::Unchanged {
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

/// Counts exactly the tokens that a model reads.
fn exact(token: &[u8]) -> usize {
    tokens::count(&String::from_utf8_lossy(&read(token)))
}

/// Returns what a model reads of a JSON token: the content of a string, or else the JSON itself.
fn read(token: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Vec::new();
    let inner = token
        .strip_prefix(b"\"")
        .and_then(|token| token.strip_suffix(b"\""));
    if inner.is_some_and(|raw| spelling::decode(raw, &mut text)) {
        Cow::Owned(text)
    } else {
        Cow::Borrowed(token)
    }
}
