//! An element of a large text, crushed as if the text around it were there.
//!
//! Payload paths begin at the root of a text. So an element is crushed between the brackets and keys of the
//! values that it is in, which are taken off again. What else stands in these values isn't known: a test on
//! one of their members doesn't hold.

use crate::crush::found::Recognition;
use crate::crush::record::Crusher;
use crate::crush::report::PayloadReport;
use crate::error::{Error, Result};
use crate::json::cut::Envelope;
use crate::originals::Originals;

impl Crusher {
    /// Crushes a record, or an element within its envelope.
    pub(super) fn crush_within(
        &mut self,
        envelope: Option<&Envelope>,
        element: &[u8],
        out: &mut Vec<u8>,
        originals: &mut Originals,
        reports: &mut Vec<PayloadReport>,
        tool_of: &mut dyn FnMut(&str) -> u32,
    ) -> Result<Recognition> {
        let Some(envelope) = envelope else {
            return self.crush_record(element, out, originals, reports, tool_of);
        };
        self.check_size(element)?;
        let start = out.len();
        let text = self.put_around(envelope, element);
        let result = self.crush_sized(&text, out, originals, reports, tool_of);
        self.enveloped = text;
        // The line and column of an error are the element's own.
        let recognition = result.map_err(|error| {
            let own = self.tape.scan(element, self.options.max_depth);
            own.err().unwrap_or(error)
        })?;
        let (before, after) = (&envelope.before, &envelope.after);
        let written = out.get(start..).unwrap_or_default();
        if !written.starts_with(before) || !written.ends_with(after) {
            return Err(Error::Internal);
        }
        out.truncate(out.len() - after.len());
        out.drain(start..start + before.len());
        Ok(recognition)
    }

    /// True when a path selects a value around an element, which is then a payload by itself, and nothing in
    /// the element.
    pub(super) fn is_inside_payload(&mut self, envelope: &Envelope, element: &[u8]) -> bool {
        let text = self.put_around(envelope, element);
        let mut outside = false;
        if let Ok(doc) = self.tape.scan(&text, self.options.max_depth) {
            let before = envelope.before.len() as u32;
            let (found, _) = self.finder.payloads(&doc, &mut self.tapes);
            let starts = found.into_iter().map(|found| doc.node(found.node).start);
            let (around, inside): (Vec<u32>, Vec<u32>) = starts.partition(|start| *start < before);
            outside = !around.is_empty() && inside.is_empty();
        }
        self.enveloped = text;
        outside
    }

    fn put_around(&mut self, envelope: &Envelope, element: &[u8]) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.enveloped);
        text.clear();
        text.extend_from_slice(&envelope.before);
        text.extend_from_slice(element);
        text.extend_from_slice(&envelope.after);
        text
    }
}
