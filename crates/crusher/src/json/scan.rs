//! Scans JSON text into a tape, one flat list of nodes with byte spans, and checks it against RFC 8259.
//!
//! Nothing is decoded or copied: a node says where its token stands in the text. One tape serves for many
//! texts, so that a stream of records costs no allocation. The scan is iterative: depth costs heap, never
//! stack.

use crate::error::{Error, Limit, Result};
use crate::json::bytes::{CHUNK, high, skip_space, specials};
use crate::json::scan_state::{OUTSIDE, OpenContainer, Scan, Scanner, Stop};
use crate::json::spacing::layout_of;
use crate::json::tape::{Doc, ESCAPED, INTEGER, KEY, Kind, NON_ASCII, Node, SUSPECT};

/// The memory of the scanner, which many scans share.
#[derive(Default, Debug)]
pub struct Tape {
    nodes: Vec<Node>,
    open: Vec<OpenContainer>,
}

impl Tape {
    /// Scans one JSON text, which may have whitespace around it. Returns its nodes; the root is node 0.
    ///
    /// # Errors
    /// `InvalidUtf8`, `InvalidPayload` with line and column, or `LimitExceeded` for more than `max_depth`
    /// containers inside one another and for text of 4 GiB or more.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::json::{scan::Tape, tape::Kind};
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

    /// As `scan`, for text that is known to be UTF-8 and shorter than 4 GiB.
    pub(crate) fn scan_utf8<'a>(&'a mut self, text: &'a [u8], max_depth: usize) -> Result<Doc<'a>> {
        let mut scanner = self.scanner(text, max_depth);
        let result = scanner.run();
        let (what, has_suspects) = (scanner.what, scanner.has_suspects);
        let (found, width) = (scanner.spacing, scanner.width);
        match (result, what) {
            (Ok(_), _) => Ok(Doc {
                text,
                has_suspects,
                layout: layout_of(found, width),
                nodes: &self.nodes,
            }),
            (Err(Stop(offset)), Some(what)) => Err(Error::at(what, text, offset)),
            (Err(_), None) => Err(Error::LimitExceeded {
                limit: Limit::Depth,
                maximum: max_depth,
            }),
        }
    }

    /// Returns where the value ends that a text begins with. Anything may follow it. If there is no value,
    /// returns how far the text was read.
    pub(crate) fn first_end(&mut self, text: &[u8], max_depth: usize) -> std::result::Result<usize, usize> {
        let mut scanner = self.scanner(text, max_depth);
        scanner.first_only = true;
        scanner.run().map_err(|Stop(offset)| offset)
    }

    fn scanner<'a, 't>(&'t mut self, text: &'a [u8], max_depth: usize) -> Scanner<'a, 't> {
        self.nodes.clear();
        self.open.clear();
        Scanner {
            text,
            first_only: false,
            has_suspects: false,
            spacing: 0,
            width: 0,
            what: None,
            nodes: &mut self.nodes,
            open: &mut self.open,
            max_depth,
        }
    }
}

impl Scanner<'_, '_> {
    /// Reads the whole text.
    fn run(&mut self) -> Scan {
        let mut top = OUTSIDE;
        let mut at = skip_space(self.text, 0);
        loop {
            // A value begins here.
            at = match self.byte(at) {
                Some(b'"') => self.string(at, 0)?,
                Some(b'-' | b'0'..=b'9') => self.number(at)?,
                Some(open @ (b'{' | b'[')) => {
                    if self.open.len() >= self.max_depth {
                        return Err(Stop(at));
                    }
                    self.open.push(top);
                    top = self.container(at, open);
                    at = self.opened(at + 1);
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
            // A comma follows, or the end of one or more containers.
            loop {
                if top.close == 0 {
                    if self.first_only {
                        return Ok(at);
                    }
                    at = skip_space(self.text, at);
                    if at == self.text.len() {
                        return Ok(at);
                    }
                    return Err(self.stop("expected the end of the text", at));
                }
                at = self.before_close(at);
                let byte = self.byte(at);
                if byte == Some(b',') {
                    at = self.behind_comma(at + 1);
                    top.count += 1;
                    if top.close == b'}' {
                        at = self.key(at)?;
                    }
                    break;
                }
                if byte != Some(top.close) {
                    return Err(match top.close {
                        b'}' => self.stop("expected ',' or '}'", at),
                        _ => self.stop("expected ',' or ']'", at),
                    });
                }
                at += 1;
                self.close(top, at);
                top = self.open.pop().unwrap_or(OUTSIDE);
            }
        }
    }

    /// Reads a key and its colon; returns the position of the value.
    #[inline]
    fn key(&mut self, start: usize) -> Scan {
        if self.byte(start) != Some(b'"') {
            return Err(self.stop("expected a key", start));
        }
        let end = self.string(start, KEY)?;
        let at = self.space(end);
        if self.byte(at) != Some(b':') {
            return Err(self.stop("expected ':'", at));
        }
        Ok(self.behind_colon(at + 1))
    }

    /// Adds the node of a container that opens at `at`.
    fn container(&mut self, at: usize, open: u8) -> OpenContainer {
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
        OpenContainer {
            index,
            count: 0,
            close,
        }
    }

    /// Completes the node of a container that ends before `end`.
    fn close(&mut self, container: OpenContainer, end: usize) {
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(container.index as usize) {
            node.end = end as u32;
            node.next = next;
            node.count = container.count;
        }
    }

    /// Adds the node of a token without children.
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

    /// Reads `true`, `false` or `null`.
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

    /// Reads a number.
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

    /// Reads a string; `key` is the flag `KEY` or 0.
    #[inline]
    fn string(&mut self, start: usize, key: u8) -> Scan {
        let mut at = start + 1;
        let mut flags = match self.byte(at) {
            Some(b'<' | b'[' | b'\\') => SUSPECT | key,
            _ => key,
        };
        self.has_suspects |= flags == SUSPECT;
        loop {
            // Takes a chunk at a time. Stops at a quote, a backslash or a control character, and notes bytes
            // above 0x7f before it.
            while let Some(chunk) = self.text.get(at..).and_then(<[u8]>::first_chunk) {
                let special = specials(chunk);
                if high(chunk) & (special ^ special.wrapping_sub(1)) != 0 {
                    flags |= NON_ASCII;
                }
                if special != 0 {
                    at += special.trailing_zeros() as usize;
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

    /// Reads the escape that begins with the backslash at `at`.
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
