//! The elements of large texts: a block that `json/cut.rs` gave, crushed element by element.

use std::sync::Arc;

use crate::crush::block::Block;
use crate::crush::record::Crusher;
use crate::json::cut::{CutBlock, Envelope};
use crate::options::Options;

/// How elements with the same envelope are crushed.
enum Manner<'a> {
    /// As records: nothing stands around them, or each is a payload as a whole.
    Record,
    /// Within the envelope, where paths may lead to payloads.
    Within(&'a Envelope),
    /// The same, but a path selects a value around them. It is too large to be a payload, so its elements are.
    Selected(&'a Envelope),
}

impl Block {
    /// Crushes each element of a block as a record; what stands between elements is copied.
    #[must_use]
    pub fn crush_elements(crusher: &mut Crusher, cut: &CutBlock) -> Self {
        let mut block = Self::default();
        block.compacted.reserve(cut.bytes.len() / 2);
        let manners: Vec<Manner<'_>> = cut
            .envelopes
            .iter()
            .map(|envelope| manner(crusher, envelope))
            .collect();
        let mut whole = None;
        let mut copied = 0;
        for element in &cut.elements {
            block.copy(cut, copied, element.start);
            copied = element.end;
            let bytes = cut.bytes.get(element.start..element.end).unwrap_or_default();
            let envelope = match manners.get(element.envelope) {
                Some(Manner::Within(envelope)) => Some(*envelope),
                Some(Manner::Selected(envelope)) => {
                    if crusher.is_inside_payload(envelope, bytes)
                        && let Some(whole) = whole_crusher(crusher, &mut whole)
                    {
                        whole.file = crusher.file.take();
                        block.crush(whole, bytes, element.start, None);
                        crusher.file = whole.file.take();
                        continue;
                    }
                    Some(*envelope)
                }
                _ => None,
            };
            block.crush(crusher, bytes, element.start, envelope);
        }
        block.copy(cut, copied, cut.bytes.len());
        block
    }

    fn copy(&mut self, cut: &CutBlock, start: usize, end: usize) {
        let first = cut.opened.partition_point(|opened| *opened < start);
        let opened = cut.opened.get(first..).unwrap_or_default();
        let base = self.compacted.len();
        self.opened.extend(
            opened
                .iter()
                .take_while(|opened| **opened < end)
                .map(|opened| base + opened - start),
        );
        self.compacted
            .extend_from_slice(cut.bytes.get(start..end).unwrap_or_default());
    }
}

fn manner<'a>(crusher: &mut Crusher, envelope: &'a Envelope) -> Manner<'a> {
    if envelope.before.is_empty() || crusher.options.paths.is_empty() {
        Manner::Record
    } else if crusher.is_inside_payload(envelope, b"null") {
        Manner::Selected(envelope)
    } else {
        Manner::Within(envelope)
    }
}

/// A crusher for elements that are payloads as a whole.
fn whole_crusher<'a>(crusher: &Crusher, whole: &'a mut Option<Crusher>) -> Option<&'a mut Crusher> {
    if whole.is_none() {
        let options = Options {
            paths: Vec::new(),
            ..crusher.options().clone()
        };
        *whole = Crusher::new(Arc::new(options)).ok();
    }
    whole.as_mut()
}
