//! Names of tools by the ids of their calls.

use crate::hashing::Map;
use crate::json::spelling;

/// The most calls that are remembered; then the old ones are forgotten.
const MAX_CALLS: usize = 1 << 16;
/// Longer ones are neither ids nor names of tools.
const MAX_BYTES: usize = 256;

/// What the calls seen so far have said.
#[derive(Debug, Default)]
pub(super) struct Calls {
    names: Map<Box<[u8]>, Box<[u8]>>,
}

impl Calls {
    /// Forgets all calls.
    pub fn forget(&mut self) {
        self.names.clear();
    }

    /// Notes a call, both as they stand between their quotes.
    pub fn note(&mut self, id: &[u8], name: &[u8]) {
        if id.is_empty() || id.len() > MAX_BYTES || name.len() > MAX_BYTES {
            return;
        }
        if self.names.len() >= MAX_CALLS {
            self.names.clear();
        }
        if self.names.get(id).is_none_or(|known| **known != *name) {
            self.names.insert(id.into(), name.into());
        }
    }

    /// The name of the tool that was called.
    pub fn name(&self, id: &[u8]) -> Option<String> {
        self.names.get(id).map(|name| text(name))
    }
}

/// The text of a raw string, empty where it is too long for a name.
pub(super) fn text(raw: &[u8]) -> String {
    let mut decoded = Vec::new();
    if raw.len() <= MAX_BYTES && spelling::decode(raw, &mut decoded) {
        String::from_utf8(decoded).unwrap_or_default()
    } else {
        String::new()
    }
}
