//! Sinks, which take the JSON of a table or document while it is read.

use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::notation::grammar::Place;
use crate::notation::header::Header;
use crate::notation::read::cursor::{Cursor, Parse};

/// How JSON is written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// The spelling of strings that stand bare.
    pub spelling: Spelling,
    /// A space stands behind commas and colons.
    pub spaced: bool,
}

impl Style {
    /// Returns the style that a header asks for.
    pub fn of(header: &Header) -> Self {
        Self {
            spelling: header.cells,
            spaced: header.layout == Layout::Spaced,
        }
    }
}

/// Takes JSON piece by piece.
pub(crate) trait JsonSink {
    /// Returns how JSON is written.
    fn style(&self) -> Style;

    /// Returns the most bytes that the JSON may have: constants and templates multiply.
    fn max_bytes(&self) -> usize;

    /// Fails if the JSON has more bytes than it may.
    #[inline]
    fn check(&self) -> Parse<()> {
        Ok(())
    }

    /// Takes JSON that the reader made.
    fn push(&mut self, json: &[u8]) -> Parse<()>;

    /// Takes JSON that stood as such in the text: its strings may be reserved.
    fn copy(&mut self, json: &[u8]) -> Parse<()>;

    /// Notes JSON that stood as such in the text, and that is pushed later, maybe many times.
    fn note(&mut self, json: &[u8]) -> Parse<()>;

    /// Takes a key that stood in quotes in the text, with these quotes.
    fn quoted_key(&mut self, key: &[u8]) -> Parse<()> {
        self.note(b"")?;
        self.push(key)
    }

    /// Takes a comma or a colon, and adds the space behind it if the style has one.
    fn separator(&mut self, byte: u8) -> Parse<()>;

    /// Takes a text that a template made, as a string. That string is never reserved, whatever its text.
    fn text(&mut self, text: &[u8]) -> Parse<()>;

    /// Takes the marker of an inline table whose original takes its place.
    fn offloaded(&mut self, marker: &[u8]) -> Parse<()>;

    /// Reads a value that stands bare: a number, a word or a string.
    fn bare(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Parse<()>;

    /// Reads the key of a row of a map, which stands bare.
    fn row_key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()>;

    /// Reads a key of an object and its colon.
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()>;
}

/// Begins the string that stands for an inline table whose original takes its place. A string with the marker
/// alone could be taken for a sentinel: in a user's object with that key, it would replace the array around
/// it.
pub(crate) const OFFLOADED: &[u8] = b"\"[1]{a}\\n\\n";
pub(crate) const NEEDS_QUOTES: &str = "a text that needs quotes";
pub(crate) const KEY_NEEDS_QUOTES: &str = "a key that needs quotes";
pub(crate) const NO_COLON: &str = "expected ':' behind a key";
