//! Crushes any text, JSON or not, and restores it. Crushes and restores the compacted text in the same way.
#![no_main]

use headroom_crusher::{Crusher, Error, Options, TextKind, markers_in_text, restore_text};
use libfuzzer_sys::fuzz_target;

/// Crushes a text and restores it. Returns the compacted text, or none if the text is over a limit.
fn round_trip(crusher: &mut Crusher, text: &str, query: &str) -> Option<String> {
    let crushed = match crusher.crush_text(text, TextKind::Any, query, 1.0) {
        Ok(crushed) => crushed,
        Err(Error::LimitExceeded { .. }) => return None,
        Err(error) => panic!("{error:?}"),
    };
    let mut restored = Vec::new();
    restore_text(&crushed.compressed, &crushed.originals, &mut restored).expect("it restores");
    assert_eq!(restored, text.as_bytes());
    let mut found = Vec::new();
    markers_in_text(&crushed.compressed, &mut found).expect("it lists its markers");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), crushed.originals.entries.len());
    Some(crushed.compressed.into_owned())
}

fuzz_target!(|data: &[u8]| {
    let [first, data @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (query, text) = text.split_once('\0').unwrap_or(("", text));
    let options = Options {
        max_tokens: if first & 1 == 1 { 64 } else { 1000 },
        min_tokens_to_crush: if first & 2 == 2 { 0 } else { 50 },
        blob_min_bytes: 128,
        excerpt_tokens: usize::from(first >> 3),
        with_compaction: first & 4 == 0,
        lossless_min_savings_ratio: 0.0,
        verify: false,
        ..Options::default()
    };
    let mut crusher = Crusher::new(options).expect("valid options");
    if let Some(once) = round_trip(&mut crusher, text, query) {
        round_trip(&mut crusher, &once, query);
    }
});
