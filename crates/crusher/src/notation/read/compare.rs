//! Reads a table or a document next to the JSON that it has to be, without writing it anew.

use crate::json::bytes::{CHUNK, chunk_at, specials, string_length};
use crate::json::spelling::{self, Spelling};
use crate::notation::grammar::{Place, has_bare_ends, is_bare, is_bare_key, is_number_or_word};
use crate::notation::header::Header;
use crate::notation::read::cursor::{Cursor, Parse};
use crate::notation::read::document::content;
use crate::notation::read::memory::Memory;
use crate::notation::read::sink::{JsonSink, OFFLOADED, Style};
use crate::notation::reserved::{find_suspect, is_reserved_raw};
use crate::notation::sentinel::has_sentinel_key;

use wide::u8x16;

/// The JSON differs from the text that it has to be, or can't be compared piece by piece: only who writes it
/// anew can tell.
pub(crate) const DIFFERS: &str = "another text";

/// How many bytes of a text a reserved string, its inside given, stands for; none if the text doesn't begin
/// with that.
pub(crate) type ReservedLength<'o> = dyn FnMut(&[u8], &[u8]) -> Option<usize> + 'o;

/// Takes JSON only as far as it is the text that it has to be. What the strict reader refuses is refused here
/// too: a check is left out only where the comparison itself tells.
pub(crate) struct Comparing<'e, 'o> {
    expected: &'e [u8],
    /// Bytes that are the same.
    pub at: usize,
    style: Style,
    reserved_length: &'o mut ReservedLength<'o>,
    /// Text that is spelled out.
    scratch: Vec<u8>,
}

impl<'e, 'o> Comparing<'e, 'o> {
    pub fn new(expected: &'e [u8], style: Style, reserved_length: &'o mut ReservedLength<'o>) -> Self {
        Self {
            expected,
            at: 0,
            style,
            reserved_length,
            scratch: Vec::new(),
        }
    }

    #[inline]
    fn rest(&self, from: usize) -> &'e [u8] {
        self.expected.get(from..).unwrap_or_default()
    }

    /// Takes a reserved string, its inside given.
    #[cold]
    fn reserved(&mut self, raw: &[u8]) -> Parse<()> {
        // It may stand for an array of which parts were compared.
        if has_sentinel_key(self.expected.get(..self.at).unwrap_or_default()) {
            return Err(DIFFERS);
        }
        let rest = self.rest(self.at);
        self.at += (self.reserved_length)(raw, rest).ok_or(DIFFERS)?;
        Ok(())
    }

    /// Takes what the strict reader makes of something.
    #[cold]
    fn slow(&mut self, read: impl FnOnce(&mut Memory<'_>) -> Parse<()>) -> Parse<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let result = read(&mut Memory::aside(self, &mut scratch)).and_then(|()| self.push(&scratch));
        self.scratch = scratch;
        result
    }

    /// Takes a text that stands bare here, or not at all: true if it did and is the inside of a string of the
    /// expected text.
    #[inline]
    fn bare_string(
        &mut self,
        cursor: &mut Cursor<'_>,
        place: Place,
        fits: impl FnOnce(&[u8]) -> bool,
    ) -> bool {
        let rest = cursor.rest();
        let start = self.at + 1;
        let length = run(cursor, self.rest(start), place.close());
        let text = rest.get(..length).unwrap_or_default();
        let is_same = self.expected.get(self.at) == Some(&b'"')
            && self.expected.get(start + length) == Some(&b'"')
            && ends(rest, length, place.close())
            && is_own_spelling(text, self.style.spelling)
            && fits(text);
        if is_same {
            cursor.at += length;
            self.at = start + length + 1;
        }
        is_same
    }
}

impl JsonSink for Comparing<'_, '_> {
    #[inline]
    fn style(&self) -> Style {
        self.style
    }

    fn max_bytes(&self) -> usize {
        self.expected.len()
    }

    #[inline]
    fn push(&mut self, json: &[u8]) -> Parse<()> {
        let rest = self.rest(self.at);
        let is_same = match json {
            // Brackets, mostly.
            [byte] => rest.first() == Some(byte),
            _ => rest.starts_with(json),
        };
        self.at += json.len();
        if is_same { Ok(()) } else { Err(DIFFERS) }
    }

    fn note(&mut self, json: &[u8]) -> Parse<()> {
        if holds_reserved(json) {
            Err(DIFFERS)
        } else {
            Ok(())
        }
    }

