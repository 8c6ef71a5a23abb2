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
        if let Err(error) = std::str::from_utf8(text) {
            return Err(Error::InvalidUtf8 {
                offset: error.valid_up_to(),
            });
        }
        self.scan_utf8(text, max_depth)
    }

    /// As `scan`, for text that is known to be UTF-8 and under 4 GiB.
    pub(crate) fn scan_utf8<'a>(&'a mut self, text: &'a [u8], max_depth: usize) -> Result<Doc<'a>> {
        self.nodes.clear();
        self.open.clear();
        let (nodes, open) = (&mut self.nodes, &mut self.open);
        let mut scanner = Scanner {
            text,
            at: 0,
            has_suspects: false,
            nodes,
            open,
            max_depth,
        };
        let result = scanner.run();
        let has_suspects = scanner.has_suspects;
        match result {
            Ok(()) => Ok(Doc {
                text,
                has_suspects,
                nodes: &self.nodes,
            }),
            Err(Stop::Syntax(what, offset)) => Err(Error::at(what, text, offset)),
            Err(Stop::Depth) => Err(Error::LimitExceeded {
                limit: Limit::Depth,
                maximum: max_depth,
            }),
        }
    }
}

enum Stop {
    Syntax(&'static str, usize),
    Depth,
}

struct Scanner<'a, 't> {
    text: &'a [u8],
    at: usize,
    has_suspects: bool,
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

impl Scanner<'_, '_> {
    fn run(&mut self) -> std::result::Result<(), Stop> {
        self.skip_space();
        if let Some(root) = self.value(0)? {
            self.members(root)?;
        }
        self.skip_space();
        if self.at < self.text.len() {
            return Err(Stop::Syntax("expected the end of the text", self.at));
        }
        Ok(())
    }

    /// Reads what a container holds, up to its end.
    fn members(&mut self, root: Open) -> std::result::Result<(), Stop> {
        let mut top = root;
        loop {
            self.skip_space();
            let byte = self.peek();
            if byte == Some(top.close) {
                self.at += 1;
                self.close(top);
                match self.open.pop() {
                    Some(outer) => top = outer,
                    None => return Ok(()),
                }
                continue;
            }
            let is_object = top.close == b'}';
            if top.count > 0 {
                if byte != Some(b',') {
                    let what = if is_object {
                        "expected ',' or '}'"
                    } else {
                        "expected ',' or ']'"
                    };
                    return Err(Stop::Syntax(what, self.at));
                }
                self.at += 1;
                self.skip_space();
            }
            top.count += 1;
            if is_object {
                if self.peek() != Some(b'"') {
                    return Err(Stop::Syntax("expected a key", self.at));
                }
                self.string(KEY)?;
                self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(Stop::Syntax("expected ':'", self.at));
                }
                self.at += 1;
                self.skip_space();
            }
            if let Some(inner) = self.value(self.open.len() + 1)? {
                self.open.push(top);
                top = inner;
            }
        }
    }

    fn close(&mut self, container: Open) {
        let (end, next) = (self.at as u32, self.nodes.len() as u32);
        if let Some(node) = self.nodes.get_mut(container.index as usize) {
            node.end = end;
            node.next = next;
            node.count = container.count;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Reads a scalar, or the start of a container inside `depth` others.
    #[inline]
    fn value(&mut self, depth: usize) -> std::result::Result<Option<Open>, Stop> {
        match self.peek() {
            Some(b'"') => self.string(0)?,
            Some(b'{') => return self.container(Kind::Object, b'}', depth).map(Some),
            Some(b'[') => return self.container(Kind::Array, b']', depth).map(Some),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.literal(b"true", Kind::True)?,
            Some(b'f') => self.literal(b"false", Kind::False)?,
            Some(b'n') => self.literal(b"null", Kind::Null)?,
            Some(_) => return Err(Stop::Syntax("expected a value", self.at)),
            None => return Err(Stop::Syntax("the text ends inside a value", self.at)),
        }
        Ok(None)
    }

    #[inline]
    fn container(&mut self, kind: Kind, close: u8, depth: usize) -> std::result::Result<Open, Stop> {
        if depth >= self.max_depth {
            return Err(Stop::Depth);
        }
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            start: self.at as u32,
            end: 0,
            next: 0,
            count: 0,
            kind,
            flags: 0,
        });
        self.at += 1;
        Ok(Open {
            index,
            count: 0,
            close,
        })
    }

