//! JSON that stood in a string, as it stood there: its reserved strings replaced, then framed again.

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::output::{Comparison, Output};
use crate::notation::frame::Frame;
use crate::restore::restorer::Restorer;

impl Restorer<'_> {
    /// Appends the strings around a JSON text whose reserved strings are replaced.
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

    /// How many bytes of what is expected the JSON text in its strings stands for, where that is what is
    /// expected: told by taking the expected text out of its strings, which is no more work than writing it.
    fn same_verbatim(&mut self, text: &[u8], frame: Frame, expected: &[u8]) -> Option<usize> {
        let length = string_length(expected)?;
        let content = frame.content(expected.get(..length)?)?;
        let mut comparison = Comparison::new(&content);
        self.json(text, &mut comparison).ok()?;
        // Each of the strings is no longer than the outermost one.
        self.spend(frame.strings().len() * length).ok()?;
        comparison.is_same().then_some(length)
    }
}
