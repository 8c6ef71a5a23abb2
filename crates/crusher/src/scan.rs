//! JSON text → tape: one flat list of nodes with byte spans, checked against RFC 8259.
//!
//! Nothing is decoded and nothing is copied: a node says where its token stands in the text. One tape serves for
//! many texts, so that a stream of records costs no allocation. The scan is iterative: depth costs heap, never stack.

use crate::error::{Error, Limit, Result};
use crate::tape::{Doc, ESCAPED, INTEGER, KEY, Kind, NON_ASCII, Node, SUSPECT};

/// Reusable memory of the scanner.
#[derive(Default, Debug)]
pub struct Tape {
    nodes: Vec<Node>,
    open: Vec<Open>,
}

impl Tape {
    /// Scans one JSON text, surrounded by whitespace or not.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidPayload` with line and column, or `LimitExceeded` for `max_depth` nested containers or
    /// 4 GiB of text.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{scan::Tape, tape::Kind};
    /// let mut tape = Tape::default();
    /// let doc = tape.scan(b"{\"a\": [1, 2.50]}", 64)?;
    /// let (key, value) = doc.members(0).next().ok_or("empty")?;
    /// assert_eq!(doc.inner(doc.node(key)), b"a");
    /// assert_eq!(doc.node(value).kind, Kind::Array);
    /// let last = doc.elements(value).last().ok_or("empty")?;
    /// assert_eq!(doc.raw(doc.node(last)), b"2.50");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scan<'a>(&'a mut self, text: &'a [u8], max_depth: usize) -> Result<Doc<'a>> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: u32::MAX as usize,
            });
        }
        if text.is_ascii() {
            return self.run::<true>(text, max_depth);
        }
        if let Err(error) = std::str::from_utf8(text) {
            return Err(Error::InvalidUtf8 {
                offset: error.valid_up_to(),
            });
        }
        self.run::<false>(text, max_depth)
    }

    /// As `scan`, for text that is known to be UTF-8 and under 4 GiB.
    pub(crate) fn scan_utf8<'a>(&'a mut self, text: &'a [u8], max_depth: usize) -> Result<Doc<'a>> {
        if text.is_ascii() {
            self.run::<true>(text, max_depth)
        } else {
            self.run::<false>(text, max_depth)
        }
    }

    fn run<'a, const ASCII: bool>(&'a mut self, text: &'a [u8], max_depth: usize) -> Result<Doc<'a>> {
        self.nodes.clear();
        self.open.clear();
        let mut scanner = Scanner::<ASCII> {
            text,
            has_suspects: false,
            what: None,
            nodes: &mut self.nodes,
            open: &mut self.open,
            max_depth,
        };
        let result = scanner.run();
        let (what, has_suspects) = (scanner.what, scanner.has_suspects);
        match (result, what) {
            (Ok(_), _) => Ok(Doc {
                text,
                has_suspects,
                nodes: &self.nodes,
            }),
            (Err(Stop(offset)), Some(what)) => Err(Error::at(what, text, offset)),
            (Err(_), None) => Err(Error::LimitExceeded {
                limit: Limit::Depth,
                maximum: max_depth,
            }),
        }
    }
}

/// Where the text stops making sense; what was expected there stands in the scanner, so that a result fits into two
/// registers.
struct Stop(usize);

/// The place behind what was read.
type Scan = std::result::Result<usize, Stop>;

/// `ASCII`: the text holds no byte above 0x7f, so that nobody need look for one.
struct Scanner<'a, 't, const ASCII: bool> {
    text: &'a [u8],
    has_suspects: bool,
    /// What is wrong where the scan stopped; none for too much depth.
    what: Option<&'static str>,
    nodes: &'t mut Vec<Node>,
    open: &'t mut Vec<Open>,
    max_depth: usize,
}

/// A container that isn't closed yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    index: u32,
    count: u32,
    close: u8,
}

/// What stands around the root: nothing closes it.
const OUTSIDE: Open = Open {
    index: u32::MAX,
    count: 0,
    close: 0,
};

impl<const ASCII: bool> Scanner<'_, '_, ASCII> {
    #[cold]
    fn stop(&mut self, what: &'static str, at: usize) -> Stop {
        self.what = Some(what);
        Stop(at)
    }

