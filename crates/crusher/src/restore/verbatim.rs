//! Restores JSON that stood in a string: replaces its reserved strings, then frames it.

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::output::{Comparison, Output};
use crate::notation::frame::Frame;
use crate::restore::restorer::Restorer;

impl Restorer<'_> {
    /// Appends a JSON text in its frame, with every reserved string replaced.
    pub fn verbatim(&mut self, text: &[u8], frame: Frame, out: &mut impl Output) -> Result<()> {
        if self.trusted {
            let left_bytes = self.left_bytes;
            let same = out
                .expected()
                .and_then(|expected| self.same_verbatim(text, frame, expected));
            if let Some(length) = same {
                out.advance(length);
                return Ok(());
            }
            self.left_bytes = left_bytes;
        }
        let mut restored = Vec::with_capacity(text.len());
        self.json(text, &mut restored).map_err(|error| match error {
            Error::InvalidPayload { .. } | Error::InvalidUtf8 { .. } => Error::Format {
                what: "a header before text that is no JSON",
                offset: 0,
            },
            other => other,
        })?;
        self.framed(&restored, frame, out)
    }

    /// Returns how many of the expected bytes a JSON text in its frame stands for, none if it stands for
    /// others. Takes the expected text out of its frame, which is no more work than framing the other.
    fn same_verbatim(&mut self, text: &[u8], frame: Frame, expected: &[u8]) -> Option<usize> {
        let length = string_length(expected)?;
        let content = frame.content(expected.get(..length)?)?;
        let mut comparison = Comparison::new(&content);
        self.json(text, &mut comparison).ok()?;
        // No string is longer than the outermost one.
        self.spend(frame.strings().len() * length).ok()?;
        comparison.is_same().then_some(length)
    }
}
