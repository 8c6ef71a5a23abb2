//! Where the JSON of a table or document goes while it is read.

use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::notation::grammar::Place;
use crate::notation::header::Header;
use crate::notation::read::cursor::{Cursor, Parse};

/// How JSON is written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// Of the strings that stand bare.
    pub spelling: Spelling,
    /// A space stands behind commas and colons.
    pub spaced: bool,
}

impl Style {
    /// The style that a header asks for.
    pub fn of(header: &Header) -> Self {
        Self {
            spelling: header.cells,
            spaced: header.layout == Layout::Spaced,
        }
    }
}

/// Takes JSON piece by piece.
pub(crate) trait JsonSink {
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

    /// Takes JSON of which parts stood as JSON in the text: their strings may be reserved.
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

    /// Takes the string of a text that a template makes, which stands for itself even where it is reserved.
    fn text(&mut self, text: &[u8]) -> Parse<()>;

    /// Takes a table whose rows are in the store, by its marker.
    fn offloaded(&mut self, marker: &[u8]) -> Parse<()>;

    /// Reads a value that stands bare: a number, a word or a string.
    fn bare(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Parse<()>;

    /// Reads the key of a row of a map, which stands bare.
    fn row_key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()>;

    /// Reads a key of an object and its colon.
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()>;
}

/// Begins the string that stands for an inline table whose rows are in the store: alone, in a user's object
/// of a sentinel's shape, the marker would stand for the array around that.
pub(crate) const OFFLOADED: &[u8] = b"\"[1]{a}\\n\\n";
pub(crate) const NEEDS_QUOTES: &str = "a text that needs quotes";
pub(crate) const KEY_NEEDS_QUOTES: &str = "a key that needs quotes";
pub(crate) const NO_COLON: &str = "expected ':' behind a key";
