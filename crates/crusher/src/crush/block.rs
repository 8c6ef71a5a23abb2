//! Crushes blocks of records: raw lines of JSON, or a list of records. A marker takes the place of a record
//! that fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::crush::found::Recognition;
use crate::crush::record::Crusher;
use crate::crush::report::PayloadReport;
use crate::crush::text::TextKind;
use crate::digest::hash;
use crate::error::{Error, Result};
use crate::hashing::Map;
use crate::json::cut::Envelope;
use crate::notation::marker;
use crate::originals::Originals;

/// A crushed block. Its lists are in the order of the input.
#[derive(Debug, Default)]
pub struct Block {
    /// The compacted lines, or the compacted records one after the other.
    pub compacted: Vec<u8>,
    /// One entry for each record, failed ones included.
    pub records: Vec<CrushedRecord>,
    /// A report for each payload of the compacted records.
    pub payloads: Vec<PayloadReport>,
    /// The originals that were left out.
    pub originals: Originals,
    /// Names of tools. The `tool` of an original is a position in this list.
    pub tools: Vec<String>,
    /// One entry for each failed record.
    pub failures: Vec<Failure>,
    /// Records in which no path of the options selects or keeps anything, and no result is surely known by
    /// its shape.
    pub unrecognised: usize,
    /// Those of them in which something looks like a result.
    pub likely: usize,
    /// Where in `compacted` the opened values of a cut text begin.
    pub opened: Vec<usize>,
    tool_numbers: Map<String, u32>,
}

/// Where one record stands in the input, and where its compacted form stands in the output.
#[derive(Clone, Copy, Debug)]
pub struct CrushedRecord {
    /// Bytes from the start of the block.
    pub offset: usize,
    /// Bytes of the record.
    pub length: usize,
    /// Where its compacted form begins in `Block::compacted`.
    pub start: usize,
    /// Where its compacted form ends.
    pub end: usize,
    /// Where its reports end in `Block::payloads`. They begin where those of the record before end.
    pub payloads_end: usize,
    /// True if it is one of `Block::failures`.
    pub failed: bool,
    /// Whether its results are known. A failed record isn't asked: it counts as `Known`.
    pub recognition: Recognition,
}

/// A record that could not be processed; its bytes are an original.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Position of the record in `Block::records`.
    pub index: usize,
    /// Why it failed.
    pub error: Error,
    /// Bytes from the start of the block.
    pub offset: usize,
    /// Bytes of the record.
    pub length: usize,
    /// Hash of the original that holds the record.
    pub hash: String,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line of a block, in parts. Only `content` can be a record.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// A byte order mark, or nothing. Any line may begin with one, so that it doesn't matter where a block
    /// begins.
    pub before: &'a [u8],
    /// Where `content` begins in the block, in bytes.
    pub offset: usize,
    /// The line without its byte order mark and its end.
    pub content: &'a [u8],
    /// `\n`, `\r\n`, or nothing at the end of a block.
    pub end: &'a [u8],
}

impl Line<'_> {
    /// Returns true for a line that holds no record: only blanks, tabs and carriage returns.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.content
            .iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
    }
}

/// Splits a block into lines. Their parts, put together in order, are the block again.
///
/// # Examples
/// ```
/// use headroom_crusher::split_lines;
/// let lines = split_lines(b"1\r\n\n[2]").map(|line| (line.offset, line.content, line.end));
/// let expected: [(usize, &[u8], &[u8]); 3] = [(0, b"1", b"\r\n"), (3, b"", b"\n"), (4, b"[2]", b"")];
/// assert_eq!(lines.collect::<Vec<_>>(), expected);
/// ```
pub fn split_lines(block: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = block.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..length)?;
        let marked = line.starts_with(BOM);
        let (before, body) = line.split_at(if marked { BOM.len() } else { 0 });
        let content = body.strip_suffix(b"\n").unwrap_or(body);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        let offset = at + before.len();
        at += length;
        Some(Line {
            before,
            offset,
            content,
            end: body.get(content.len()..).unwrap_or_default(),
        })
    })
}

