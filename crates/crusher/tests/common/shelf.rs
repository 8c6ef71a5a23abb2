//! A store of originals in memory.

use std::collections::HashMap;

use headroom_crusher::{Lookup, digest, hash};

/// Originals of any bytes, by hash.
#[derive(Default)]
pub struct Shelf(HashMap<String, Vec<u8>>);

impl Shelf {
    /// Adds an original, and returns its hash of 24 digits. Its 64 digits find it, too.
    pub fn put(&mut self, bytes: &[u8]) -> String {
        let whole = hash(&digest(bytes), 64);
        self.0.insert(whole[..24].to_owned(), bytes.to_vec());
        self.0.insert(whole.clone(), bytes.to_vec());
        whole[..24].to_owned()
    }
}

impl Lookup for Shelf {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.get(hash).map(Vec::as_slice)
    }
}
