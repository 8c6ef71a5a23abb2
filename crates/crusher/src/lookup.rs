//! Where originals come from when a record is restored.

/// Finds originals by the hash in a marker.
pub trait Lookup {
    /// The bytes behind a hash of 24 or 64 digits; the caller answers for their digest.
    fn get(&self, hash: &str) -> Option<&[u8]>;
}
