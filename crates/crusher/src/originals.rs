//! The originals that crushing leaves out of compacted records, each stored once.

use crate::digest::{Digest, digest, hash};
use crate::hashing::Map;
use crate::lookup::Lookup;

/// One original: its digest, its kind and where its bytes are.
#[derive(Clone, Copy, Debug)]
pub struct OriginalEntry {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// `rows`, `raw`, or the kind of a blob.
    pub kind: &'static str,
    /// Number of rows of an array, else 0.
    pub item_count: u64,
    /// Where its bytes end in the arena. They begin where the entry before ends.
    pub end: usize,
    /// Number of the tool that gave the payload, as the caller numbers tools.
    pub tool: u32,
}

/// Originals in the order in which they were added, with their bytes in one arena.
#[derive(Debug, Default)]
pub struct Originals {
    /// One entry for each original.
    pub entries: Vec<OriginalEntry>,
    /// The bytes of all originals, one after the other.
    pub arena: Vec<u8>,
    by_prefix: Map<[u8; 12], usize>,
    /// The tool that `put` writes into new entries.
    pub tool: u32,
}

impl Originals {
    /// Adds an original, unless it is already here, and returns its digest. `kind` and `item_count` become
    /// fields of its entry.
    ///
    /// Returns none, and adds nothing, if another original's digest has the same first 12 bytes: a marker of
    /// 24 digits couldn't tell the two apart. The caller then leaves the bytes in the record.
    ///
    /// # Examples
    /// ```
    /// use headroom_crusher::{Lookup, Originals, hash};
    /// let mut originals = Originals::default();
    /// let digest = originals.put(b"[1,2,3]", "rows", 3).unwrap();
    /// assert_eq!(originals.put(b"[1,2,3]", "rows", 3), Some(digest));
    /// assert_eq!(originals.entries.len(), 1);
    /// assert_eq!(originals.get(&hash(&digest, 24)), Some(b"[1,2,3]".as_slice()));
    /// ```
    pub fn put(&mut self, bytes: &[u8], kind: &'static str, item_count: u64) -> Option<Digest> {
        let digest = digest(bytes);
        if let Some(at) = self.by_prefix.get(&prefix(&digest)) {
            return self
                .entries
                .get(*at)
                .filter(|entry| entry.digest == digest)
                .map(|_| digest);
        }
        self.arena.extend_from_slice(bytes);
        self.by_prefix.insert(prefix(&digest), self.entries.len());
        self.entries.push(OriginalEntry {
            digest,
            kind,
            item_count,
            end: self.arena.len(),
            tool: self.tool,
        });
        Some(digest)
    }

    /// Adds an original like `put`, but also where `put` returns none: for bytes that have no other place. A
    /// look-up of the hash that the two originals share then answers that it is ambiguous.
    pub fn put_always(&mut self, bytes: &[u8], kind: &'static str) -> Digest {
        self.put(bytes, kind, 0).unwrap_or_else(|| {
            let digest = digest(bytes);
            self.arena.extend_from_slice(bytes);
            self.entries.push(OriginalEntry {
                digest,
                kind,
                item_count: 0,
                end: self.arena.len(),
                tool: self.tool,
            });
            digest
        })
    }

    /// Removes all originals behind the first `len`.
    pub fn truncate(&mut self, len: usize) {
        for entry in self.entries.drain(len.min(self.entries.len())..) {
            self.by_prefix.remove(&prefix(&entry.digest));
        }
        self.arena
            .truncate(self.entries.last().map_or(0, |entry| entry.end));
    }

    /// Removes the originals from the position `first` on that nobody needs. The others keep their order.
    pub(crate) fn retain_from(&mut self, first: usize, is_needed: impl Fn(&Digest) -> bool) {
        let first = first.min(self.entries.len());
        let end_of = |entry: &OriginalEntry| entry.end;
        let mut start = first
            .checked_sub(1)
            .and_then(|last| self.entries.get(last))
            .map_or(0, end_of);
        let mut end = start;
        for entry in self.entries.split_off(first) {
            let length = entry.end - start;
            if is_needed(&entry.digest) {
                self.arena.copy_within(start..entry.end, end);
                end += length;
                self.by_prefix.insert(prefix(&entry.digest), self.entries.len());
                self.entries.push(OriginalEntry { end, ..entry });
            } else {
                self.by_prefix.remove(&prefix(&entry.digest));
            }
            start += length;
        }
        self.arena.truncate(end);
    }

    /// Returns the bytes of the original at a position, or nothing where there is none.
    #[must_use]
    pub fn bytes(&self, at: usize) -> &[u8] {
        let start = at
            .checked_sub(1)
            .and_then(|before| self.entries.get(before))
            .map_or(0, |entry| entry.end);
        self.entries
            .get(at)
            .and_then(|entry| self.arena.get(start..entry.end))
            .unwrap_or_default()
    }
}

fn prefix(digest: &Digest) -> [u8; 12] {
    digest.first_chunk().copied().unwrap_or_default()
}

impl Lookup for Originals {
    fn get(&self, wanted: &str) -> Option<&[u8]> {
        let mut key = [0; 12];
        for (byte, digits) in key.iter_mut().zip(wanted.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        let at = *self.by_prefix.get(&key)?;
        let entry = self.entries.get(at)?;
        (hash(&entry.digest, wanted.len()) == wanted).then(|| self.bytes(at))
    }
}
