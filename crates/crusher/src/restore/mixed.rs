//! Restores a text in which JSON was crushed in its place: puts its parts together, then frames it.

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::output::{Comparison, Output};
use crate::notation::frame::Frame;
use crate::notation::mixed::parts;
use crate::restore::restorer::Restorer;

impl Restorer<'_> {
    /// Appends a text in its frame, with what its crushed parts stand for.
    pub fn mixed(&mut self, text: &[u8], frame: Frame, out: &mut impl Output) -> Result<()> {
        let parts = parts(text).ok_or(Error::Format {
            what: "a text (flag t) whose parts don't have the lengths before it",
            offset: 0,
        })?;
        if frame == Frame::VALUE {
            return self.parts(&parts, out);
        }
        if self.trusted {
            let left_bytes = self.left_bytes;
            let same = out
                .expected()
                .and_then(|expected| self.same_parts(&parts, frame, expected));
            if let Some(length) = same {
                out.advance(length);
                return Ok(());
            }
            self.left_bytes = left_bytes;
        }
        let mut restored = Vec::with_capacity(text.len());
        self.parts(&parts, &mut restored)?;
        self.framed(&restored, frame, out)
    }

    /// Appends the parts: text as it stands, and every second one restored.
    fn parts(&mut self, parts: &[&[u8]], out: &mut impl Output) -> Result<()> {
        for (number, part) in parts.iter().enumerate() {
            if number % 2 == 0 {
                self.spend(part.len())?;
                out.push(part);
            } else {
                self.text(part, out)?;
            }
        }
        Ok(())
    }

    /// Returns how many of the expected bytes the parts in their frame stand for, none if they stand for
    /// others.
    fn same_parts(&mut self, parts: &[&[u8]], frame: Frame, expected: &[u8]) -> Option<usize> {
        let length = string_length(expected)?;
        let content = frame.content(expected.get(..length)?)?;
        let mut comparison = Comparison::new(&content);
        self.parts(parts, &mut comparison).ok()?;
        // No string is longer than the outermost one.
        self.spend(frame.strings().len() * length).ok()?;
        comparison.is_same().then_some(length)
    }
}