    #[inline]
    fn leaf(&mut self, start: usize, kind: Kind, flags: u8) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node {
            start: start as u32,
            end: self.at as u32,
            next,
            count: 0,
            kind,
            flags,
        });
    }

    fn literal(&mut self, word: &'static [u8], kind: Kind) -> std::result::Result<(), Stop> {
        let start = self.at;
        if !self.text.get(start..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Stop::Syntax("expected a value", start));
        }
        self.at += word.len();
        self.leaf(start, kind, 0);
        Ok(())
    }

    fn digits(&mut self) -> std::result::Result<(), Stop> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(Stop::Syntax("expected a digit", self.at));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> std::result::Result<(), Stop> {
        let start = self.at;
        let mut flags = INTEGER;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            flags = 0;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
            flags = 0;
        }
        self.leaf(start, Kind::Number, flags);
        Ok(())
    }

    #[inline]
    fn string(&mut self, key: u8) -> std::result::Result<(), Stop> {
        let start = self.at;
        self.at += 1;
        let mut flags = match self.peek() {
            Some(b'<' | b'[' | b'\\') => SUSPECT | key,
            _ => key,
        };
        self.has_suspects |= flags == SUSPECT;
        loop {
            // Eight bytes at a time: stop at a quote, a backslash or a control character; note bytes above 0x7f.
            while let Some(word) = self.text.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
                let word = u64::from_le_bytes(*word);
                let special = stops(word);
                if special == 0 {
                    if word & HIGH != 0 {
                        flags |= NON_ASCII;
                    }
                    self.at += 8;
                } else {
                    let bytes = special.trailing_zeros() / 8;
                    if word & HIGH & (special ^ (special - 1)) != 0 {
                        flags |= NON_ASCII;
                    }
                    self.at += bytes as usize;
                    break;
                }
            }
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    self.leaf(start, Kind::String, flags);
                    return Ok(());
                }
                Some(b'\\') => {
                    flags |= ESCAPED;
                    self.escape()?;
                }
                Some(0..=0x1f) => return Err(Stop::Syntax("a control character in a string", self.at)),
                Some(byte) => {
                    if byte >= 0x80 {
                        flags |= NON_ASCII;
                    }
                    self.at += 1;
                }
                None => return Err(Stop::Syntax("the text ends inside a string", self.at)),
            }
        }
    }

    fn escape(&mut self) -> std::result::Result<(), Stop> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.text.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Stop::Syntax("expected four hexadecimal digits", self.at));
                }
                self.at += 6;
            }
            Some(_) => return Err(Stop::Syntax("an unknown escape", self.at)),
            None => return Err(Stop::Syntax("the text ends inside a string", self.at + 1)),
        }
        Ok(())
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Position of the first byte that JSON makes a string escape: a quote, a backslash or one below 0x20.
#[inline]
pub(crate) fn find_special(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let special = stops(u64::from_le_bytes(*word));
        if special != 0 {
            return Some(at * 8 + special.trailing_zeros() as usize / 8);
        }
    }
    let found = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    found.map(|at| words.len() * 8 + at)
}

/// The high bit of each byte that is a quote, a backslash or below 0x20. A borrow can set bits above the lowest one
/// that is right, so only the lowest is to be used (Mycroft's test, see Warren, "Hacker's Delight", 6-1).
#[inline]
fn stops(word: u64) -> u64 {
    let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let quote = zero(word ^ (ONES * 0x22));
    let backslash = zero(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    quote | backslash | control
}
