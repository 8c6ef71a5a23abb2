//! Pads the compacted lines of a block with blanks to their old length.
//!
//! Some programs remember where in a log they stopped reading, in bytes. A compacted file that takes the log's
//! place must keep each line where it was. `restore/padding.rs` takes the blanks off again.

use crate::crush::block::Block;
use crate::restore::padding::end_of_text;

impl Block {
    /// Returns the compacted lines, each of which is at least as long as it was. A line that has become longer
    /// stays as it is.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Block, Crusher, Options};
    /// let line = b"[{\"id\":1,\"status\":\"ok\"},{\"id\":2,\"status\":\"ok\"},{\"id\":3,\"status\":\"ok\"}]\n";
    /// let block = Block::crush_lines(&mut Crusher::new(Options::default())?, line);
    /// let padded = block.padded();
    /// assert!(padded.starts_with(br#""[3]{id,status=ok}\n1\n2\n3"   "#));
    /// assert_eq!(padded.len(), line.len());
    /// # Ok::<(), headroom_crusher::Error>(())
    /// ```
    #[must_use]
    pub fn padded(&self) -> Vec<u8> {
        let mut lines = Vec::with_capacity(self.compacted.len());
        let mut copied = 0;
        for record in &self.records {
            let compacted = self.compacted.get(record.start..record.end).unwrap_or_default();
            let end = record.start + end_of_text(compacted);
            lines.extend_from_slice(self.compacted.get(copied..end).unwrap_or_default());
            lines.resize(lines.len() + record.length.saturating_sub(compacted.len()), b' ');
            copied = end;
        }
        lines.extend_from_slice(self.compacted.get(copied..).unwrap_or_default());
        lines
    }
}