impl Block {
    /// Crushes raw lines. Line ends, blank lines and byte order marks are copied. A line that isn't a record
    /// becomes a failure.
    #[must_use]
    pub fn crush_lines(crusher: &mut Crusher, lines: &[u8]) -> Self {
        let mut block = Self::default();
        block.compacted.reserve(lines.len() / 2);
        for line in split_lines(lines) {
            block.compacted.extend_from_slice(line.before);
            if line.is_blank() {
                block.compacted.extend_from_slice(line.content);
            } else {
                block.crush(crusher, line.content, line.offset, None);
            }
            block.compacted.extend_from_slice(line.end);
        }
        block
    }

    /// Crushes records that are given one by one. Their compacted forms follow each other in `compacted`,
    /// with nothing between them.
    #[must_use]
    pub fn crush_records<'a>(crusher: &mut Crusher, records: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut block = Self::default();
        for record in records {
            block.crush(crusher, record, 0, None);
        }
        block
    }

    /// Crushes one text by itself, such as a file that holds the result of a tool.
    ///
    /// # Errors
    /// `LimitExceeded` for a text that is too large, or JSON that is nested too deep.
    pub fn crush_text(crusher: &mut Crusher, text: &str) -> Result<Self> {
        let result = crusher.crush_text(text, TextKind::Any, "", 1.0)?;
        let compacted = result.compressed.into_owned().into_bytes();
        let record = CrushedRecord {
            offset: 0,
            length: text.len(),
            start: 0,
            end: compacted.len(),
            payloads_end: 1,
            failed: false,
            recognition: Recognition::Known,
        };
        Ok(Self {
            compacted,
            records: vec![record],
            payloads: vec![result.report],
            originals: result.originals,
            ..Self::default()
        })
    }

    /// Crushes one record, or the element of a cut text that stands in the envelope.
    pub(super) fn crush(
        &mut self,
        crusher: &mut Crusher,
        record: &[u8],
        offset: usize,
        envelope: Option<&Envelope>,
    ) {
        let start = self.compacted.len();
        let (tools, numbers) = (&mut self.tools, &mut self.tool_numbers);
        let mut tool_of = |name: &str| {
            if let Some(number) = numbers.get(name) {
                return *number;
            }
            let number = tools.len() as u32;
            tools.push(name.to_owned());
            numbers.insert(name.to_owned(), number);
            number
        };
        let (originals, payloads) = (self.originals.entries.len(), self.payloads.len());
        // A panic would be a defect of this crate. It fails one record, which is kept whole, and not the
        // worker.
        let result = catch_unwind(AssertUnwindSafe(|| {
            crusher.crush_within(
                envelope,
                record,
                &mut self.compacted,
                &mut self.originals,
                &mut self.payloads,
                &mut tool_of,
            )
        }))
        .unwrap_or(Err(Error::Internal));
        let recognition = *result.as_ref().unwrap_or(&Recognition::Known);
        self.unrecognised += usize::from(recognition != Recognition::Known);
        self.likely += usize::from(recognition == Recognition::Likely);
        if let Err(error) = &result {
            self.compacted.truncate(start);
            self.originals.truncate(originals);
            self.payloads.truncate(payloads);
            self.originals.tool = tool_of("");
            let digits = crusher.options().hash_digits;
            let digest = self.originals.put_always(record, "raw");
            let hash = hash(&digest, digits);
            self.compacted.push(b'"');
            self.compacted
                .extend_from_slice(marker::raw(&hash, record.len()).as_bytes());
            self.compacted.push(b'"');
            let failure = Failure {
                index: self.records.len(),
                error: error.clone(),
                offset,
                length: record.len(),
                hash,
            };
            self.failures.push(failure);
        }
        self.records.push(CrushedRecord {
            offset,
            length: record.len(),
            start,
            end: self.compacted.len(),
            payloads_end: self.payloads.len(),
            failed: result.is_err(),
            recognition,
        });
    }
}
