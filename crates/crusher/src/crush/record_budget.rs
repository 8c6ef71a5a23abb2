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
const MAX_ROUNDS: usize = 4;

impl TextCrusher<'_> {
    /// Returns the edits of a record, with payloads that keep to its budget, if it has one.
    pub fn record_edits(&mut self, doc: &Doc<'_>, found: &[Found]) -> Edits {
        let (reports, originals) = (self.reports.len(), self.originals.entries.len());
        let mut edits = self.edits(doc, found, None);
        let Some(mut drafts) = self.drafts.take() else {
            return edits;
        };
        if !drafts.fit() {
            for _ in 0..MAX_ROUNDS {
                if !drafts.share_out() {
                    break;
                }
                self.reports.truncate(reports);
                self.seen = SeenWords::default();
                self.drafts = Some(drafts);
                edits = self.edits(doc, found, None);
                match self.drafts.take() {
                    Some(shared) => drafts = shared,
                    None => return edits,
                }
            }
            drafts.report(self.reports.get_mut(reports..).unwrap_or_default(), self.options);
        }
        // What only earlier drafts need isn't stored.
        let needed = needed(self.reports.get(reports..).unwrap_or_default());
        let digits = self.options.hash_digits;
        self.originals
            .retain_from(originals, |digest| needed.contains(hash(digest, digits).as_str()));
        edits
    }
}
