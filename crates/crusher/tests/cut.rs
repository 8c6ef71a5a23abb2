//! Any text in any chunks: the cuts join to it, elements are whole values, and what was crushed element by
//! element comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking"
)]

mod common;

use std::collections::VecDeque;

use common::check::options;
use common::documents::record;
use common::mutate::mutate;
use common::random::Random;
use common::{cases, each, show};
use headroom_crusher::json::cut::{Cut, CutBlock, Cutter, Opening, PIECE_BYTES, Reason};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::{Block, Crusher, Options, restore_record};

/// Feeds a text in random chunks.
fn cuts_of(random: &mut Random, text: &[u8], opening: Opening, block_bytes: usize) -> (Vec<Cut>, bool) {
    let mut cutter = Cutter::new(opening, block_bytes);
    let mut cuts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let most = if random.chance(30) { 3 } else { rest.len() };
        let (chunk, behind) = rest.split_at(random.within(1, most).min(rest.len()));
        cuts.extend(cutter.push(chunk));
        rest = behind;
    }
    cuts.extend(cutter.finish());
    (cuts, cutter.is_whole())
}

fn bytes_of(cut: &Cut) -> &[u8] {
    match cut {
        Cut::Block(block) => &block.bytes,
        Cut::Piece(piece) => &piece.bytes,
    }
}

fn joined(cuts: &[Cut]) -> Vec<u8> {
    cuts.iter().flat_map(bytes_of).copied().collect()
}

/// A cut as comparable text: what doesn't depend on chunks.
fn outline(cuts: &[Cut]) -> String {
    format!("{cuts:?}")
}

fn longer(random: &mut Random, length: usize) -> Opening {
    let value_bytes = random.within(1, length + 8);
    Opening::Longer {
        value_bytes,
        leaf_bytes: value_bytes + random.below(200),
        max_depth: random.within(1, 20),
    }
}

/// One text or several, with whitespace between them.
fn texts(random: &mut Random) -> Vec<u8> {
    let mut text = if random.chance(10) {
        b"\xef\xbb\xbf".to_vec()
    } else {
        Vec::new()
    };
    for _ in 0..random.within(1, 3) {
        text.extend(record(random).as_bytes());
        text.extend(random.pick(&["", "\n", "\r\n", " \n\n"]).as_bytes());
    }
    text
}

#[test]
fn cuts_of_any_text_join_to_it_and_do_not_depend_on_chunks() {
    each(cases(10), |random| {
        let mut text = texts(random);
        let damaged = random.chance(40);
        if damaged {
            mutate(random, &mut text);
        }
        let opening = longer(random, text.len());
        let block_bytes = random.within(1, 2 * text.len() + 1);
        let (cuts, _) = cuts_of(random, &text, opening.clone(), block_bytes);
        let (again, _) = cuts_of(random, &text, opening, block_bytes);
        if joined(&cuts) != text {
            return Err(format!("{} became {}", show(&text), show(&joined(&cuts))));
        }
        if outline(&cuts) != outline(&again) {
            return Err(format!(
                "{}: {} or {}",
                show(&text),
                outline(&cuts),
                outline(&again)
            ));
        }
        Ok(())
    });
}

#[test]
fn elements_of_a_whole_text_are_values_within_the_limit_and_all_else_is_structure() {
    each(cases(10), |random| {
        let text = texts(random);
        let value_bytes = random.within(1, text.len() + 8);
        let opening = Opening::Longer {
            value_bytes,
            leaf_bytes: text.len(),
            max_depth: 1000,
        };
        let (cuts, is_whole) = cuts_of(random, &text, opening, 64);
        if !is_whole {
            return Err(format!("{} isn't whole", show(&text)));
        }
        for cut in &cuts {
            let Cut::Block(block) = cut else {
                return Err(format!("a piece of {}", show(&text)));
            };
            let mut between = Vec::new();
            let mut at = 0;
            for element in &block.elements {
                between.extend_from_slice(&block.bytes[at..element.start]);
                at = element.end;
                let value = &block.bytes[element.start..element.end];
                let envelope = &block.envelopes[element.envelope];
                let whole = [&envelope.before[..], value, &envelope.after[..]].concat();
                if Tape::default().scan(value, 4096).is_err() || Tape::default().scan(&whole, 4096).is_err() {
                    return Err(format!(
                        "{} isn't a value, or not in {}",
                        show(value),
                        show(&whole)
                    ));
                }
                if value.len() > value_bytes && matches!(value[0], b'[' | b'{') {
                    return Err(format!("{} is longer than {value_bytes}", show(value)));
                }
            }
            between.extend_from_slice(&block.bytes[at..]);
            let keys_out = strip_keys(&between);
            if !keys_out
                .iter()
                .all(|byte| b" \t\r\n,:{}[]\xef\xbb\xbf".contains(byte))
            {
                return Err(format!("{} stands between elements", show(&between)));
            }
        }
        Ok(())
    });
}

