//! Digests (SHA-256) and hashes (the leading hexadecimal digits that a marker carries).

use sha2::{Digest as _, Sha256};

/// SHA-256 of an original.
pub type Digest = [u8; 32];

/// The digest of some bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal digits of a digest, as many as asked for (at most 64).
#[must_use]
pub fn hash(digest: &Digest, digits: usize) -> String {
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .take(digits)
        .map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or('0'))
        .collect()
}

/// True for 24 or 64 lower-case hexadecimal digits.
#[must_use]
pub fn is_hash(text: &[u8]) -> bool {
    (text.len() == 24 || text.len() == 64)
        && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
