//! Where originals come from when a record is restored.

/// Finds originals by the hash in a marker.
pub trait Lookup {
    /// Returns the original with this hash of 24 or 64 digits, or none if there is none.
    ///
    /// Restoring doesn't check the bytes. So an implementation must have checked their digest.
    fn get(&self, hash: &str) -> Option<&[u8]>;
}
