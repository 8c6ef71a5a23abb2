//! Cuts any text into elements, with limits from its first bytes. The cuts join to the text, whatever the
//! chunks it comes in. Elements that were crushed one by one come back byte for byte, also in a text that ends
//! too early.
#![no_main]

use std::collections::VecDeque;

use headroom_crusher::json::cut::{Cut, CutBlock, Cutter, Opening, Reason};
use headroom_crusher::{Block, Crusher, Lookup, Options, restore_record};
use libfuzzer_sys::fuzz_target;

fn cuts(text: &[u8], opening: Opening, block_bytes: usize, chunk_bytes: usize) -> Vec<Cut> {
    let mut cutter = Cutter::new(opening, block_bytes);
    let mut cuts: Vec<Cut> = text
        .chunks(chunk_bytes)
        .flat_map(|chunk| cutter.push(chunk))
        .collect();
    cuts.extend(cutter.finish());
    cuts
}

fn bytes_of(cut: &Cut) -> &[u8] {
    match cut {
        Cut::Block(block) => &block.bytes,
        Cut::Piece(piece) => &piece.bytes,
    }
}

struct Originals<'b>(&'b [Block]);

impl Lookup for Originals<'_> {
    fn get(&self, hash: &str) -> Option<&[u8]> {
        self.0.iter().find_map(|block| block.originals.get(hash))
    }
}

fn restore(block: &CutBlock, originals: &Originals, out: &mut Vec<u8>) {
    let mut at = 0;
    for element in &block.elements {
        out.extend_from_slice(&block.bytes[at..element.start]);
        at = element.end;
        restore_record(&block.bytes[element.start..at], originals, out).expect("it restores");
    }
    out.extend_from_slice(&block.bytes[at..]);
}

fuzz_target!(|data: &[u8]| {
    let [value, block, chunk, text @ ..] = data else {
        return;
    };
    let opening = Opening::Longer {
        value_bytes: 1 + usize::from(*value),
        // No string comes in pieces, which are put away whole.
        leaf_bytes: 1 << 16,
        max_depth: 16,
    };
    let block_bytes = 1 + usize::from(*block);
    let whole = cuts(text, opening.clone(), block_bytes, text.len().max(1));
    let joined: Vec<u8> = whole.iter().flat_map(bytes_of).copied().collect();
    assert_eq!(joined, text);
    let in_chunks = cuts(text, opening, block_bytes, 1 + usize::from(*chunk));
    assert_eq!(format!("{whole:?}"), format!("{in_chunks:?}"));

    let paths = ["$..content", "..[*]|json"]
        .iter()
        .filter_map(|path| path.parse().ok());
    let options = Options {
        paths: paths.collect(),
        min_tokens_to_crush: 0,
        // An element that doesn't restore must fail here, and not stay as it was.
        verify: false,
        ..Options::default()
    };
    let mut crusher = Crusher::new(options).expect("valid options");
    let (mut compacted, mut opened, mut tail) = (Vec::new(), VecDeque::new(), &b""[..]);
    let mut blocks = Vec::new();
    for cut in &whole {
        match cut {
            Cut::Block(block) => {
                let crushed = Block::crush_elements(&mut crusher, block);
                assert_eq!(crushed.records.len(), block.elements.len());
                opened.extend(crushed.opened.iter().map(|at| (compacted.len() + at) as u64));
                compacted.extend_from_slice(&crushed.compacted);
                blocks.push(crushed);
            }
            Cut::Piece(piece) if piece.reason == Reason::Long => return,
            Cut::Piece(piece) => tail = &piece.bytes,
        }
    }
    let mut restored = Vec::new();
    for cut in cuts(&compacted, Opening::At(opened), 300, 1 << 16) {
        let Cut::Block(block) = cut else {
            panic!("the compacted text can't be cut again")
        };
        restore(&block, &Originals(&blocks), &mut restored);
    }
    restored.extend_from_slice(tail);
    assert_eq!(restored, text);
});
