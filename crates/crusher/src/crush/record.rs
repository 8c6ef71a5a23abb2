//! Crushes one record: finds its payloads, crushes each, proves that it restores, and puts it in its place.

use std::sync::Arc;

use crate::crush::calls::CallTable;
use crate::crush::found::Recognition;
use crate::crush::payloads::Finder;
use crate::crush::query::SeenWords;
use crate::crush::report::PayloadReport;
use crate::crush::text_payloads::TextCrusher;
use crate::error::{Error, Limit, Result};
use crate::json::scan::Tape;
use crate::options::Options;
use crate::originals::Originals;

/// Crushes records. It keeps its memory from one record to the next, so each thread needs its own.
#[derive(Debug)]
pub struct Crusher {
    pub(crate) options: Arc<Options>,
    pub(super) finder: Finder,
    pub(crate) tape: Tape,
    /// Tapes for JSON inside strings.
    pub(crate) tapes: Vec<Tape>,
    /// An element between what surrounds it.
    pub(super) enveloped: Vec<u8>,
}

impl Crusher {
    /// Returns a crusher with these options.
    ///
    /// # Errors
    /// `Option` for an option that is out of its range.
    pub fn new(options: impl Into<Arc<Options>>) -> Result<Self> {
        let options = options.into();
        options.validate()?;
        Ok(Self {
            finder: Finder::new(Arc::clone(&options)),
            options,
            tape: Tape::default(),
            tapes: Vec::new(),
            enveloped: Vec::new(),
        })
    }

    /// Returns the options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The calls of earlier records of the same file; none where records don't belong together.
    pub fn calls(&mut self) -> &mut Option<CallTable> {
        &mut self.finder.calls
    }

    /// Crushes one record. Appends its compacted form to `out`, its originals to `originals`, and a report
    /// for each payload to `reports`. `tool_of` returns the number of a tool, which the originals carry. Returns
    /// whether the results of the record are known.
    ///
    /// # Errors
    /// `LimitExceeded`, `InvalidUtf8` or `InvalidPayload` for bytes that aren't a record. Nothing is appended
    /// then.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Crusher, Options, Originals, restore_record};
    /// let record = br#"[{"id":1,"status":"ok"},{"id":2,"status":"ok"},{"id":3,"status":"failed"}]"#;
    /// let mut crusher = Crusher::new(Options::default())?;
    /// let (mut compacted, mut originals, mut restored) = (Vec::new(), Originals::default(), Vec::new());
    /// crusher.crush_record(record, &mut compacted, &mut originals, &mut Vec::new(), &mut |_| 0)?;
    /// assert_eq!(compacted, br#""[3]{id,status}\n1,ok\n2,ok\n3,failed""#);
    /// restore_record(&compacted, &originals, &mut restored)?;
    /// assert_eq!(restored, record);
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    pub fn crush_record(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
        originals: &mut Originals,
        reports: &mut Vec<PayloadReport>,
        tool_of: &mut dyn FnMut(&str) -> u32,
    ) -> Result<Recognition> {
        self.check_size(record)?;
        self.crush_sized(record, out, originals, reports, tool_of)
    }

    pub(crate) fn check_size(&self, record: &[u8]) -> Result<()> {
        if record.len() > self.options.max_record_bytes {
            return Err(Error::LimitExceeded {
                limit: Limit::RecordBytes,
                maximum: self.options.max_record_bytes,
            });
        }
        Ok(())
    }

    /// As `crush_record`, for a record of any size.
    pub(crate) fn crush_sized(
        &mut self,
        record: &[u8],
        out: &mut Vec<u8>,
        originals: &mut Originals,
        reports: &mut Vec<PayloadReport>,
        tool_of: &mut dyn FnMut(&str) -> u32,
    ) -> Result<Recognition> {
        let doc = self.tape.scan(record, self.options.max_depth)?;
        let (found, recognition) = self.finder.payloads(&doc, &mut self.tapes);
        let edits = TextCrusher {
            options: &self.options,
            tapes: &mut self.tapes,
            originals,
            reports,
            tool_of,
            seen: SeenWords::default(),
        }
        .edits(&doc, &found, None);
        let root = doc.node(0);
        out.extend_from_slice(record.get(..root.start as usize).unwrap_or_default());
        edits.splice(&doc, 0, out);
        out.extend_from_slice(record.get(root.end as usize..).unwrap_or_default());
        if let Some(calls) = &mut self.finder.calls {
            calls.remember(&doc);
        }
        Ok(recognition)
    }
}
