//! The payloads of one text: of a record, or of JSON in a string of it, which stays JSON but for what its
//! payloads become.

use crate::crush::escape::{literals, quoted};
use crate::crush::found::{Content, Embedded, Found};
use crate::crush::payload::crush_payload;
use crate::crush::query::{PayloadPlace, PayloadQuery, SeenWords};
use crate::crush::report::PayloadReport;
use crate::decisions::Strategy;
use crate::json::edits::Edits;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::notation::header::{Header, MAX_HEADER_BYTES};
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
}

impl TextCrusher<'_> {
    /// What becomes of the values of a text that stands at a place of the text around it, if one does.
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
                Content::Payload(payload) => {
                    self.originals.tool = (self.tool_of)(&payload.tool);
                    let find_query = |seen: &mut SeenWords| {
                        place.read(seen);
                        place.query()
                    };
                    let query = PayloadQuery::new(&find_query, &mut self.seen);
                    self.reports.push(crush_payload(
                        self.options,
                        self.tapes,
                        (doc, *index, payload),
                        query,
                        self.originals,
                        &mut own_edits,
                    ));
                }
                Content::Embedded(embedded) => match self.embedded(embedded, &place) {
                    Some(text) => own_edits.push(*index, &quoted(&text)),
                    None => literals(doc, *index, node.next, &mut own_edits),
                },
            }
            for (edited, replacement) in own_edits.iter() {
                edits.push(edited, replacement);
            }
            at = node.next;
        }
        literals(doc, at, doc.len(), &mut edits);
        edits
    }

    /// What a string becomes in whose JSON payloads were found, decoded; none where it stays as it was.
    fn embedded(&mut self, embedded: &Embedded, place: &PayloadPlace<'_>) -> Option<Vec<u8>> {
        let (reports, originals) = (self.reports.len(), self.originals.entries.len());
        let mut tape = self.tapes.pop().unwrap_or_default();
        let scanned = tape.scan_utf8(&embedded.text, self.options.max_depth).ok();
        let text = scanned.and_then(|doc| self.behind_header(&doc, embedded, place, reports));
        self.tapes.push(tape);
        self.seen.leave(place.level() + 1);
        let is_outermost = place.outer.is_none();
        let proved = !is_outermost
            || !self.options.verify
            || text.as_ref().is_none_or(|text| {
                let original = place.doc.raw(place.doc.node(place.node));
                restores(self.tapes, &quoted(text), false, self.originals, original)
            });
        let text = text.filter(|_| proved);
        if text.is_none() {
            self.originals.truncate(originals);
            for report in self.reports.iter_mut().skip(reports) {
                report.unproved |= !proved;
                report.leave(self.options);
            }
        }
        text
    }

    /// The JSON text behind a header, with its payloads crushed, if some payload changed and the text is the
    /// smaller for it. The reports of its payloads begin at `reports`.
    fn behind_header(
        &mut self,
        doc: &Doc<'_>,
        embedded: &Embedded,
        place: &PayloadPlace<'_>,
        reports: usize,
    ) -> Option<Vec<u8>> {
        let edits = self.edits(doc, &embedded.found, Some(place));
        let is_changed = |report: &PayloadReport| report.decisions.strategy != Strategy::Unchanged;
        if !self.reports.iter().skip(reports).any(is_changed) {
            return None;
        }
        let header = Header {
            verbatim: true,
            frame: embedded.frame,
            ..Header::default()
        };
        let mut text = Vec::with_capacity(doc.text.len());
        header.write(&mut text);
        // The brackets are no part of what a header may have.
        let fits = text.len() <= MAX_HEADER_BYTES + 2;
        edits.splice(doc, 0, &mut text);
        text.extend_from_slice(doc.text.get(doc.node(0).end as usize..)?);
        let clearly_pays = text.len() * 8 <= doc.text.len() * 7;
        let pays = || clearly_pays || tokens::estimate(&text) < tokens::estimate(doc.text);
        (fits && pays()).then_some(text)
    }
}
