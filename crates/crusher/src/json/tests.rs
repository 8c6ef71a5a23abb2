use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::scan::Tape;
use crate::json::tape::Kind;

#[test]
fn each_layout_is_recognised_and_others_are_refused() {
    let cases = [
        ("{\"a\":[1,2,{}],\"b\":[]}", Some(Layout::Compact)),
        ("{\"a\": [1, 2, {}], \"b\": []}", Some(Layout::Spaced)),
        (
            "[\n  1,\n  {\n    \"a, b: c\": []\n  }\n]",
            Some(Layout::Indent(2)),
        ),
        ("{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}", Some(Layout::Tab)),
        ("[\"a, b: \\\", c\",\"d\"]", Some(Layout::Compact)),
        ("{\"a\":1, \"b\":2}", None),
        ("[1 ,2]", None),
        ("[ ]", None),
    ];
    for (text, layout) in cases {
        let mut tape = Tape::default();
        let Ok(doc) = tape.scan(text.as_bytes(), 64) else {
            unreachable!("{text}")
        };
        assert_eq!(Layout::proved(&doc, 0), layout, "{text}");
    }
}

/// Returns a text in every layout, and every text that differs from one of these by one character of
/// whitespace.
fn texts() -> Vec<Vec<u8>> {
    let compact = r#"{"a":[1,[],{"b":"x, y: z"},{}],"c":{"d":[[2]],"e":{}},"f":[]}"#.as_bytes();
    let mut layouts: Vec<Layout> = (1..=9).map(Layout::Indent).collect();
    layouts.extend([Layout::Compact, Layout::Spaced, Layout::Tab]);
    let mut texts = Vec::new();
    for layout in layouts {
        let mut text = Vec::new();
        assert!(layout.spread(compact, usize::MAX, &mut text));
        for at in 0..text.len() {
            for space in *b" \n\t\r" {
                let mut more = text.clone();
                more.insert(at, space);
                texts.push(more);
                if text.get(at).is_some_and(u8::is_ascii_whitespace) {
                    let mut other = text.clone();
                    other.splice(at..=at, [space]);
                    texts.push(other);
                }
            }
            if text.get(at).is_some_and(u8::is_ascii_whitespace) {
                let mut less = text.clone();
                less.remove(at);
                texts.push(less);
            }
        }
        texts.push(text);
    }
    texts
}

#[test]
fn what_the_scan_says_of_a_layout_is_what_printing_shows() {
    let (mut tape, mut told) = (Tape::default(), 0);
    for text in texts() {
        // Whitespace inside a number or a word is no JSON.
        let Ok(doc) = tape.scan(&text, 64) else { continue };
        told += usize::from(doc.layout.is_some());
        for at in (0..doc.len()).filter(|at| matches!(doc.node(*at).kind, Kind::Array | Kind::Object)) {
            let shown = Layout::proved_by_walk(&doc, at);
            assert_eq!(
                Layout::proved(&doc, at),
                shown,
                "{}",
                String::from_utf8_lossy(&text)
            );
        }
    }
    assert!(told > 10, "{told}");
}

#[test]
fn compact_text_is_printed_of_every_layout_with_and_without_edits() {
    let mut tape = Tape::default();
    for text in texts() {
        let Ok(doc) = tape.scan(&text, 64) else { continue };
        for at in 0..doc.len() {
            for edited in at..doc.node(at).next {
                let mut edits = Edits::default();
                edits.push(edited, b"7");
                for edits in [Edits::default(), edits] {
                    let (mut printed, mut walked) = (Vec::new(), Vec::new());
                    Layout::Compact.print(&doc, at, &edits, &mut printed);
                    Layout::Compact.walk(&doc, at, &edits, &mut walked);
                    assert_eq!(printed, walked, "{}", String::from_utf8_lossy(&text));
                }
            }
        }
    }
}