    #[inline]
    fn separator(&mut self, byte: u8) -> Parse<()> {
        let rest = self.rest(self.at);
        let is_same = rest.first() == Some(&byte) && (!self.style.spaced || rest.get(1) == Some(&b' '));
        self.at += 1 + usize::from(self.style.spaced);
        if is_same { Ok(()) } else { Err(DIFFERS) }
    }

    #[inline]
    fn copy(&mut self, json: &[u8]) -> Parse<()> {
        // A string is the most frequent.
        if let [b'"', first, ..] = json {
            let is_suspect = matches!(first, b'<' | b'[' | b'\\');
            let raw = json.get(1..json.len() - 1).unwrap_or_default();
            if is_suspect && is_reserved_raw(raw) {
                return self.reserved(raw);
            }
        } else if holds_reserved(json) {
            return Err(DIFFERS);
        }
        self.push(json)
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> Parse<()> {
        let rest = self.rest(self.at + 1);
        let cursor = Cursor {
            text,
            at: 0,
            end: text.len(),
        };
        let is_same = run(&cursor, rest, b',') == text.len()
            && self.expected.get(self.at) == Some(&b'"')
            && rest.get(text.len()) == Some(&b'"')
            && is_own_spelling(text, self.style.spelling);
        if is_same {
            self.at += text.len() + 2;
            return Ok(());
        }
        // The literal before a reserved text would be taken off again.
        self.slow(|json| {
            json.string(text);
            Ok(())
        })
    }

    fn offloaded(&mut self, marker: &[u8]) -> Parse<()> {
        let raw = [OFFLOADED.get(1..).unwrap_or_default(), marker].concat();
        self.reserved(&raw)
    }

    #[inline]
    fn bare(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Parse<()> {
        if self.expected.get(self.at) == Some(&b'"') {
            // The run is free of what may not stand in a bare text anywhere.
            let fits = |text: &[u8]| {
                if place == Place::Header {
                    is_bare(text, place)
                } else {
                    has_bare_ends(text) && !is_number_or_word(text)
                }
            };
            if self.bare_string(cursor, place, fits) {
                return Ok(());
            }
        } else {
            let rest = cursor.rest();
            let length = run(cursor, self.rest(self.at), place.close());
            let text = rest.get(..length).unwrap_or_default();
            if ends(rest, length, place.close()) && is_number_or_word(text) {
                cursor.at += length;
                self.at += length;
                return Ok(());
            }
        }
        self.slow(|json| json.bare(cursor, place))
    }

    #[inline]
    fn row_key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let fits = |text: &[u8]| has_bare_ends(text) && text != b"null";
        if self.bare_string(cursor, Place::Cell, fits) {
            return Ok(());
        }
        self.slow(|json| json.row_key(cursor))
    }

    #[inline]
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let rest = cursor.rest();
        let start = self.at + 1;
        let length = run(cursor, self.rest(start), b':');
        let text = rest.get(..length).unwrap_or_default();
        let is_same = self.expected.get(self.at) == Some(&b'"')
            && self.expected.get(start + length) == Some(&b'"')
            && rest.get(length) == Some(&b':')
            && is_key(rest, text);
        if is_same {
            cursor.at += length + 1;
            self.at = start + length + 1;
            return self.separator(b':');
        }
        // A key is never reserved, whether it stands in quotes or not.
        let key = cursor.key()?;
        self.push(b"\"")?;
        self.push(key)?;
        self.push(b"\"")?;
        if !cursor.take(b':') {
            return Err(DIFFERS);
        }
        self.separator(b':')
    }
}

/// How many bytes two texts begin with alike, up to the first that is a comma, `close`, or one that JSON
/// makes a string escape.
#[inline]
fn run(cursor: &Cursor<'_>, expected: &[u8], close: u8) -> usize {
    // Of most lines less than a chunk is left, but lines stand behind them.
    let (behind, most) = (
        cursor.text.get(cursor.at..).unwrap_or_default(),
        cursor.end.saturating_sub(cursor.at),
    );
    let mut at = 0;
    while let Some((one, other)) = chunk_at(behind, at).zip(chunk_at(expected, at)) {
        let bytes = u8x16::new(*one);
        let ends = bytes.cmp_eq(u8x16::splat(b',')) | bytes.cmp_eq(u8x16::splat(close));
        let same = bytes.cmp_eq(u8x16::new(*other));
        let stops = (ends.move_mask() | !same.move_mask()).cast_unsigned() | specials(one);
        let length = (stops.trailing_zeros() as usize).min(CHUNK);
        at += length;
        if length < CHUNK || at >= most {
            return at.min(most);
        }
    }
    let tails = behind.iter().zip(expected).take(most).skip(at);
    let same = tails.take_while(|(one, other)| {
        one == other && !matches!(**one, b',' | b'"' | b'\\' | 0..=0x1f) && **one != close
    });
    at + same.count()
}

