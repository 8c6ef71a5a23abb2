//! Restores the text behind a header: decodes or compares it, lays it out and frames it.

use crate::error::{Error, Result};
use crate::json::layout::Layout;
use crate::json::output::Output;
use crate::json::scan::Tape;
use crate::json::tape::Kind;
use crate::json::words::unquote;
use crate::notation::frame::Frame;
use crate::notation::header::{Behind, Header};
use crate::notation::marker::Marker;
use crate::notation::read::decode::decode;
use crate::notation::reserved::find_suspect;
use crate::notation::separator::Separator;
use crate::restore::restorer::MAX_DEPTH;
use crate::restore::restorer::Restorer;

impl Restorer<'_> {
    /// Appends what a text stands for. Its header is read already, and ends at byte `at`.
    pub fn behind_header(
        &mut self,
        text: &[u8],
        header: &Header,
        at: usize,
        out: &mut impl Output,
    ) -> Result<()> {
        let behind = text.get(at..).unwrap_or_default();
        match header.behind {
            Behind::Value => {}
            Behind::Embedded => return self.verbatim(behind, header.frame, out),
            Behind::Mixed => return self.mixed(behind, header.frame, out),
        }
        if self.trusted {
            let left_bytes = self.left_bytes;
            let expected = out.expected();
            if let Some(length) = expected.and_then(|expected| self.compared(text, header, at, expected)) {
                out.advance(length);
                return Ok(());
            }
            self.left_bytes = left_bytes;
        }
        let mut decoded = Vec::with_capacity(text.len() * 2);
        let found = decode(text, header, at, self.left_bytes, &mut decoded)?;
        self.spend(decoded.len())?;
        if let Some(tail) = found.tail {
            return match Marker::read(tail)? {
                Some((
                    Marker::Rows {
                        hash,
                        frame: Frame::VALUE,
                    },
                    length,
                )) if length == tail.len() => self.original(hash, Some(header.frame), out),
                Some((Marker::Raw { hash }, length)) if length == tail.len() => {
                    self.original(hash, None, out)
                }
                _ => Err(Error::Format {
                    what: "an unknown marker behind a table",
                    offset: text.len() - tail.len(),
                }),
            };
        }
        // JSON that the decoder made is valid, and no string in it is reserved.
        let needs_no_scan = !found.copied || (self.trusted && find_suspect(&decoded, 0).is_none());
        let is_laid_out = matches!(header.layout, Layout::Compact | Layout::Spaced);
        if needs_no_scan && is_laid_out && header.lines.is_none() && !header.words {
            return self.framed(&decoded, header.frame, out);
        }
        let mut tape = self.tapes.pop().unwrap_or_default();
        let result = self.content(&mut tape, &decoded, header, out);
        self.tapes.push(tape);
        result.map_err(|error| match error {
            Error::InvalidPayload { .. } | Error::InvalidUtf8 { .. } => Error::Format {
                what: "a table or document that holds no JSON",
                offset: at,
            },
            other => other,
        })
    }

    /// Restores the strings of decoded content, and appends it in the layout and frame of its header.
    pub fn content(
        &mut self,
        tape: &mut Tape,
        content: &[u8],
        header: &Header,
        out: &mut impl Output,
    ) -> Result<()> {
        let mut restored = Vec::new();
        if self.trusted {
            if find_suspect(content, 0).is_some() {
                restored.reserve(content.len() * 2);
                self.trusted_json(tape, content, &mut restored)?;
            }
        } else {
            let doc = tape.scan(content, MAX_DEPTH)?;
            if doc.has_suspects {
                restored.reserve(content.len() * 2);
                self.document(&doc, &mut restored)?;
            }
        }
        let result = if restored.is_empty() { content } else { &restored };
        if let Some(separator) = header.lines {
            return self.lines(tape, result, (header, separator), out);
        }
        // Originals that were put in may have another layout than the decoded text.
        let is_laid_out =
            header.layout == Layout::Compact || (header.layout == Layout::Spaced && restored.is_empty());
        if is_laid_out && !header.words {
            return self.framed(result, header.frame, out);
        }
        if !self.trusted {
            // Originals inside may be any bytes, and only JSON can be laid out.
            tape.scan(result, MAX_DEPTH)?;
        }
        if header.frame == Frame::VALUE {
            return self.laid_out(result, header, out);
        }
        let mut printed = Vec::with_capacity(result.len() * 2);
        self.laid_out(result, header, &mut printed)?;
        self.framed(&printed, header.frame, out)
    }

    /// Appends JSON in the layout of a header, and without the quotes of its words.
    fn laid_out(&mut self, json: &[u8], header: &Header, out: &mut impl Output) -> Result<()> {
        let before = out.position();
        let mut printed = Vec::new();
        let enough = if header.words {
            let enough = header.layout.spread(json, self.left_bytes, &mut printed);
            unquote(&printed, out);
            enough
        } else {
            header.layout.spread(json, self.left_bytes, out)
        };
        let written = out.position() - before;
        if !enough && written <= self.left_bytes {
            return Err(Error::Format {
                what: "a string with a lone surrogate in what Python printed",
                offset: 0,
            });
        }
        self.spend(written)
    }

    /// Appends the elements of an array with their separator between them.
    pub fn lines(
        &mut self,
        tape: &mut Tape,
        array: &[u8],
        (header, separator): (&Header, Separator),
        out: &mut impl Output,
    ) -> Result<()> {
        let doc = tape.scan(array, MAX_DEPTH)?;
        if doc.node(0).kind != Kind::Array {
            return Err(Error::Format {
                what: "lines (flag j) of a value that is no array",
                offset: 0,
            });
        }
        let mut printed = Vec::with_capacity(array.len() * 2);
        for (number, element) in doc.elements(0).enumerate() {
            if number > 0 {
                printed.extend_from_slice(separator.text());
            }
            self.laid_out(doc.raw(doc.node(element)), header, &mut printed)?;
        }
        self.framed(&printed, header.frame, out)
    }
}
