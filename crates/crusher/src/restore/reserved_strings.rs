//! The walk over a compacted JSON text that replaces every string of ours by what it stands for.
//!
//! It enters a string only through its head, never enters keys, and needs neither trace format nor options.

use crate::error::{Error, Limit, Result};
use crate::json::bytes::{skip_space, string_length};
use crate::json::layout::Layout;
use crate::json::output::Output;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::json::tape::{Doc, KEY, Kind, SUSPECT};
use crate::lookup::Lookup;
use crate::notation::frame::Frame;
use crate::notation::header::Head;
use crate::notation::marker::{LITERAL, Marker};
use crate::notation::read::decode::decode;
use crate::notation::reserved::{find_suspect, is_reserved, is_reserved_raw};
use crate::notation::sentinel::{is_sentinel, leave_closed, sentinel_of};
use crate::options::MAX_RECORD_BYTES;

/// Nesting that restoring accepts: a record at the crusher's limit, and the tables and documents inside it.
pub(crate) const MAX_DEPTH: usize = 4096;
/// Heads inside heads; the crusher writes far fewer.
const MAX_HEADS: usize = 64;
/// What restoring one record may write in all, in records of the largest size: a document in a string in a string is
/// written once at each level.
const BUDGET_RECORDS: usize = 4;
/// Text is framed in steps of so many bytes, each at most six times as long when it is spelled out.
const FRAMED_BYTES: usize = 64 << 10;

/// What happens at a marker.
pub(crate) enum Sink<'a> {
    Restore(&'a dyn Lookup),
    List(&'a mut Vec<String>),
}

pub(crate) struct Walker<'a> {
    sink: Sink<'a>,
    /// Tapes that aren't in use, one for each level of heads.
    pub tapes: &'a mut Vec<Tape>,
    heads: usize,
    /// The text was just written here, and what is made of it will be compared: it need not be checked on the way.
    trusted: bool,
    /// Bytes that may still be made of short text: rows of tables, and originals, which a hostile record names many times.
    left_bytes: usize,
    /// A step of a framed text.
    spelled: Vec<u8>,
}

impl<'a> Walker<'a> {
    pub fn new(sink: Sink<'a>, tapes: &'a mut Vec<Tape>, trusted: bool) -> Self {
        Self {
            sink,
            tapes,
            heads: 0,
            trusted,
            left_bytes: BUDGET_RECORDS * MAX_RECORD_BYTES,
            spelled: Vec::new(),
        }
    }

    /// Takes bytes off what may still be made of short text.
    pub fn spend(&mut self, bytes: usize) -> Result<()> {
        self.left_bytes = self.left_bytes.checked_sub(bytes).ok_or(Error::LimitExceeded {
            limit: Limit::RecordBytes,
            maximum: MAX_RECORD_BYTES,
        })?;
        Ok(())
    }

    /// Appends the original of a hash; when listing, `null`, so that what is built stays JSON.
    pub fn original(&mut self, hash: &str, frame: Option<Frame>, out: &mut impl Output) -> Result<()> {
        match &mut self.sink {
            Sink::Restore(originals) => {
                let bytes = originals.get(hash).ok_or_else(|| Error::Missing {
                    hash: hash.to_owned(),
                })?;
                self.framed(bytes, frame.unwrap_or_default(), out)?;
            }
            Sink::List(found) => {
                found.push(hash.to_owned());
                out.push(b"null");
            }
        }
        Ok(())
    }

