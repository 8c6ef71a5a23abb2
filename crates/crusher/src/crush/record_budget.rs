//! The budget of a record: the older and larger payloads of a record over it are crushed again, with less.

use crate::crush::drafts::needed;
use crate::crush::found::Found;
use crate::crush::query::SeenWords;
use crate::crush::text_payloads::TextCrusher;
use crate::digest::hash;
use crate::json::edits::Edits;
use crate::json::tape::Doc;

/// Payloads are crushed again at most so many times. Once is enough unless one of them can't get as small as
/// it should, so that the others must give more.
pub(crate) const MAX_ROUNDS: usize = 4;

impl TextCrusher<'_> {
    /// Returns the edits of a record, with payloads that keep to its budget, if it has one.
    pub fn record_edits(&mut self, doc: &Doc<'_>, found: &[Found]) -> Edits {
        let (reports, originals) = (self.reports.len(), self.originals.entries.len());
        let mut edits = self.edits(doc, found, None);
        if self.drafts.as_ref().is_some_and(|drafts| !drafts.surely_fit()) {
            for _ in 0..MAX_ROUNDS {
                if !self.share_out() {
                    break;
                }
                self.reports.truncate(reports);
                self.seen = SeenWords::default();
                edits = self.edits(doc, found, None);
            }
        }
        if let Some(drafts) = &mut self.drafts {
            drafts.note_standing();
            drafts.report(self.reports.get_mut(reports..).unwrap_or_default());
            // What only earlier drafts need isn't stored.
            let needed = needed(self.reports.get(reports..).unwrap_or_default());
            let digits = self.options.hash_digits;
            let is_needed = |digest: &_| needed.contains(hash(digest, digits).as_str());
            self.originals.retain_from(originals, is_needed);
        }
        edits
    }

    /// Shares the budget out among the drafts. Returns false if none of them has to give way.
    fn share_out(&mut self) -> bool {
        let Some(drafts) = &mut self.drafts else {
            return false;
        };
        drafts.count();
        drafts.note_standing();
        drafts.rewind();
        drafts.ledger.share_out()
    }
}
