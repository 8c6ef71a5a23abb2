//! The state of restoring one record or text, and what takes the place of a marker.

use crate::error::{Error, Limit, Result};
use crate::json::output::Output;
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::lookup::Lookup;
use crate::notation::frame::{Frame, StringFrame};
use crate::options::MAX_RECORD_BYTES;

/// The deepest nesting that a scan accepts. It has room for a record at the crusher's limit, and for the
/// tables and documents inside it.
pub(crate) const MAX_DEPTH: usize = 4096;
/// The most that restoring one record may write in all, in records of the largest size. A document in a
/// string in a string is written once at each level.
const MAX_WRITTEN_RECORDS: usize = 4;
/// Text is framed in steps of this many bytes. Encoding makes a step at most six times as long.
const FRAMED_BYTES: usize = 64 << 10;

/// What happens at a marker.
pub(crate) enum MarkerAction<'a> {
    /// Its original takes its place.
    Restore(&'a dyn Lookup),
    /// Its hash is added to a list.
    List(&'a mut Vec<String>),
}

/// Restores one record or text.
pub(crate) struct Restorer<'a> {
    action: MarkerAction<'a>,
    /// Tapes that aren't in use. At most one for each level of headers is in use at a time.
    pub tapes: &'a mut Vec<Tape>,
    /// Number of headers around the text that is being restored.
    pub headers: usize,
    /// Crush just wrote the text, and the result will be compared with the original. So it isn't checked on
    /// the way.
    pub trusted: bool,
    /// Bytes that may still be written. A short hostile text can stand for many: with the rows of tables, and
    /// with markers that name one original many times.
    pub left_bytes: usize,
    /// Scratch: a step of framed text.
    spelled: Vec<u8>,
}

impl<'a> Restorer<'a> {
    pub fn new(action: MarkerAction<'a>, tapes: &'a mut Vec<Tape>, trusted: bool) -> Self {
        Self {
            action,
            tapes,
            headers: 0,
            trusted,
            left_bytes: MAX_WRITTEN_RECORDS * MAX_RECORD_BYTES,
            spelled: Vec::new(),
        }
    }

    /// Takes bytes off those that may still be written; fails if too few are left.
    pub fn spend(&mut self, bytes: usize) -> Result<()> {
        self.left_bytes = self.left_bytes.checked_sub(bytes).ok_or(Error::LimitExceeded {
            limit: Limit::RecordBytes,
            maximum: MAX_RECORD_BYTES,
        })?;
        Ok(())
    }

    /// Appends the original of a hash in its frame. When listing, appends `null`, so that the output stays
    /// JSON.
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

    /// Appends content in its frame.
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
            // A step ends with a whole character, whose bytes behind the first are 10xxxxxx.
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
