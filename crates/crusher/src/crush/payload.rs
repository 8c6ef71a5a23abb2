//! Crushes one payload, and proves that it restores.

use std::borrow::Cow;
use std::sync::Arc;

use crate::crush::context::Context;
use crate::crush::escape::literals;
use crate::crush::found::Payload;
use crate::crush::query::PayloadQuery;
use crate::crush::report::PayloadReport;
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::json::tape::Doc;
use crate::options::Options;
use crate::originals::Originals;
use crate::restore::proof::restores;
use crate::tokens;

/// Crushes one payload of a record. It stays as it was if crushing saves no tokens, or if the result doesn't
/// restore.
pub(crate) fn crush_payload(
    options: &Options,
    tapes: &mut Vec<Tape>,
    (doc, at, payload): (&Doc<'_>, u32, &Payload),
    query: PayloadQuery<'_>,
    originals: &mut Originals,
    edits: &mut Edits,
) -> PayloadReport {
    let node = doc.node(at);
    let raw = doc.raw(node);
    let mut context = Context::new(options, tapes, originals, (at, raw), query, 1.0);
    context.json_strings = payload.json_strings;
    let estimate = context.tokens.1;
    let mark = context.mark();
    let mut after = context.within_budget(
        |context| {
            *edits = Edits::default();
            context.edit(doc, at, node.next, false, edits);
            let mut after = Vec::with_capacity(raw.len());
            edits.splice(doc, at, &mut after);
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
        literals(doc, at, node.next, edits);
        after.clear();
        edits.splice(doc, at, &mut after);
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
        path: Arc::clone(&payload.path),
        tool: payload.tool.clone(),
        recognised_by: payload.recognised_by,
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
