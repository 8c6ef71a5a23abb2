//! Puts the results that are known by their shape where they stand: in a text, or in JSON in its strings.

use crate::crush::embedded::Strings;
use crate::crush::found::{Content, Found, Payload};
use crate::crush::tools::Tools;
use crate::json::tape::Doc;
use crate::recognise::{self, Recognised};

/// Returns the results that are sure, in document order. Calls of earlier records name the tools of those whose
/// own record doesn't.
pub(crate) fn found_by_shape(
    doc: &Doc<'_>,
    recognised: &Recognised,
    earlier: Option<&dyn Tools>,
    strings: &mut Strings<'_>,
) -> Vec<Found> {
    // Where a path also selects what must stay, the sign that decided isn't enough.
    let excluded = recognised.against.iter().chain(&recognised.retrieved);
    let is_excluded = |path: &String| excluded.clone().any(|excluded| excluded == path);
    let sure = recognised.found.iter().filter(|found| found.sure);
    let stays = |found: &&recognise::Found| found.by_neighbour || !is_excluded(&found.path);
    let sure: Vec<&recognise::Found> = sure.filter(stays).collect();
    placed(doc, &sure, 0, earlier, strings)
}

/// Puts results into a text that so many strings hold, one inside the other.
fn placed(
    doc: &Doc<'_>,
    results: &[&recognise::Found],
    level: usize,
    earlier: Option<&dyn Tools>,
    strings: &mut Strings<'_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let here = |result: &recognise::Found| result.route.get(level).copied().unwrap_or_default();
    for together in results.chunk_by(|one, other| here(one) == here(other)) {
        let Some(first) = together.first() else { continue };
        let node = here(first);
        let content = if first.route.len() == level + 1 {
            Some(Content::Payload(payload(first, earlier)))
        } else {
            let raw = doc.inner(doc.node(node));
            strings.look_into(raw, |doc, strings| {
                placed(doc, together, level + 1, earlier, strings)
            })
        };
        found.extend(content.map(|content| Found { node, content }));
    }
    found
}

fn payload(result: &recognise::Found, earlier: Option<&dyn Tools>) -> Payload {
    let mut tool = result.tool.clone();
    if tool.is_empty() && !result.call_id.is_empty() {
        let named = earlier.and_then(|earlier| earlier.called(&result.call_id));
        tool = named.unwrap_or_default();
    }
    Payload {
        path: result.full_path().into(),
        tool,
        names_call: !result.call_id.is_empty(),
        json_strings: 0,
        recognised_by: Some(result.reason),
    }
}
