//! Decodes a table or document, which must hold JSON, unless its header says otherwise. Crushes what it holds,
//! and restores that again.
#![no_main]

use headroom_crusher::json::scan::Tape;
use headroom_crusher::{Crusher, Error, Lookup, Options, Originals, TextKind, restore_text};
use libfuzzer_sys::fuzz_target;

struct Nothing;

impl Lookup for Nothing {
    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if !text.starts_with('[') {
        return;
    }
    let mut decoded = Vec::new();
    match restore_text(text, &Nothing, &mut decoded) {
        Ok(()) if decoded == data => return,
        Ok(()) => {}
        Err(Error::Format { .. } | Error::Missing { .. } | Error::LimitExceeded { .. }) => return,
        Err(error) => panic!("{error:?}"),
    }
    // JSON lines (`j`), what Python prints (`q`), words such as `NaN` (`w`) and mixed text (`[t`) are no single
    // JSON text.
    let flags = text.split(']').next().unwrap_or_default();
    let is_json = !flags.contains(['j', 'q', 'w']) && !flags.starts_with("[t");
    assert!(!is_json || Tape::default().scan(&decoded, 1000).is_ok());
    let decoded = String::from_utf8(decoded).expect("it is text");
    let options = Options {
        lossless_only: true,
        lossless_min_savings_ratio: 0.0,
        verify: false,
        ..Options::default()
    };
    let mut crusher = Crusher::new(options).expect("valid options");
    let Ok(crushed) = crusher.crush_text(&decoded, TextKind::Any, "", 1.0) else {
        return;
    };
    let mut again = Vec::new();
    restore_text(&crushed.compressed, &Originals::default(), &mut again).expect("it restores");
    assert_eq!(again, decoded.as_bytes());
});