    /// Copies a scanned JSON text with every string of ours replaced.
    fn document(&mut self, doc: &Doc<'_>, out: &mut impl Output) -> Result<()> {
        if !doc.has_suspects {
            out.push(doc.text);
            return Ok(());
        }
        let mut copied = 0;
        // Open arrays with the length of `out` before them, should a sentinel replace the array.
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

    /// As `document`, for JSON text that was just written here: it needs no scan, unless rows were dropped from an array
    /// that stands in it as JSON.
    fn written(&mut self, tape: &mut Tape, text: &[u8], out: &mut impl Output) -> Result<()> {
        let (start, left_bytes) = (out.position(), self.left_bytes);
        let (mut copied, mut from) = (0, 0);
        while let Some(at) = find_suspect(text, from) {
            let rest = text.get(at..).unwrap_or_default();
            from = at + string_length(rest).unwrap_or(rest.len());
            let raw = text.get(at + 1..from - 1).unwrap_or_default();
            let is_key = text.get(skip_space(text, from)) == Some(&b':');
            // Nearly all of them read as ours without being decoded first.
            if is_key || !(is_reserved(raw) || is_reserved_raw(raw)) {
                continue;
            }
            if is_sentinel(text.get(..at).unwrap_or_default()) {
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

    /// Copies a JSON text with every string of ours replaced.
    pub fn json(&mut self, text: &[u8], out: &mut impl Output) -> Result<()> {
        let mut tape = self.tapes.pop().unwrap_or_default();
        let result = if self.trusted {
            self.written(&mut tape, text, out)
        } else {
            tape.scan(text, MAX_DEPTH)
                .and_then(|doc| self.document(&doc, out))
        };
        self.tapes.push(tape);
        result
    }

    /// Appends what stood in the place of a reserved string, its inside given, quotes included.
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
                what: "a marker that isn't spelled as it is written",
                offset: 0,
            });
        }
        if let Some((
            Head {
                lines: true,
                frame: Frame::Value,
                ..
            },
            _,
        )) = Head::read(&text, false)?
        {
            return Err(Error::Format {
                what: "lines in the place of a JSON value",
                offset: 0,
            });
        }
        self.ours(&text, false, out)
    }

    /// Appends what stood in the place of a decoded string of ours, or of a `bare` text.
    pub fn ours(&mut self, text: &[u8], bare: bool, out: &mut impl Output) -> Result<()> {
        if let Some((marker, length)) = Marker::read(text)? {
            let whole = length == text.len();
            return match marker {
                Marker::Blob { hash, spelling } => self.original(
                    hash,
                    Some(Frame::String {
                        newline: false,
                        spelling,
                    }),
                    out,
                ),
                Marker::Rows { hash, frame } if whole => self.original(hash, Some(frame), out),
                Marker::Raw { hash } if whole => self.original(hash, None, out),
                _ => Err(Error::Format {
                    what: "text behind a marker",
                    offset: length,
                }),
            };
        }
        let Some((head, length)) = Head::read(text, bare)? else {
            return Err(Error::Format {
                what: "an unknown marker",
                offset: 0,
            });
        };
        if self.heads >= MAX_HEADS {
            return Err(Error::Format {
                what: "too many heads inside one another",
                offset: 0,
            });
        }
        self.heads += 1;
        let result = self.headed(text, &head, length, out);
        self.heads -= 1;
        result
    }

    fn headed(&mut self, text: &[u8], head: &Head, at: usize, out: &mut impl Output) -> Result<()> {
        if self.trusted {
            let left_bytes = self.left_bytes;
            let expected = out.expected();
            if let Some(length) = expected.and_then(|expected| self.compared(text, head, at, expected)) {
                out.advance(length);
                return Ok(());
            }
            self.left_bytes = left_bytes;
        }
        let mut decoded = Vec::with_capacity(text.len() * 2);
        let found = decode(text, head, at, self.left_bytes, &mut decoded)?;
        self.spend(decoded.len())?;
        if let Some(tail) = found.tail {
            return match Marker::read(tail)? {
                Some((
                    Marker::Rows {
                        hash,
                        frame: Frame::Value,
                    },
                    length,
                )) if length == tail.len() => self.original(hash, Some(head.frame), out),
                Some((Marker::Raw { hash }, length)) if length == tail.len() => {
                    self.original(hash, None, out)
                }
                _ => Err(Error::Format {
                    what: "an unknown marker behind a table",
                    offset: text.len() - tail.len(),
                }),
            };
        }
        // What was made here is valid JSON without a string of ours.
        let needs_no_scan = !found.copied || (self.trusted && find_suspect(&decoded, 0).is_none());
        let is_laid_out = matches!(head.layout, Layout::Compact | Layout::Spaced);
        if needs_no_scan && is_laid_out && !head.lines {
            return self.framed(&decoded, head.frame, out);
        }
        let mut tape = self.tapes.pop().unwrap_or_default();
        let result = self.content(&mut tape, &decoded, head, out);
        self.tapes.push(tape);
        result.map_err(|error| match error {
            Error::InvalidPayload { .. } | Error::InvalidUtf8 { .. } => Error::Format {
                what: "a table or document that holds no JSON",
                offset: at,
            },
            other => other,
        })
    }

