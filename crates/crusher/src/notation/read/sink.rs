//! Where the JSON of a table or document goes while it is read: into memory, nowhere, or (`compare`) past the text that it has to be.

use crate::json::spelling::{self, Spelling};
use crate::notation::grammar::{Place, is_bare, is_bare_text, is_other};
use crate::notation::marker::{LITERAL, is_reserved};
use crate::notation::read::cursor::{Parse, Reader, TOO_LARGE};

/// How JSON is written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// Of the strings that stand bare.
    pub spelling: Spelling,
    /// A space stands behind commas and colons.
    pub spaced: bool,
}

/// Takes JSON piece by piece.
pub(crate) trait Target {
    fn style(&self) -> Style;

    /// Bytes that there may be: constants and templates multiply.
    fn max_bytes(&self) -> usize;

    /// Says no where there is too much.
    #[inline]
    fn check(&self) -> Parse<()> {
        Ok(())
    }

    /// Takes JSON that was made here.
    fn push(&mut self, json: &[u8]) -> Parse<()>;

    /// Takes JSON of which parts stood as JSON in the text: their strings may be ours.
    fn copy(&mut self, json: &[u8]) -> Parse<()>;

    /// Notes that this JSON stood as such in the text, and will be pushed, maybe many times.
    fn note(&mut self, json: &[u8]) -> Parse<()>;

    /// Takes a key that stood so in the text.
    fn quoted_key(&mut self, key: &[u8]) -> Parse<()> {
        self.note(b"")?;
        self.push(key)
    }

    /// Takes a comma or a colon, and the space behind it.
    fn separator(&mut self, byte: u8) -> Parse<()>;

    /// Takes the string of a text that a template makes, which is never ours.
    fn text(&mut self, text: &[u8]) -> Parse<()>;

    /// Takes a table whose rows are in the store, by its marker.
    fn offloaded(&mut self, marker: &[u8]) -> Parse<()>;

    /// Reads a value that stands bare: a number, a word or a string.
    fn bare(&mut self, reader: &mut Reader<'_>, place: Place) -> Parse<()>;

    /// Reads the key of a row of a map, which stands bare.
    fn row_key(&mut self, reader: &mut Reader<'_>) -> Parse<()>;

    /// Reads a key of an object and its colon.
    fn key(&mut self, reader: &mut Reader<'_>) -> Parse<()>;
}

/// Takes JSON into memory.
pub(crate) struct Memory<'o> {
    pub json: &'o mut Vec<u8>,
    pub style: Style,
    /// Some of it was copied: it must still be checked, and may be ours.
    pub copied: bool,
    /// Bytes that `json` may have.
    pub max_bytes: usize,
}

impl<'o> Memory<'o> {
    /// A place for values that are read before their turn, under the rules of another one.
    pub fn aside(target: &impl Target, json: &'o mut Vec<u8>) -> Self {
        Self {
            json,
            style: target.style(),
            copied: false,
            max_bytes: target.max_bytes(),
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

impl Target for Memory<'_> {
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
        // Whoever looks for strings of ours in the JSON takes the literal off.
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
    fn bare(&mut self, reader: &mut Reader<'_>, place: Place) -> Parse<()> {
        let text = reader.until(place);
        if is_other(text) {
            self.json.extend_from_slice(text);
        } else if is_bare(text, place) {
            self.string(text);
        } else {
            return Err(NEEDS_QUOTES);
        }
        Ok(())
    }

    #[inline]
    fn row_key(&mut self, reader: &mut Reader<'_>) -> Parse<()> {
        let key = reader.until(Place::Cell);
        if !is_bare_text(key, Place::Cell) {
            return Err(KEY_NEEDS_QUOTES);
        }
        self.string(key);
        Ok(())
    }

    #[inline]
    fn key(&mut self, reader: &mut Reader<'_>) -> Parse<()> {
        self.copied |= reader.peek() == Some(b'"');
        let key = reader.key()?;
        self.json.push(b'"');
        self.json.extend_from_slice(key);
        self.json.push(b'"');
        if !reader.take(b':') {
            return Err(NO_COLON);
        }
        self.separator(b':')
    }
}

/// Begins the string that stands for an inline table whose rows are in the store: alone, in a user's object of a sentinel's shape,
/// the marker would stand for the array around that.
pub(crate) const OFFLOADED: &[u8] = b"\"[1]{a}\\n\\n";
pub(crate) const NEEDS_QUOTES: &str = "a text that needs quotes";
const KEY_NEEDS_QUOTES: &str = "a key that needs quotes";
const NO_COLON: &str = "expected ':' behind a key";

/// Nowhere: to find out where a value ends.
pub(crate) struct Nowhere(pub Style);

impl Target for Nowhere {
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
    fn bare(&mut self, reader: &mut Reader<'_>, place: Place) -> Parse<()> {
        reader.until(place);
        Ok(())
    }

    fn row_key(&mut self, reader: &mut Reader<'_>) -> Parse<()> {
        reader.until(Place::Cell);
        Ok(())
    }

    fn key(&mut self, reader: &mut Reader<'_>) -> Parse<()> {
        reader.key()?;
        if reader.take(b':') { Ok(()) } else { Err(NO_COLON) }
    }
}
