//! The table notation: arrays of objects, and objects of similar objects, as a head and one line a row.
//!
//! `docs/notation.md` is normative. `encode` and `decode` are inverse: `decode` gives the compact JSON text of what
//! was encoded, key order, number spelling and escapes included.

mod cells;
mod decode;
mod encode;

pub use decode::{Tail, decode};
pub use encode::{Cells, Table};

/// Begins a line that holds an irregular row as JSON.
const IRREGULAR: u8 = b'|';
/// Begins a cell in a string column that is JSON.
const JSON_CELL: u8 = b'=';
/// Begins a cell that stands for a whole group, one for each level.
const OVERRIDE: u8 = b'~';
/// Names the key column of a map.
const MAP_KEY: u8 = b'*';

/// True where text may stand bare in a cell; in the head a closing brace must be quoted as well.
fn is_bare(text: &[u8], in_head: bool) -> bool {
    let [first, .., last] = text else {
        return matches!(text, [only] if is_bare_edge(*only) && !(in_head && *only == b'}'));
    };
    is_bare_edge(*first)
        && *last != b' '
        && text != b"null"
        && !text.starts_with(crate::marker::OPEN)
        && !text
            .iter()
            .any(|byte| *byte == b',' || *byte < b' ' || (in_head && *byte == b'}'))
}

fn is_bare_edge(byte: u8) -> bool {
    byte > b' ' && !matches!(byte, b'"' | b'[' | b'{' | b',' | JSON_CELL | OVERRIDE | IRREGULAR)
}

/// True where a key's raw text may stand bare in the head.
fn is_bare_key(key: &[u8]) -> bool {
    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"_-$@/#+ ".contains(byte);
    key.iter().all(bare) && !key.is_empty() && key.first() != Some(&b' ') && key.last() != Some(&b' ')
}
