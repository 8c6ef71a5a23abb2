//! Restores any bytes, whose markers all name one original of any bytes. The result is bytes or an error, and
//! an error leaves nothing in the output.
#![no_main]

use headroom_crusher::{Lookup, markers_in_record, restore_record};
use libfuzzer_sys::fuzz_target;

/// Gives one original for every hash: the lookup checks digests, not the restorer.
struct Every<'a>(&'a [u8]);

impl Lookup for Every<'_> {
    fn get(&self, _: &str) -> Option<&[u8]> {
        Some(self.0)
    }
}

struct Nothing;

impl Lookup for Nothing {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

fuzz_target!(|data: &[u8]| {
    // A record in a file holds no line feed, so the first one separates the record from the original.
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (compacted, original) = data.split_at(at);
    let original = original.get(1..).unwrap_or_default();
    for originals in [&Every(original) as &dyn Lookup, &Nothing] {
        let mut out = b"before".to_vec();
        let result = restore_record(compacted, originals, &mut out);
        assert!(out.starts_with(b"before"));
        if result.is_ok() {
            assert!(markers_in_record(compacted, &mut Vec::new()).is_ok());
        } else {
            assert_eq!(out.len(), 6);
        }
    }
});
