//! Replaces every reserved string of a compacted JSON text by what it stands for.
//!
//! A string is entered only through its header. Keys are never entered.

use crate::error::{Error, Result};
use crate::json::bytes::{skip_space, string_length};
use crate::json::output::Output;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::json::tape::{Doc, KEY, Kind, SUSPECT};
use crate::notation::frame::Frame;
use crate::notation::header::Header;
use crate::notation::marker::{LITERAL, Marker};
use crate::notation::reserved::{find_suspect, is_reserved, is_reserved_raw};
use crate::notation::sentinel::{has_sentinel_key, leave_closed, sentinel_of};
use crate::restore::restorer::MAX_DEPTH;
use crate::restore::restorer::Restorer;

/// The most headers inside one another; the crusher writes far fewer.
const MAX_HEADERS: usize = 64;

impl Restorer<'_> {
    /// Appends a scanned JSON text with every reserved string replaced.
    pub fn document(&mut self, doc: &Doc<'_>, out: &mut impl Output) -> Result<()> {
        if !doc.has_suspects {
            out.push(doc.text);
            return Ok(());
        }
        let mut copied = 0;
        // Open arrays, each with the length of `out` before it: a sentinel replaces its array.
        let mut arrays: Vec<(u32, usize)> = Vec::new();
        for at in 0..doc.len() {
            let node = doc.node(at);
            if node.kind == Kind::Array {
                leave_closed(doc, at, &mut arrays);
                out.push(between(doc, copied, node.start));
                copied = node.start;
                arrays.push((at, out.position()));
            }
            let candidate = node.kind == Kind::String && node.flags & (SUSPECT | KEY) == SUSPECT;
            if !candidate || !is_reserved_raw(doc.inner(node)) {
                continue;
            }
            leave_closed(doc, at, &mut arrays);
            if let Some((array, start, hash)) = sentinel_of(doc, at, arrays.last()) {
                out.rewind(start);
                self.original(hash, None, out)?;
                copied = doc.node(array).end;
            } else {
                out.push(between(doc, copied, node.start));
                self.string(doc.inner(node), out)?;
                copied = node.end;
            }
        }
        out.push(doc.text.get(copied as usize..).unwrap_or_default());
        Ok(())
    }

    /// As `document`, for JSON text that crush just wrote. It needs no scan, unless a string in it may be a
    /// sentinel.
    pub fn trusted_json(&mut self, tape: &mut Tape, text: &[u8], out: &mut impl Output) -> Result<()> {
        let (start, left_bytes) = (out.position(), self.left_bytes);
        let (mut copied, mut from) = (0, 0);
        while let Some(at) = find_suspect(text, from) {
            let rest = text.get(at..).unwrap_or_default();
            from = at + string_length(rest).unwrap_or(rest.len());
            let raw = text.get(at + 1..from - 1).unwrap_or_default();
            let is_key = text.get(skip_space(text, from)) == Some(&b':');
            // Nearly all reserved strings are recognised without being decoded first.
            if is_key || !(is_reserved(raw) || is_reserved_raw(raw)) {
                continue;
            }
            if has_sentinel_key(text.get(..at).unwrap_or_default()) {
                out.rewind(start);
                self.left_bytes = left_bytes;
                return self.document(&tape.scan_utf8(text, MAX_DEPTH)?, out);
            }
            out.push(text.get(copied..at).unwrap_or_default());
            self.string(raw, out)?;
            copied = from;
        }
        out.push(text.get(copied..).unwrap_or_default());
        Ok(())
    }

    /// Appends a JSON text with every reserved string replaced.
    pub fn json(&mut self, text: &[u8], out: &mut impl Output) -> Result<()> {
        let mut tape = self.tapes.pop().unwrap_or_default();
        let result = if self.trusted {
            self.trusted_json(&mut tape, text, out)
        } else {
            tape.scan(text, MAX_DEPTH)
                .and_then(|doc| self.document(&doc, out))
        };
        self.tapes.push(tape);
        result
    }

    /// Appends what a reserved string stands for. `raw` is that string without its quotes.
    pub fn string(&mut self, raw: &[u8], out: &mut impl Output) -> Result<()> {
        if let Some(rest) = raw.strip_prefix(LITERAL) {
            out.push(b"\"");
            out.push(rest);
            out.push(b"\"");
            return Ok(());
        }
        let mut text = Vec::with_capacity(raw.len());
        if !spelling::decode(raw, &mut text) || text.starts_with(LITERAL) {
            return Err(Error::Format {
                what: "a reserved string with a lone surrogate, or an escape that isn't spelled <<ccr:lit>>",
                offset: 0,
            });
        }
        if let Some((header, _)) = Header::read(&text, false)?
            && !header.is_json()
            && header.frame == Frame::VALUE
        {
            return Err(Error::Format {
                what: "what isn't one JSON text (flag j, q, w or t) without a frame in a record",
                offset: 0,
            });
        }
        self.reserved(&text, false, out)
    }

    /// Appends what a decoded reserved string stands for or, with `by_itself`, a reserved text by itself.
    pub fn reserved(&mut self, text: &[u8], by_itself: bool, out: &mut impl Output) -> Result<()> {
        if let Some((marker, length)) = Marker::read(text)? {
            let whole = length == text.len();
            return match marker {
                Marker::Blob { hash, frame } => self.original(hash, Some(frame), out),
                Marker::Rows { hash, frame } if whole => self.original(hash, Some(frame), out),
                Marker::Raw { hash } if whole => self.original(hash, None, out),
                _ => Err(Error::Format {
                    what: "text behind a marker",
                    offset: length,
                }),
            };
        }
        let Some((header, length)) = Header::read(text, by_itself)? else {
            return Err(Error::Format {
                what: "an unknown marker",
                offset: 0,
            });
        };
        if self.headers >= MAX_HEADERS {
            return Err(Error::Format {
                what: "too many headers inside one another",
                offset: 0,
            });
        }
        self.headers += 1;
        let result = self.behind_header(text, &header, length, out);
        self.headers -= 1;
        result
    }
}

/// Returns the text between two bytes.
fn between<'a>(doc: &Doc<'a>, from: u32, to: u32) -> &'a [u8] {
    doc.text.get(from as usize..to as usize).unwrap_or_default()
}