    fn run(&mut self) -> Scan {
        let mut top = OUTSIDE;
        let mut at = skip_space(self.text, 0);
        loop {
            // A value stands here.
            at = match self.byte(at) {
                Some(b'"') => self.string(at, 0)?,
                Some(b'-' | b'0'..=b'9') => self.number(at)?,
                Some(open @ (b'{' | b'[')) => {
                    if self.open.len() >= self.max_depth {
                        return Err(Stop(at));
                    }
                    self.open.push(top);
                    top = self.container(at, open);
                    at = skip_space(self.text, at + 1);
                    if self.byte(at) != Some(top.close) {
                        top.count = 1;
                        if open == b'{' {
                            at = self.key(at)?;
                        }
                        continue;
                    }
                    at
                }
                Some(b't') => self.literal(at, b"true", Kind::True)?,
                Some(b'f') => self.literal(at, b"false", Kind::False)?,
                Some(b'n') => self.literal(at, b"null", Kind::Null)?,
                Some(_) => return Err(self.stop("expected a value", at)),
                None => return Err(self.stop("the text ends inside a value", at)),
            };
            // A comma or the end of containers stands here.
            loop {
                at = skip_space(self.text, at);
                let byte = self.byte(at);
                if byte == Some(b',') && top.close != 0 {
                    at = skip_space(self.text, at + 1);
                    top.count += 1;
                    if top.close == b'}' {
                        at = self.key(at)?;
                    }
                    break;
                }
                if byte != Some(top.close) || top.close == 0 {
                    return match top.close {
                        b'}' => Err(self.stop("expected ',' or '}'", at)),
                        b']' => Err(self.stop("expected ',' or ']'", at)),
                        _ if at == self.text.len() => Ok(at),
                        _ => Err(self.stop("expected the end of the text", at)),
                    };
                }
                at += 1;
                self.close(top, at);
                top = self.open.pop().unwrap_or(OUTSIDE);
            }
        }
    }

    /// Reads a key and its colon; gives the place of the value.
    #[inline]
    fn key(&mut self, start: usize) -> Scan {
        if self.byte(start) != Some(b'"') {
            return Err(self.stop("expected a key", start));
        }
        let at = skip_space(self.text, self.string(start, KEY)?);
        if self.byte(at) != Some(b':') {
            return Err(self.stop("expected ':'", at));
        }
        Ok(skip_space(self.text, at + 1))
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn container(&mut self, at: usize, open: u8) -> Open {
        let (kind, close) = if open == b'{' {
            (Kind::Object, b'}')
        } else {
            (Kind::Array, b']')
        };
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            start: at as u32,
            end: 0,
            next: 0,
            count: 0,
            kind,
            flags: 0,
        });
        Open {
            index,
            count: 0,
            close,
        }
    }

    fn close(&mut self, container: Open, end: usize) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(container.index as usize) {
            node.end = end as u32;
            node.next = next;
            node.count = container.count;
        }
    }

    #[inline]
    fn leaf(&mut self, start: usize, end: usize, kind: Kind, flags: u8) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node {
            start: start as u32,
            end: end as u32,
            next,
            count: 0,
            kind,
            flags,
        });
    }

    fn literal(&mut self, start: usize, word: &'static [u8], kind: Kind) -> Scan {
        let end = start + word.len();
        if self.text.get(start..end) != Some(word) {
            return Err(self.stop("expected a value", start));
        }
        self.leaf(start, end, kind, 0);
        Ok(end)
    }

    /// Reads one digit or more.
    #[inline]
    fn digits(&mut self, start: usize) -> Scan {
        let mut at = start;
        while let Some(b'0'..=b'9') = self.byte(at) {
            at += 1;
        }
        if at == start {
            return Err(self.stop("expected a digit", at));
        }
        Ok(at)
    }

    #[inline]
    fn number(&mut self, start: usize) -> Scan {
        let first = start + usize::from(self.byte(start) == Some(b'-'));
        let mut at = if self.byte(first) == Some(b'0') {
            first + 1
        } else {
            self.digits(first)?
        };
        let mut flags = INTEGER;
        if let Some(b'.' | b'e' | b'E') = self.byte(at) {
            at = self.fraction(at)?;
            flags = 0;
        }
        self.leaf(start, at, Kind::Number, flags);
        Ok(at)
    }

    /// Reads a fraction, an exponent, or both.
    fn fraction(&mut self, start: usize) -> Scan {
        let mut at = start;
        if self.byte(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.byte(at) {
            at += 1;
            if let Some(b'+' | b'-') = self.byte(at) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        Ok(at)
    }

    #[inline]
    fn string(&mut self, start: usize, key: u8) -> Scan {
        let mut at = start + 1;
        let mut flags = match self.byte(at) {
            Some(b'<' | b'[' | b'\\') => SUSPECT | key,
            _ => key,
        };
        self.has_suspects |= flags == SUSPECT;
        loop {
            // Many bytes at a time: stop at a quote, a backslash or a control character; note bytes above 0x7f.
            while let Some(chunk) = self.text.get(at..).and_then(<[u8]>::first_chunk) {
                let special = specials(chunk);
                if !ASCII && high_before(chunk, special) {
                    flags |= NON_ASCII;
                }
                if special != 0 {
                    at += special.trailing_zeros() as usize / 8;
                    break;
                }
                at += CHUNK;
            }
            match self.byte(at) {
                Some(b'"') => {
                    self.leaf(start, at + 1, Kind::String, flags);
                    return Ok(at + 1);
                }
                Some(b'\\') => {
                    flags |= ESCAPED;
                    at = self.escape(at)?;
                }
                Some(0..=0x1f) => return Err(self.stop("a control character in a string", at)),
                Some(byte) => {
                    if byte >= 0x80 {
                        flags |= NON_ASCII;
                    }
                    at += 1;
                }
                None => return Err(self.stop("the text ends inside a string", at)),
            }
        }
    }

    /// Reads an escape.
    #[inline]
    fn escape(&mut self, at: usize) -> Scan {
        match self.byte(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let digits = self.text.get(at + 2..at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.stop("expected four hexadecimal digits", at));
                }
                Ok(at + 6)
            }
            Some(_) => Err(self.stop("an unknown escape", at)),
            None => Err(self.stop("the text ends inside a string", at + 1)),
        }
    }
}

