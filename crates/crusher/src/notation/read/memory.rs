//! Two sinks: one keeps JSON in memory, one drops it.

use crate::json::spelling;
use crate::notation::grammar::{Place, is_bare, is_bare_text, is_number_or_word};
use crate::notation::marker::LITERAL;
use crate::notation::read::cursor::{Cursor, Parse, TOO_LARGE};
use crate::notation::read::sink::{JsonSink, KEY_NEEDS_QUOTES, NEEDS_QUOTES, NO_COLON, OFFLOADED, Style};
use crate::notation::reserved::is_reserved;

/// Keeps JSON in memory.
pub(crate) struct Memory<'o> {
    pub json: &'o mut Vec<u8>,
    pub style: Style,
    /// Parts of the JSON stood as JSON in the text. They aren't checked yet, and their strings may be
    /// reserved.
    pub copied: bool,
    /// The most bytes that `json` may have.
    pub max_bytes: usize,
}

impl<'o> Memory<'o> {
    /// Makes a sink for values that are read before their turn, with the style and limit of another sink.
    pub fn aside(other: &impl JsonSink, json: &'o mut Vec<u8>) -> Self {
        Self {
            json,
            style: other.style(),
            copied: false,
            max_bytes: other.max_bytes(),
        }
    }

    /// Appends a text as a JSON string.
    #[inline]
    pub fn string(&mut self, text: &[u8]) {
        self.json.push(b'"');
        spelling::encode(text, self.style.spelling, self.json);
        self.json.push(b'"');
    }
}

impl JsonSink for Memory<'_> {
    #[inline]
    fn style(&self) -> Style {
        self.style
    }

    fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    #[inline]
    fn check(&self) -> Parse<()> {
        if self.json.len() > self.max_bytes {
            Err(TOO_LARGE)
        } else {
            Ok(())
        }
    }

    #[inline]
    fn push(&mut self, json: &[u8]) -> Parse<()> {
        self.json.extend_from_slice(json);
        Ok(())
    }

    #[inline]
    fn copy(&mut self, json: &[u8]) -> Parse<()> {
        self.json.extend_from_slice(json);
        self.copied = true;
        Ok(())
    }

    fn note(&mut self, _: &[u8]) -> Parse<()> {
        self.copied = true;
        Ok(())
    }

    #[inline]
    fn separator(&mut self, byte: u8) -> Parse<()> {
        self.json.push(byte);
        if self.style.spaced {
            self.json.push(b' ');
        }
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> Parse<()> {
        if !is_reserved(text) {
            self.string(text);
            return Ok(());
        }
        // Restoring takes the escape off again.
        self.copied = true;
        self.json.push(b'"');
        self.json.extend_from_slice(LITERAL);
        spelling::encode(text, self.style.spelling, self.json);
        self.json.push(b'"');
        Ok(())
    }

    fn offloaded(&mut self, marker: &[u8]) -> Parse<()> {
        self.json.extend_from_slice(OFFLOADED);
        self.json.extend_from_slice(marker);
        self.json.push(b'"');
        self.copied = true;
        Ok(())
    }

    #[inline]
    fn bare(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Parse<()> {
        let text = cursor.until(place);
        if is_number_or_word(text) {
            self.json.extend_from_slice(text);
        } else if is_bare(text, place) {
            self.string(text);
        } else {
            return Err(NEEDS_QUOTES);
        }
        Ok(())
    }

    #[inline]
    fn row_key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let key = cursor.until(Place::Cell);
        if !is_bare_text(key, Place::Cell) {
            return Err(KEY_NEEDS_QUOTES);
        }
        self.string(key);
        Ok(())
    }

    #[inline]
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        self.copied |= cursor.peek() == Some(b'"');
        let key = cursor.key()?;
        self.json.push(b'"');
        self.json.extend_from_slice(key);
        self.json.push(b'"');
        if !cursor.take(b':') {
            return Err(NO_COLON);
        }
        self.separator(b':')
    }
}

/// Drops JSON, for a reader that only needs the end of a value.
pub(crate) struct Nowhere(pub Style);

impl JsonSink for Nowhere {
    fn style(&self) -> Style {
        self.0
    }

    fn max_bytes(&self) -> usize {
        usize::MAX
    }

    fn push(&mut self, _: &[u8]) -> Parse<()> {
        Ok(())
    }

    fn copy(&mut self, _: &[u8]) -> Parse<()> {
        Ok(())
    }

    fn note(&mut self, _: &[u8]) -> Parse<()> {
        Ok(())
    }

    fn separator(&mut self, _: u8) -> Parse<()> {
        Ok(())
    }

    fn text(&mut self, _: &[u8]) -> Parse<()> {
        Ok(())
    }

    fn offloaded(&mut self, _: &[u8]) -> Parse<()> {
        Ok(())
    }

    #[inline]
    fn bare(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Parse<()> {
        cursor.until(place);
        Ok(())
    }

    fn row_key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        cursor.until(Place::Cell);
        Ok(())
    }

    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        cursor.key()?;
        if cursor.take(b':') { Ok(()) } else { Err(NO_COLON) }
    }
}
