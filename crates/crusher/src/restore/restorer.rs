//! The state of restoring one record or text, and what a marker becomes.

use crate::error::{Error, Limit, Result};
use crate::json::output::Output;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::lookup::Lookup;
use crate::notation::frame::{Frame, StringFrame};
use crate::options::MAX_RECORD_BYTES;

/// Nesting that restoring accepts: a record at the crusher's limit, and the tables and documents inside it.
pub(crate) const MAX_DEPTH: usize = 4096;
/// What restoring one record may write in all, in records of the largest size: a document in a string in a
/// string is written once at each level.
const BUDGET_RECORDS: usize = 4;
/// Text is framed in steps of so many bytes, each at most six times as long when it is spelled out.
const FRAMED_BYTES: usize = 64 << 10;

/// What happens at a marker.
pub(crate) enum MarkerAction<'a> {
    Restore(&'a dyn Lookup),
    List(&'a mut Vec<String>),
}

pub(crate) struct Restorer<'a> {
    action: MarkerAction<'a>,
    /// Tapes that aren't in use, one for each level of headers.
    pub tapes: &'a mut Vec<Tape>,
    pub headers: usize,
    /// The text was just written here, and what is made of it will be compared: it need not be checked on the
    /// way.
    pub trusted: bool,
    /// Bytes that may still be made of short text: rows of tables, and originals, which a hostile record
    /// names many times.
    pub left_bytes: usize,
    /// A step of a framed text.
    spelled: Vec<u8>,
}

impl<'a> Restorer<'a> {
    pub fn new(action: MarkerAction<'a>, tapes: &'a mut Vec<Tape>, trusted: bool) -> Self {
        Self {
            action,
            tapes,
            headers: 0,
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
        match &mut self.action {
            MarkerAction::Restore(originals) => {
                let bytes = originals.get(hash).ok_or_else(|| Error::Missing {
                    hash: hash.to_owned(),
                })?;
                self.framed(bytes, frame.unwrap_or_default(), out)?;
            }
            MarkerAction::List(found) => {
                found.push(hash.to_owned());
                out.push(b"null");
            }
        }
        Ok(())
    }

    /// Appends content as what it stood in.
    pub fn framed(&mut self, content: &[u8], frame: Frame, out: &mut impl Output) -> Result<()> {
        let Some((outermost, inner)) = frame.strings().split_last() else {
            self.spend(content.len())?;
            out.push(content);
            return Ok(());
        };
        let mut token: Option<Vec<u8>> = None;
        for string in inner {
            let mut around = Vec::with_capacity(content.len() + content.len() / 8);
            self.string_of(token.as_deref().unwrap_or(content), *string, &mut around)?;
            token = Some(around);
        }
        self.string_of(token.as_deref().unwrap_or(content), *outermost, out)
    }

    /// Appends a JSON string with this content.
    fn string_of(&mut self, content: &[u8], string: StringFrame, out: &mut impl Output) -> Result<()> {
        let StringFrame { newline, spelling } = string;
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