/// Structure without its keys; a block may begin or end behind a key, but not inside one.
fn strip_keys(between: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut in_string = false;
    let mut bytes = between.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => in_string = !in_string,
            _ if !in_string => out.push(*byte),
            _ => {}
        }
    }
    out
}

/// Crushes in elements and restores in elements, as files are.
fn round_trip(random: &mut Random, text: &[u8], options: Options) -> Result<(), String> {
    let opening = Opening::Longer {
        value_bytes: random.within(16, text.len() + 16),
        leaf_bytes: options.max_record_bytes,
        max_depth: 64,
    };
    let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
    let (cuts, _) = cuts_of(random, text, opening, 4096);
    let (mut compacted, mut opened, mut tail) = (Vec::new(), VecDeque::new(), None);
    let mut blocks = Vec::new();
    for cut in &cuts {
        match cut {
            Cut::Block(block) => {
                let crushed = Block::crush_elements(&mut crusher, block);
                opened.extend(crushed.opened.iter().map(|at| (compacted.len() + at) as u64));
                compacted.extend_from_slice(&crushed.compacted);
                if crushed.records.len() != block.elements.len() {
                    return Err("an element is lost".to_owned());
                }
                blocks.push(crushed);
            }
            Cut::Piece(piece) if piece.reason == Reason::Long => return Ok(()),
            Cut::Piece(piece) => {
                assert!(piece.last && piece.bytes.len() <= PIECE_BYTES);
                tail = Some(piece.bytes.clone());
            }
        }
    }
    let mut restored = Vec::new();
    for cut in cuts_of(random, &compacted, Opening::At(opened), 300).0 {
        let Cut::Block(block) = cut else {
            return Err(format!("{} can't be cut again", show(&compacted)));
        };
        restore_elements(&block, &blocks, &mut restored)?;
    }
    restored.extend(tail.unwrap_or_default());
    if restored != text {
        return Err(format!(
            "{} → {} → {}",
            show(text),
            show(&compacted),
            show(&restored)
        ));
    }
    Ok(())
}

struct Found<'a>(&'a [Block]);

impl headroom_crusher::Lookup for Found<'_> {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.iter().find_map(|block| block.originals.get(hash))
    }
}

fn restore_elements(block: &CutBlock, blocks: &[Block], out: &mut Vec<u8>) -> Result<(), String> {
    let mut at = 0;
    for element in &block.elements {
        out.extend_from_slice(&block.bytes[at..element.start]);
        at = element.end;
        let bytes = &block.bytes[element.start..element.end];
        restore_record(bytes, &Found(blocks), out).map_err(|error| format!("{error}: {}", show(bytes)))?;
    }
    out.extend_from_slice(&block.bytes[at..]);
    Ok(())
}

#[test]
fn any_text_crushed_in_elements_comes_back() {
    each(cases(4), |random| {
        let mut text = texts(random);
        if random.chance(30) {
            mutate(random, &mut text);
        }
        let options = options(random);
        round_trip(random, &text, options)
    });
}

#[test]
fn a_text_cut_off_anywhere_comes_back_and_what_is_whole_in_it_is_an_element() {
    let whole = br#" {"id": 7, "messages": [{"role": "tool", "content": "a\"]b"}, {"role": "user"}], "end": [1, 2.5, null, "x"]}
"#;
    let mut random = Random::new(1, 8);
    for end in 0..=whole.len() {
        let text = &whole[..end];
        let options = Options {
            paths: vec![".messages[*].content".parse().unwrap()],
            ..Options::default()
        };
        round_trip(&mut random, text, options).unwrap();
        let opening = Opening::Longer {
            value_bytes: 1 << 20,
            leaf_bytes: 1 << 20,
            max_depth: 64,
        };
        let (cuts, is_whole) = cuts_of(&mut random, text, opening, 1 << 20);
        assert_eq!(is_whole, end <= 1 || end >= whole.len() - 1, "{end}");
        let elements: usize = cuts
            .iter()
            .map(|cut| match cut {
                Cut::Block(block) => block.elements.len(),
                Cut::Piece(_) => 0,
            })
            .sum();
        let first_message = 62;
        assert!(
            end <= first_message || end >= whole.len() - 1 || elements >= 2,
            "{end}"
        );
    }
}