    /// Appends a head's content, restored, in its layout and frame.
    fn content(&mut self, tape: &mut Tape, content: &[u8], head: &Head, out: &mut impl Output) -> Result<()> {
        let mut restored = Vec::new();
        if self.trusted {
            if find_suspect(content, 0).is_some() {
                restored.reserve(content.len() * 2);
                self.written(tape, content, &mut restored)?;
            }
        } else {
            let doc = tape.scan(content, MAX_DEPTH)?;
            if doc.has_suspects {
                restored.reserve(content.len() * 2);
                self.document(&doc, &mut restored)?;
            }
        }
        let result = if restored.is_empty() { content } else { &restored };
        if head.lines {
            return self.lines(tape, result, head, out);
        }
        // What was put in may be laid out in another way than what was decoded.
        let is_laid_out =
            head.layout == Layout::Compact || (head.layout == Layout::Spaced && restored.is_empty());
        if is_laid_out {
            return self.framed(result, head.frame, out);
        }
        if !self.trusted {
            // Originals inside may be any bytes, and only JSON can be laid out.
            tape.scan(result, MAX_DEPTH)?;
        }
        if head.frame == Frame::Value {
            let before = out.position();
            // Where it isn't enough, what was printed is more than is left.
            let _enough = head.layout.spread(result, self.left_bytes, out);
            return self.spend(out.position() - before);
        }
        let mut printed = Vec::with_capacity(result.len() * 2);
        let _enough = head.layout.spread(result, self.left_bytes, &mut printed);
        self.spend(printed.len())?;
        self.framed(&printed, head.frame, out)
    }

    /// Appends the elements of an array, one a line.
    fn lines(&mut self, tape: &mut Tape, array: &[u8], head: &Head, out: &mut impl Output) -> Result<()> {
        let doc = tape.scan(array, MAX_DEPTH)?;
        if doc.node(0).kind != Kind::Array {
            return Err(Error::Format {
                what: "lines of something else than an array",
                offset: 0,
            });
        }
        let mut printed = Vec::with_capacity(array.len() * 2);
        for (number, element) in doc.elements(0).enumerate() {
            if number > 0 {
                printed.push(b'\n');
            }
            // Where it isn't enough, what was printed is more than is left.
            let _enough = head
                .layout
                .spread(doc.raw(doc.node(element)), self.left_bytes, &mut printed);
            if printed.len() > self.left_bytes {
                break;
            }
        }
        self.spend(printed.len())?;
        self.framed(&printed, head.frame, out)
    }

    /// Appends content as what it stood in.
    fn framed(&mut self, content: &[u8], frame: Frame, out: &mut impl Output) -> Result<()> {
        let Frame::String { newline, spelling } = frame else {
            self.spend(content.len())?;
            out.push(content);
            return Ok(());
        };
        out.push(b"\"");
        let mut rest = content;
        while !rest.is_empty() {
            let mut length = rest.len().min(FRAMED_BYTES);
            // A character's further bytes are 10xxxxxx.
            while rest.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
                length += 1;
            }
            let (step, behind) = rest.split_at(length);
            self.spelled.clear();
            spelling::encode(step, spelling, &mut self.spelled);
            self.spend(self.spelled.len())?;
            out.push(&self.spelled);
            rest = behind;
        }
        out.push(if newline { b"\\n\"" } else { b"\"" });
        Ok(())
    }
}

fn between<'a>(doc: &Doc<'a>, from: u32, to: u32) -> &'a [u8] {
    doc.text.get(from as usize..to as usize).unwrap_or_default()
}
