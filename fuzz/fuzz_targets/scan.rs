//! Checks that the scanner accepts exactly what `serde_json` accepts, and that its spans nest.
#![no_main]

use headroom_crusher::json::scan::Tape;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|data: &[u8]| {
    let wanted = std::str::from_utf8(data).is_ok() && serde_json::from_slice::<IgnoredAny>(data).is_ok();
    let mut tape = Tape::default();
    let found = tape.scan(data, data.len() + 1);
    assert_eq!(found.is_ok(), wanted, "{found:?}");
    let Ok(doc) = found else { return };
    for index in 0..doc.len() {
        let node = doc.node(index);
        assert!(node.start < node.end && node.end as usize <= data.len());
        assert!(node.next > index && node.next <= doc.len());
        for child in doc
            .elements(index)
            .chain(doc.members(index).flat_map(|(key, value)| [key, value]))
        {
            let child = doc.node(child);
            assert!(node.start < child.start && child.end < node.end && child.next <= node.next);
        }
    }
});
