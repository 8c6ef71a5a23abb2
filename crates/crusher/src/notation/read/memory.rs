//! Sinks that take the JSON of a table or document into memory, or nowhere.

use crate::json::spelling;
use crate::notation::grammar::{Place, is_bare, is_bare_text, is_number_or_word};
use crate::notation::marker::LITERAL;
use crate::notation::read::cursor::{Cursor, Parse, TOO_LARGE};
use crate::notation::read::sink::{JsonSink, KEY_NEEDS_QUOTES, NEEDS_QUOTES, NO_COLON, OFFLOADED, Style};
use crate::notation::reserved::is_reserved;

/// Takes JSON into memory.
pub(crate) struct Memory<'o> {
    pub json: &'o mut Vec<u8>,
    pub style: Style,
    /// Some of it was copied: it must still be checked, and may be reserved.
    pub copied: bool,
    /// Bytes that `json` may have.
    pub max_bytes: usize,
}

impl<'o> Memory<'o> {
    /// A place for values that are read before their turn, under the rules of another one.
    pub fn aside(other: &impl JsonSink, json: &'o mut Vec<u8>) -> Self {
        Self {
            json,
            style: other.style(),
            copied: false,
            max_bytes: other.max_bytes(),
        }
    }

    /// Appends the string of a text.
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
        // Whoever looks for reserved strings in the JSON takes the literal off.
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

/// Nowhere: to find out where a value ends.
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