/// The place of the first byte from `at` on that is no JSON whitespace.
#[inline]
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    loop {
        match text.get(at) {
            Some(b' ' | b'\r' | b'\t') => at += 1,
            Some(b'\n') => {
                at += 1;
                // Indentation, eight spaces at a time.
                while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk) {
                    let others = u64::from_le_bytes(*word) ^ (ONES * 0x20);
                    if others != 0 {
                        at += others.trailing_zeros() as usize / 8;
                        break;
                    }
                    at += 8;
                }
            }
            _ => return at,
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
/// Bytes of a string looked at in one step: most strings end in their first, so that there is little to mispredict.
const CHUNK: usize = 16;

/// Position of the first byte that JSON makes a string escape: a quote, a backslash or one below 0x20.
#[inline]
pub(crate) fn find_special(text: &[u8]) -> Option<usize> {
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    for (at, chunk) in chunks.iter().enumerate() {
        let special = specials(chunk);
        if special != 0 {
            return Some(at * CHUNK + special.trailing_zeros() as usize / 8);
        }
    }
    let found = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    found.map(|at| chunks.len() * CHUNK + at)
}

/// Length of the string token that `text` begins with, quotes included; none if it doesn't end.
#[inline]
pub(crate) fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        at += find_special(rest)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The high bit of each byte that is a quote, a backslash or below 0x20. A borrow can set bits above the lowest one that
/// is right, so only the lowest is to be used (Mycroft's test, see Warren, "Hacker's Delight", 6-1).
#[inline]
fn specials(chunk: &[u8; CHUNK]) -> u128 {
    let half = |word: u64| {
        let zero = |x: u64| x.wrapping_sub(ONES) & !x;
        let quote = zero(word ^ (ONES * 0x22));
        let backslash = zero(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        u128::from((quote | backslash | control) & (ONES * 0x80))
    };
    let both = u128::from_le_bytes(*chunk);
    half(both as u64) | half((both >> 64) as u64) << 64
}

/// True where a byte before the first special one is above 0x7f.
#[inline]
fn high_before(chunk: &[u8; CHUNK], special: u128) -> bool {
    const HIGH: u128 = u128::from_le_bytes([0x80; CHUNK]);
    u128::from_le_bytes(*chunk) & HIGH & (special ^ special.wrapping_sub(1)) != 0
}
