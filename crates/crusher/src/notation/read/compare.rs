//! Reads a table or document and compares it with the expected JSON, without writing that JSON again.

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

/// The JSON differs from the expected text, or can't be compared piece by piece. Decoding can tell which.
pub(crate) const DIFFERS: &str = "another text";

/// Returns how many bytes of a text a reserved string stands for. Its arguments are the inside of the string
/// and the text. None if the text begins with anything else.
pub(crate) type ReservedLength<'o> = dyn FnMut(&[u8], &[u8]) -> Option<usize> + 'o;

/// Takes JSON as long as it is the expected text. Refuses everything that `Memory` refuses: a check is left
/// out only where the comparison implies it.
pub(crate) struct Comparing<'e, 'o> {
    expected: &'e [u8],
    /// Bytes that are the same so far.
    pub at: usize,
    style: Style,
    reserved_length: &'o mut ReservedLength<'o>,
    /// Scratch: JSON that is made to be compared.
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

    /// Takes a reserved string, given without its quotes.
    #[cold]
    fn reserved(&mut self, raw: &[u8]) -> Parse<()> {
        // It may be a sentinel, and stand for an array whose first elements are compared already.
        if has_sentinel_key(self.expected.get(..self.at).unwrap_or_default()) {
            return Err(DIFFERS);
        }
        let rest = self.rest(self.at);
        self.at += (self.reserved_length)(raw, rest).ok_or(DIFFERS)?;
        Ok(())
    }

    /// Takes what `read` writes into memory.
    #[cold]
    fn slow(&mut self, read: impl FnOnce(&mut Memory<'_>) -> Parse<()>) -> Parse<()> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let result = read(&mut Memory::aside(self, &mut scratch)).and_then(|()| self.push(&scratch));
        self.scratch = scratch;
        result
    }

    /// Takes a bare text, if it is the inside of the next string in the expected text. Returns false and
    /// takes nothing otherwise.
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
            // Mostly a bracket.
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
        // Most of this JSON is a single string.
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
        // A reserved text gets no escape here, because nothing takes one off before comparing.
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
            // The run ends before all bytes that may not stand in a bare text, except those of a header only.
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

/// Returns how many bytes two texts begin with alike. Stops at a comma, at `close`, and at a byte that must
/// be escaped in a JSON string.
#[inline]
fn run(cursor: &Cursor<'_>, expected: &[u8], close: u8) -> usize {
    // Most lines have less than a chunk left, so a chunk may reach into the lines behind.
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

/// Returns true if `key`, with which `rest` begins, may stand bare.
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

/// Returns true if a bare text of this many bytes ends there.
#[inline]
fn ends(text: &[u8], length: usize, close: u8) -> bool {
    text.get(length)
        .is_none_or(|byte| *byte == b',' || *byte == close)
}

/// Returns true if a spelling escapes nothing in a text. The text is free of what must be escaped.
#[inline]
fn is_own_spelling(text: &[u8], spelling: Spelling) -> bool {
    spelling == Spelling::MINIMAL || spelling::is_unescaped(text, spelling)
}

/// Returns true if a string of some JSON is reserved.
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

/// Returns how many bytes of `expected` the whole of `text` decodes to. The header of `text` is read already
/// and ends at byte `at`; `reserved_length` compares reserved strings. None if the JSON differs, if only
/// decoding can tell, or if decoding would fail.
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
