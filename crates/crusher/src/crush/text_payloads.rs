//! Crushes the payloads of one text: of a record, or of JSON in a string of it.

use crate::crush::drafts::Drafts;
use crate::crush::escape::{literals, quoted};
use crate::crush::found::{Content, Embedded, Found, Payload};
use crate::crush::payload::crush_payload;
use crate::crush::query::{PayloadPlace, PayloadQuery, SeenWords};
use crate::crush::report::PayloadReport;
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::notation::header::{Behind, Header, MAX_HEADER_BYTES};
use crate::options::Options;
use crate::originals::Originals;
use crate::restore::proof::restores;
use crate::tokens;

/// What crushing the payloads of a record needs and leaves behind.
pub(crate) struct TextCrusher<'r> {
    pub options: &'r Options,
    /// Tapes that aren't in use.
    pub tapes: &'r mut Vec<Tape>,
    pub originals: &'r mut Originals,
    pub reports: &'r mut Vec<PayloadReport>,
    /// Numbers tools for the originals.
    pub tool_of: &'r mut dyn FnMut(&str) -> u32,
    pub seen: SeenWords,
    /// What became of the payloads so far, if the record has a budget.
    pub drafts: Option<Drafts>,
}

impl TextCrusher<'_> {
    /// Returns the edits of a text: its payloads crushed, and its reserved strings escaped. `outer` is the
    /// place of the string that holds the text.
    pub fn edits(&mut self, doc: &Doc<'_>, found: &[Found], outer: Option<&PayloadPlace<'_>>) -> Edits {
        let mut edits = Edits::default();
        let mut at = 0;
        for (number, Found { node: index, content }) in found.iter().enumerate() {
            let node = doc.node(*index);
            literals(doc, at, *index, &mut edits);
            let place = PayloadPlace {
                doc,
                before: found.get(..number).unwrap_or_default(),
                edits: &edits,
                node: *index,
                outer,
            };
            let mut own_edits = Edits::default();
            match content {
                Content::Payload(payload) => own_edits = self.payload(payload, &place),
                Content::Embedded(embedded) => match self.embedded(embedded, &place) {
                    Some(text) => own_edits.push(*index, &quoted(&text)),
                    None => literals(doc, *index, node.next, &mut own_edits),
                },
                Content::Keep | Content::Results => literals(doc, *index, node.next, &mut own_edits),
            }
            for (edited, replacement) in own_edits.iter() {
                edits.push(edited, replacement);
            }
            at = node.next;
        }
        literals(doc, at, doc.len(), &mut edits);
        edits
    }

    /// Crushes a payload and returns its edits. Or returns those of its draft, if it need not get smaller.
    fn payload(&mut self, payload: &Payload, place: &PayloadPlace<'_>) -> Edits {
        let (doc, options) = (place.doc, self.options);
        let asked = match &self.drafts {
            Some(drafts) => drafts.asked(options),
            None => Some(options.max_tokens),
        };
        if let Some(max_tokens) = asked {
            self.originals.tool = (self.tool_of)(&payload.tool);
            let find_query = |seen: &mut SeenWords| {
                place.read(seen);
                place.query()
            };
            let crushed = crush_payload(
                options,
                self.tapes,
                (doc, place.node, payload),
                PayloadQuery::new(&find_query, &mut self.seen),
                self.originals,
                max_tokens,
            );
            let Some(drafts) = &mut self.drafts else {
                self.reports.push(crushed.report);
                return crushed.edits;
            };
            drafts.put(crushed, doc.raw(doc.node(place.node)), place.outer.is_some());
        }
        let draft = self.drafts.as_mut().and_then(Drafts::next);
        let Some((edits, report)) = draft else {
            return Edits::default();
        };
        self.reports.push(report.clone());
        edits.clone()
    }

    /// Returns what a string becomes in whose JSON payloads were found, decoded; none if it stays as it was.
    fn embedded(&mut self, embedded: &Embedded, place: &PayloadPlace<'_>) -> Option<Vec<u8>> {
        let first = (self.reports.len(), self.originals.entries.len());
        let mut tape = self.tapes.pop().unwrap_or_default();
        let scanned = tape.scan_utf8(&embedded.text, self.options.max_depth).ok();
        let text = scanned.and_then(|doc| self.behind_header(&doc, embedded, place, first.0));
        self.tapes.push(tape);
        self.seen.leave(place.level() + 1);
        // The walk that found the string proved its frame, so it is enough that the JSON restores. The JSON
        // in the outermost string holds all other.
        let is_outermost = place.outer.is_none();
        let proved = !is_outermost
            || !self.options.verify
            || text.as_ref().is_none_or(|(text, header)| {
                let json = text.get(*header..).unwrap_or_default();
                restores(self.tapes, json, false, self.originals, &embedded.text)
            });
        let text = text.filter(|_| proved).map(|(text, _)| text);
        if text.is_none() {
            match &mut self.drafts {
                // The drafts may still need their originals.
                Some(drafts) => drafts.leave(self.reports.len() - first.0),
                None => self.originals.truncate(first.1),
            }
            for report in self.reports.iter_mut().skip(first.0) {
                report.unproved |= !proved;
                report.leave(self.options);
            }
        }
        text
    }

    /// Returns the JSON text behind a header, with its payloads crushed, and the length of the header. None
    /// if no payload changed or the whole has no fewer tokens. The reports of its payloads begin at `first`.
    fn behind_header(
        &mut self,
        doc: &Doc<'_>,
        embedded: &Embedded,
        place: &PayloadPlace<'_>,
        first: usize,
    ) -> Option<(Vec<u8>, usize)> {
        let edits = self.edits(doc, &embedded.found, Some(place));
        let reports = self.reports.get(first..).unwrap_or_default();
        if reports
            .iter()
            .all(|report| report.decisions.strategy == Strategy::Unchanged)
        {
            return None;
        }
        let mut text = Vec::with_capacity(doc.text.len());
        Header {
            behind: Behind::Embedded,
            frame: embedded.frame,
            ..Header::default()
        }
        .write(&mut text);
        let header = text.len();
        edits.splice(doc, 0, &mut text);
        text.extend_from_slice(doc.text.get(doc.node(0).end as usize..)?);
        // The brackets don't count.
        let fits = header <= MAX_HEADER_BYTES + 2;
        (fits && pays(&text, doc.text, reports)).then_some((text, header))
    }
}

/// Returns true if a text takes fewer tokens than the text that stood there, given the reports of its
/// payloads.
fn pays(written: &[u8], before: &[u8], reports: &[PayloadReport]) -> bool {
    let sum = |of: fn(&PayloadReport) -> u64| reports.iter().map(of).sum::<u64>();
    let saved_bytes = sum(|report| report.bytes_before).saturating_sub(sum(|report| report.bytes_after));
    let saved_tokens = sum(|report| report.tokens_before).saturating_sub(sum(|report| report.tokens_after));
    // The header, and escapes outside payloads. No token is shorter than a byte.
    let added_bytes = (written.len() as u64 + saved_bytes).saturating_sub(before.len() as u64);
    saved_tokens > added_bytes || tokens::estimate(written) < tokens::estimate(before)
}
