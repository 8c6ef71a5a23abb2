//! JSON in a string: taken out of it, and what is found in it.

use crate::crush::found::{Content, Embedded, Found};
use crate::crush::strings::{self, string_in};
use crate::crush::walk_memory::Memory;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::notation::frame::Frame;

/// What looking into strings needs.
pub(crate) struct Strings<'t> {
    /// Tapes that aren't in use.
    pub tapes: &'t mut Vec<Tape>,
    /// Memories of walks that aren't in use.
    pub memories: &'t mut Vec<Memory>,
    pub max_depth: usize,
    /// Bytes that may still be decoded: restoring writes each of them once more, and has a limit.
    pub left_bytes: usize,
}

impl Strings<'_> {
    /// Returns a memory for a walk that begins with these branches.
    pub fn begin(&mut self, branches: impl IntoIterator<Item = u32>) -> Memory {
        let mut memory = self.memories.pop().unwrap_or_default();
        memory.begin(branches);
        memory
    }

    /// Looks into a raw string that may hold JSON. Returns what stands for it; none if nothing is found in it.
    pub fn look_into(
        &mut self,
        raw: &[u8],
        look: impl FnOnce(&Doc<'_>, &mut Self) -> Vec<Found>,
    ) -> Option<Content> {
        // An object, an array or a string; what is spelled in another way can't be spelled so again.
        if !matches!(raw.first(), Some(b'{' | b'[' | b'\\')) || raw.len() > self.left_bytes {
            return None;
        }
        let (text, frame) = decoded_json(raw)?;
        self.left_bytes -= text.len();
        let mut tape = self.tapes.pop().unwrap_or_default();
        let found = match tape.scan_utf8(&text, self.max_depth) {
            Ok(doc) => look(&doc, self),
            Err(_) => Vec::new(),
        };
        self.tapes.push(tape);
        in_string(text, frame, found)
    }
}

/// Decodes a string that may hold JSON; returns the text and its frame. The text begins with an object or
/// array, or it is a string without anything around it; a newline behind that is part of the frame.
fn decoded_json(raw: &[u8]) -> Option<(Vec<u8>, Frame)> {
    let (mut text, mut frame) = strings::decoded(raw, 0)?;
    if text.first() == Some(&b'"') {
        let (_, newline) = string_in(&text)?;
        frame = frame.ending(newline);
        text.truncate(text.len() - usize::from(newline));
    }
    matches!(text.first(), Some(b'{' | b'[' | b'"')).then_some((text, frame))
}

/// Returns what stands for a string in whose JSON something was found. If that is the JSON as a whole, the
/// string itself is the payload.
fn in_string(text: Vec<u8>, frame: Frame, mut found: Vec<Found>) -> Option<Content> {
    let is_string = text.first() == Some(&b'"');
    match found.pop_if(|found| found.node == 0).map(|found| found.content) {
        Some(Content::Payload(mut payload)) => {
            payload.json_strings += usize::from(is_string);
            Some(Content::Payload(payload))
        }
        Some(Content::Embedded(mut embedded)) => {
            embedded.frame = frame.around(embedded.frame)?;
            Some(Content::Embedded(embedded))
        }
        Some(content @ (Content::Keep | Content::Results)) => Some(content),
        None if found.is_empty() => None,
        None => Some(Content::Embedded(Embedded { frame, text, found })),
    }
}
