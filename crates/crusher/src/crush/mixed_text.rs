//! Crushes JSON that stands between other text, in its place.
//!
//! Programs print JSON behind what they log, and agents put lines around what a command printed. The other
//! text stays as it is.

use crate::crush::attempts::share;
use crate::crush::context::Context;
use crate::crush::json_text::saves_tokens;
use crate::json::inside::{self, Inside, Printer};
use crate::notation::frame::Frame;
use crate::notation::header::{Behind, Header};
use crate::notation::mixed::write_lengths;
use crate::tokens;

/// JSON stays as it was if crushing saves fewer tokens: the header costs some, and the reader finds two
/// notations in one text.
const LEAST_SAVED_TOKENS: usize = 8;

/// A text without JSON is mostly told by its first few bytes of it: no bracket stands there.
const BRACKETS: [u8; 2] = [b'{', b'['];

impl Context<'_> {
    /// Crushes the JSON in a text. Returns the content of the string that replaces the text, or none if
    /// little is saved. `budget` is that of the payload or its main text, which must fit it.
    pub fn mixed_text(&mut self, text: &[u8], frame: Frame, budget: Option<usize>) -> Option<Vec<u8>> {
        let [first, second] = BRACKETS;
        memchr::memchr2(first, second, text).filter(|_| self.options.with_compaction)?;
        let mut tape = self.tapes.pop().unwrap_or_default();
        let found = inside::find(text, &mut tape, self.options.max_depth);
        self.tapes.push(tape);
        if let [inside] = found.as_slice()
            && (inside.start(), inside.end()) == (0, text.len())
        {
            return self.run(text, inside, frame);
        }
        if found.is_empty() {
            return None;
        }
        let whole = budget.is_some();
        let (asked, all) = (self.bias, self.budget());
        let budget = budget.unwrap_or(all);
        let mut part = budget;
        if self.lossy {
            let around = tokens_around(text, &found);
            if !whole && around > self.options.excerpt_tokens {
                return None;
            }
            part = budget.checked_sub(around).filter(|part| *part > 0)?;
        }
        let mark = self.mark();
        let over_budget = self.decisions.over_budget;
        self.bias = share(asked, part, all);
        let written = self.within_budget(
            |context| context.parts(text, &found, frame),
            |context, written, _| {
                let written = written.as_deref().unwrap_or_default();
                context.excess(written, budget)
            },
        );
        self.bias = asked;
        let over = std::mem::replace(&mut self.decisions.over_budget, over_budget);
        let written = written.filter(|written| !(whole && over > 0) && saves_tokens(written, text));
        if written.is_none() {
            self.undo(mark);
            return None;
        }
        self.decisions.over_budget += over;
        written
    }

    /// Crushes values that are a whole text.
    fn run(&mut self, text: &[u8], inside: &Inside, frame: Frame) -> Option<Vec<u8>> {
        self.strings += 1;
        let written = self.printed(text, inside, frame);
        self.strings -= 1;
        written
    }

    /// Returns a text behind a header, with its JSON crushed. None if too little changed.
    fn parts(&mut self, text: &[u8], found: &[Inside], frame: Frame) -> Option<Vec<u8>> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut copied = 0;
        self.strings += 1;
        for inside in found {
            let (start, end) = (inside.start(), inside.end());
            let Some(crushed) = self.part(text, inside) else {
                continue;
            };
            parts.push(text.get(copied..start).unwrap_or_default().to_vec());
            parts.push(crushed);
            copied = end;
        }
        self.strings -= 1;
        if parts.is_empty() {
            return None;
        }
        if copied < text.len() {
            parts.push(text.get(copied..).unwrap_or_default().to_vec());
        }
        let mut written = Vec::with_capacity(text.len());
        Header {
            behind: Behind::Mixed,
            frame,
            ..Header::default()
        }
        .write(&mut written);
        let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
        write_lengths(lengths.split_last().map_or(&[], |(_, rest)| rest), &mut written);
        written.extend(parts.into_iter().flatten());
        Some(written)
    }

    /// Returns what takes the place of JSON in a text, none if that saves little.
    fn part(&mut self, text: &[u8], inside: &Inside) -> Option<Vec<u8>> {
        let before = text.get(inside.start()..inside.end())?;
        let mark = self.mark();
        let crushed = if inside.values.len() > 1 || inside.printer != Printer::Json {
            self.printed(text, inside, Frame::VALUE)
        } else {
            let mut tape = self.tapes.pop().unwrap_or_default();
            let crushed = match tape.scan_utf8(before, self.options.max_depth) {
                Ok(doc) => self.json_content(&doc, Frame::VALUE, None),
                Err(_) => None,
            };
            self.tapes.push(tape);
            crushed
        };
        let saves = |crushed: &Vec<u8>| {
            let clearly = crushed.len() + 8 * LEAST_SAVED_TOKENS < before.len() - before.len() / 4;
            clearly || tokens::estimate(crushed) + LEAST_SAVED_TOKENS <= tokens::estimate(before)
        };
        let crushed = crushed.filter(saves);
        if crushed.is_none() {
            self.undo(mark);
        }
        crushed
    }
}

/// Returns the tokens of a text without the JSON in it, and of the header.
fn tokens_around(text: &[u8], found: &[Inside]) -> usize {
    let (mut at, mut tokens) = (0, 8);
    for inside in found {
        tokens += tokens::estimate(text.get(at..inside.start()).unwrap_or_default());
        at = inside.end();
    }
    tokens + tokens::estimate(text.get(at..).unwrap_or_default())
}
