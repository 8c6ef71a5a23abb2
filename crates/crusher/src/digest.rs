//! Digests (SHA-256) and hashes (the leading hexadecimal digits that a marker carries).

use sha2::{Digest as _, Sha256};

/// SHA-256 of an original: its identity in the store.
pub type Digest = [u8; 32];

/// Returns the SHA-256 of some bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// Returns the first `digits` hexadecimal digits of a digest, in lower case, at most 64.
///
/// # Examples
/// ```
/// use headroom_crusher::{digest, hash, is_hash};
/// let hash = hash(&digest(b"hello"), 24);
/// assert_eq!(hash, "2cf24dba5fb0a30e26e83b2a");
/// assert!(is_hash(hash.as_bytes()));
/// ```
#[must_use]
pub fn hash(digest: &Digest, digits: usize) -> String {
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .take(digits)
        .map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or('0'))
        .collect()
}

/// Returns true for 24 or 64 lower-case hexadecimal digits, as markers carry them.
#[must_use]
pub fn is_hash(text: &[u8]) -> bool {
    (text.len() == 24 || text.len() == 64)
        && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