/// True for a bare key at the start of `rest`.
#[inline]
fn is_key(rest: &[u8], key: &[u8]) -> bool {
    let Some(chunk) = chunk_at(rest, 0).filter(|_| key.len() <= CHUNK) else {
        return is_bare_key(key);
    };
    let bytes = u8x16::new(*chunk);
    let among = |first, last| {
        bytes
            .max(u8x16::splat(first))
            .min(u8x16::splat(last))
            .cmp_eq(bytes)
    };
    let is = |byte| bytes.cmp_eq(u8x16::splat(byte));
    let fits = among(b'a', b'z')
        | among(b'@', b'Z')
        | among(b'-', b'9')
        | among(b'#', b'$')
        | among(0x80, 0xff)
        | is(b'_')
        | is(b'+')
        | is(b' ');
    let fitting = fits.move_mask().trailing_ones() as usize;
    let (first, last) = (key.first(), key.last());
    fitting >= key.len() && !matches!(first, None | Some(b'@' | b' ')) && last != Some(&b' ')
}

/// True where a bare text of so many bytes ends.
#[inline]
fn ends(text: &[u8], length: usize, close: u8) -> bool {
    text.get(length)
        .is_none_or(|byte| *byte == b',' || *byte == close)
}

/// True for text free of what JSON escapes that is its own spelling.
#[inline]
fn is_own_spelling(text: &[u8], spelling: Spelling) -> bool {
    spelling == Spelling::MINIMAL || spelling::is_unescaped(text, spelling)
}

/// True for JSON with a reserved string.
fn holds_reserved(json: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = find_suspect(json, from) {
        let rest = json.get(at..).unwrap_or_default();
        from = at + string_length(rest).unwrap_or(rest.len());
        if is_reserved_raw(json.get(at + 1..from - 1).unwrap_or_default()) {
            return true;
        }
    }
    false
}

/// How many bytes of `expected` the whole of `text` decodes to, its header read and ending at byte `at`;
/// `reserved_length` tells what its reserved strings stand for. None where they can't be compared without
/// decoding, or the strict reader would refuse the text.
pub(crate) fn compare(
    text: &[u8],
    header: &Header,
    at: usize,
    expected: &[u8],
    reserved_length: &mut ReservedLength<'_>,
) -> Option<usize> {
    let end = text.len();
    let mut cursor = Cursor { text, at, end };
    let mut out = Comparing::new(expected, Style::of(header), reserved_length);
    let tail = content(&mut cursor, header, &mut out).ok()?;
    (tail.is_none() && cursor.is_done()).then_some(out.at)
}

#[cfg(test)]
mod tests {
    use super::{is_key, run};
    use crate::notation::grammar::{Place, is_bare_key};
    use crate::notation::read::cursor::Cursor;

    #[test]
    fn every_byte_may_stand_in_a_bare_key_or_not_wherever_it_stands() {
        for byte in 0..=255 {
            for place in 0..20 {
                for length in 1..20 {
                    let mut text = [b'k'; 40];
                    if let Some(at) = text.get_mut(place) {
                        *at = byte;
                    }
                    let key = text.get(..length).unwrap_or_default();
                    assert_eq!(
                        is_key(&text, key),
                        is_bare_key(key),
                        "{byte} at {place} of {length}"
                    );
                    assert_eq!(
                        is_key(key, key),
                        is_bare_key(key),
                        "{byte} at {place} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn two_texts_run_alike_up_to_what_ends_a_bare_text() {
        for byte in 0..=255 {
            for place in 0..40 {
                for close in [Place::Cell, Place::Array, Place::Object, Place::Tuple].map(Place::close) {
                    let mut text = [b'k'; 40];
                    let other = text;
                    if let Some(at) = text.get_mut(place) {
                        *at = byte;
                    }
                    let ends = matches!(byte, b',' | b'"' | b'\\' | 0..=0x1f) || byte == close;
                    for end in 0..40 {
                        let [ends, differs] =
                            [ends, byte != b'k'].map(|stops| if stops { end.min(place) } else { end });
                        let cursor = Cursor {
                            text: &text,
                            at: 0,
                            end,
                        };
                        assert_eq!(run(&cursor, &text, close), ends);
                        assert_eq!(run(&cursor, &other, close), differs);
                    }
                }
            }
        }
    }
}