fn crushed(text: &[u8], paths: &[&str], value_bytes: usize) -> (Vec<u8>, usize) {
    let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
    let mut crusher = Crusher::new(Options {
        paths,
        ..Options::default()
    })
    .unwrap();
    let opening = Opening::Longer {
        value_bytes,
        leaf_bytes: 1 << 20,
        max_depth: 64,
    };
    let (cuts, _) = cuts_of(&mut Random::new(3, 8), text, opening, 1 << 20);
    let mut out = Vec::new();
    let mut payloads = 0;
    for cut in &cuts {
        let Cut::Block(block) = cut else { panic!("a piece") };
        let crushed = Block::crush_elements(&mut crusher, block);
        assert!(crushed.failures.is_empty());
        payloads += crushed.payloads.len();
        out.extend(crushed.compacted);
    }
    (out, payloads)
}

fn conversation() -> Vec<u8> {
    let rows: Vec<String> = (0..40)
        .map(|row| format!("{{\"id\": {row}, \"state\": \"ok\", \"name\": \"file {row}\"}}"))
        .collect();
    let rows = serde_json::to_string(&format!("[{}]", rows.join(", "))).unwrap();
    let message = format!("  {{\"role\": \"tool\", \"name\": \"ls\", \"content\": {rows}}}");
    let messages = vec![message; 6].join(",\n");
    format!("{{\"model\": \"<<ccr:lit>>\", \"messages\": [\n{messages}\n], \"other\": [[1, 2], {{}}]}}\n")
        .into()
}

#[test]
fn a_text_is_crushed_to_the_same_bytes_in_elements_as_in_one() {
    let text = conversation();
    let paths = [".messages[*]{role=tool}.content:string @ .name"];
    let (whole, payloads) = crushed(&text, &paths, text.len());
    assert!(payloads == 6 && whole.len() < text.len() / 2);
    for value_bytes in [9000, 4000, 30] {
        let (cut, found) = crushed(&text, &paths, value_bytes);
        if value_bytes > 30 {
            assert_eq!((show(&cut), found), (show(&whole), payloads), "{value_bytes}");
        } else {
            // The messages themselves are opened: a test on one of their members doesn't hold any more.
            assert_eq!(found, 0);
        }
    }
}

#[test]
fn a_path_to_an_opened_value_selects_its_elements_unless_another_leads_into_them() {
    let text = conversation();
    let (cut, payloads) = crushed(&text, &[".messages"], 4000);
    assert_eq!(payloads, 6);
    assert!(cut.len() < text.len() / 2);
    let (deeper, payloads) = crushed(&text, &[".messages", ".messages[*].content"], 4000);
    assert_eq!(payloads, 6);
    assert_eq!(
        show(&deeper),
        show(&crushed(&text, &[".messages[*].content"], 4000).0)
    );
}

#[test]
fn long_values_come_in_pieces_and_the_cut_goes_on_behind_them() {
    let long = format!("\"{}\\\\\"", "x\\\"y".repeat(PIECE_BYTES / 2));
    let text = format!("{{\"a\": [1, {long} , 2], \"b\": 3}}");
    let opening = Opening::Longer {
        value_bytes: 64,
        leaf_bytes: 1000,
        max_depth: 64,
    };
    let (cuts, is_whole) = cuts_of(&mut Random::new(5, 8), text.as_bytes(), opening, 1 << 20);
    assert!(is_whole);
    assert_eq!(joined(&cuts), text.as_bytes());
    let pieces: Vec<usize> = cuts
        .iter()
        .filter_map(|cut| match cut {
            Cut::Piece(piece) => Some(piece.bytes.len()),
            Cut::Block(_) => None,
        })
        .collect();
    assert_eq!(pieces.iter().sum::<usize>(), long.len());
    assert!(pieces.iter().rev().skip(1).all(|length| *length == PIECE_BYTES));
    let last = cuts.last().map(bytes_of).unwrap();
    assert_eq!(last, b" , 2], \"b\": 3}");
}

#[test]
fn hostile_nesting_ends_and_comes_back() {
    for text in [
        "[".repeat(200_000),
        "{\"a\":".repeat(50_000),
        "]".repeat(1000),
        "[{]".repeat(5000),
    ] {
        let opening = Opening::Longer {
            value_bytes: 1000,
            leaf_bytes: 4000,
            max_depth: 64,
        };
        let (cuts, is_whole) = cuts_of(&mut Random::new(5, 8), text.as_bytes(), opening, 1 << 16);
        assert!(!is_whole);
        assert_eq!(joined(&cuts), text.as_bytes());
    }
}
