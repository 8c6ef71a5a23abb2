//! Decodes the text of a table or document. Strict: text that breaks a rule is an error, never a guess.

use crate::error::{Error, Limit, Result};
use crate::notation::header::Header;
use crate::notation::read::cursor::{Cursor, TOO_LARGE};
use crate::notation::read::document::content;
use crate::notation::read::memory::Memory;
use crate::notation::read::sink::Style;
use crate::options::MAX_RECORD_BYTES;

/// What is to be done with decoded JSON.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The marker behind the rows of a table. The rows were not read then, and the original takes their
    /// place.
    pub tail: Option<&'a [u8]>,
    /// Parts of the JSON stood as JSON in the text. They aren't checked yet, and their strings may be
    /// reserved.
    pub copied: bool,
}

/// Decodes the whole of `text`, whose header is read already and ends at byte `at`. Appends JSON to `out`,
/// compact or, if the header says so, spaced. Strings of the JSON may still be reserved.
///
/// # Errors
/// `LimitExceeded` for text that decodes to more than `max_bytes`, because constants multiply. `Format` for
/// anything but exactly one table or document.
pub fn decode<'a>(
    text: &'a [u8],
    header: &Header,
    at: usize,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<Decoded<'a>> {
    let end = text.len();
    let mut cursor = Cursor { text, at, end };
    let max_bytes = out.len().saturating_add(max_bytes);
    let mut out = Memory {
        json: out,
        style: Style::of(header),
        copied: false,
        max_bytes,
    };
    let result = content(&mut cursor, header, &mut out);
    let copied = out.copied;
    match result {
        Ok(tail) if cursor.is_done() => Ok(Decoded { tail, copied }),
        Err(TOO_LARGE) => Err(Error::LimitExceeded {
            limit: Limit::RecordBytes,
            maximum: MAX_RECORD_BYTES,
        }),
        Ok(_) => Err(Error::Format {
            what: "text behind the last line",
            offset: cursor.at,
        }),
        Err(what) => Err(Error::Format {
            what,
            offset: cursor.at,
        }),
    }
}
