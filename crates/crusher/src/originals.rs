//! Originals taken out while crushing, each digest once.

use crate::digest::{Digest, digest, hash};
use crate::hashing::Map;
use crate::lookup::Lookup;

/// What is known of one original.
#[derive(Clone, Copy, Debug)]
pub struct OriginalEntry {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// `rows`, `raw`, or the kind of a blob.
    pub kind: &'static str,
    /// Rows of an array, else 0.
    pub item_count: u64,
    /// End of the bytes in the arena; they begin where the entry before ends.
    pub end: usize,
    /// Which payload's tool it came from, as the caller numbers tools.
    pub tool: u32,
}

/// Originals in order of appearance, their bytes in one arena.
#[derive(Debug, Default)]
pub struct Originals {
    /// One entry for each original.
    pub entries: Vec<OriginalEntry>,
    /// All bytes.
    pub arena: Vec<u8>,
    by_prefix: Map<[u8; 12], usize>,
    /// The tool that `put` notes.
    pub tool: u32,
}

impl Originals {
    /// Adds an original unless its digest is here; gives its digest. None if another original has the same
    /// first 12 bytes of digest: then no marker of 24 digits could tell them apart, and the caller leaves the
    /// text where it is.
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

    /// As `put`, for bytes that have no other place: an original with the same 12 bytes is stored beside the
    /// other one, and a look-up of their hash answers that it is ambiguous.
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

    /// Forgets every original behind the first `len`.
    pub fn truncate(&mut self, len: usize) {
        for entry in self.entries.drain(len.min(self.entries.len())..) {
            self.by_prefix.remove(&prefix(&entry.digest));
        }
        self.arena
            .truncate(self.entries.last().map_or(0, |entry| entry.end));
    }

    /// The bytes of the original at a position.
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
