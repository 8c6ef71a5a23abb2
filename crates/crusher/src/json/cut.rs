//! Large JSON texts, cut into values that are small enough to hold, without ever holding a whole text.
//!
//! A [`Cutter`] takes a file in chunks of any size. It follows the values of each text and gives out blocks:
//! bytes in order, and in them the *elements*, which are whole values. A value longer than a limit is
//! *opened*: its brackets, keys, colons and commas stay between the elements, and its own members or
//! elements are cut in turn. So a text of two gigabytes whose bulk is one array gives one element for each
//! element of that array, whatever its key is called, and one for each short member around it.
//!
//! A string or number over a limit of its own comes in pieces. So does everything from the first byte on that
//! can't stand where it does. A text that ends too early is opened as far as it goes, so that what is whole in
//! it is still cut into elements.
//!
//! Only strings, brackets and the grammar of opened values are looked at. Whether an element is JSON is for
//! whoever takes it.
//!
//! The file is long because it is one state machine: each step reads and moves the same few fields, and its
//! states are understood only together.

use std::collections::VecDeque;

use memchr::memchr2;
use wide::u8x16;

use crate::json::bytes::{chunk_at, skip_space, string_length};

/// Size of the pieces of a value that is too long to hold; only the last may be smaller.
pub const PIECE_BYTES: usize = 8 << 20;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What a cutter opens.
#[derive(Clone, Debug)]
pub enum Opening {
    /// Every array and object of more than so many bytes.
    Longer {
        /// Bytes of an array or object that stays whole.
        value_bytes: usize,
        /// Bytes of a string or number that stays whole; a longer one comes in pieces.
        leaf_bytes: usize,
        /// How many values may be opened around an element.
        max_depth: usize,
    },
    /// The values that begin at these bytes of the file, which another cutter's blocks have named.
    At(VecDeque<u64>),
}

/// What stands around an element: the brackets and keys of the opened values that it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Opening brackets and keys, outermost first.
    pub before: Vec<u8>,
    /// The closing brackets.
    pub after: Vec<u8>,
}

/// An element of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// First byte in the block.
    pub start: usize,
    /// Byte behind it.
    pub end: usize,
    /// Index of its envelope in the block.
    pub envelope: usize,
}

/// Bytes of a file, and the elements in them.
#[derive(Clone, Debug, Default)]
pub struct CutBlock {
    /// Bytes from the start of the file to the block.
    pub offset: u64,
    /// All bytes of the block; what is in no element stands between elements.
    pub bytes: Vec<u8>,
    /// The elements, in order.
    pub elements: Vec<Element>,
    /// What stands around them.
    pub envelopes: Vec<Envelope>,
    /// Where in the block the opened values begin, in order.
    pub opened: Vec<usize>,
}

/// Why bytes come in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A string or number is over its limit.
    Long,
    /// Too many values are nested, each too long to stay whole.
    Deep,
    /// From here on the file isn't JSON, or the text isn't complete; it says what was expected.
    Broken(&'static str),
}

/// A piece of a value that is too long, or of what stands behind the last byte that makes sense.
#[derive(Clone, Debug)]
pub struct CutPiece {
    /// Bytes from the start of the file to the piece.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// No more pieces of the same value follow.
    pub last: bool,
    /// Why it is a piece.
    pub reason: Reason,
    /// It is of the rest of the file: nothing is cut behind it.
    pub rest: bool,
}

/// What a cutter gives.
#[derive(Clone, Debug)]
pub enum Cut {
    /// A block with its elements.
    Block(CutBlock),
    /// A piece.
    Piece(CutPiece),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
}

/// A value that was opened and isn't closed yet.
#[derive(Clone, Debug)]
struct OpenValue {
    close: u8,
    /// The key of the member at hand, with its quotes.
    key: Vec<u8>,
}

/// A value that is being read. Places count from the start of the block at hand.
#[derive(Clone, Copy, Debug)]
struct ValueScan {
    start: usize,
    at: usize,
    /// Brackets open in it.
    depth: usize,
    in_string: bool,
    /// All of it is read.
    done: bool,
    /// It comes in pieces.
    long: bool,
}

/// Cuts one file; see the module.
///
/// # Examples
/// ```
/// use headroom_crusher::json::cut::{Cut, Cutter, Opening};
/// let opening = Opening::Longer { value_bytes: 12, leaf_bytes: 64, max_depth: 8 };
/// let mut cutter = Cutter::new(opening, 1 << 20);
/// let mut cuts = cutter.push(br#"{"id": 7, "log": [{"a": 1}, {"b""#);
/// cuts.extend(cutter.push(br#": 2}]}"#));
/// cuts.extend(cutter.finish());
/// let Some(Cut::Block(block)) = cuts.first() else { panic!("one block") };
/// let texts: Vec<&[u8]> = block.elements.iter().map(|at| &block.bytes[at.start..at.end]).collect();
/// assert_eq!(texts, [&br#"7"#[..], br#"{"a": 1}"#, br#"{"b": 2}"#]);
/// assert_eq!(block.envelopes[1].before, br#"{"log":["#);
/// ```
#[derive(Debug)]
pub struct Cutter {
    opening: Opening,
    block_bytes: usize,
    /// What was read and not given out begins at `start` of it.
    text: Vec<u8>,
    start: usize,
    /// Where in the file the block at hand begins.
    offset: u64,
    /// Everything before this place of the block is read.
    at: usize,
    open: Vec<OpenValue>,
    expect: Expect,
    value: Option<ValueScan>,
    elements: Vec<Element>,
    envelopes: Vec<Envelope>,
    opened: Vec<usize>,
    /// The last of `envelopes` isn't what stands around the next element.
    moved: bool,
    rest: Option<Reason>,
    ended: bool,
    cuts: Vec<Cut>,
}

enum Read {
    /// The value ends here.
    End(usize),
    More,
}

impl Cutter {
    /// A cutter for one file. A block ends with the first element or token that ends behind `block_bytes`, so
    /// blocks don't depend on chunks.
    #[must_use]
    pub fn new(opening: Opening, block_bytes: usize) -> Self {
        Self {
            opening,
            block_bytes: block_bytes.max(1),
            text: Vec::new(),
            start: 0,
            offset: 0,
            at: 0,
            open: Vec::new(),
            expect: Expect::Value,
            value: None,
            elements: Vec::new(),
            envelopes: Vec::new(),
            opened: Vec::new(),
            moved: true,
            rest: None,
            ended: false,
            cuts: Vec::new(),
        }
    }

    /// Takes the next bytes of the file, and gives what is complete.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<Cut> {
        // What was given out is dropped when it is most of the text, so that each byte moves about once.
        if self.start > self.text.len() / 2 {
            self.text.drain(..self.start);
            self.start = 0;
        }
        self.text.extend_from_slice(chunk);
        self.run();
        std::mem::take(&mut self.cuts)
    }

    /// Ends the file, and gives the rest.
    pub fn finish(&mut self) -> Vec<Cut> {
        self.ended = true;
        self.run();
        std::mem::take(&mut self.cuts)
    }

    /// True when nothing is wrong with the texts so far and, after `finish`, all of them are complete.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest.is_none() && (!self.ended || self.open.is_empty())
    }

    fn view(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }

    fn run(&mut self) {
        while self.rest.is_none() {
            if let Some(value) = self.value {
                if !self.on_value(value) {
                    return;
                }
            } else if !self.on_token() {
                break;
            }
        }
        if self.rest.is_some() {
            self.give_rest();
        } else if self.ended {
            self.give_block(self.view().len());
        }
    }

    /// Reads on in a value; false when more bytes are needed.
    fn on_value(&mut self, value: ValueScan) -> bool {
        let mut value = value;
        let read = self.read_value(&mut value);
        self.value = Some(value);
        if value.long {
            return self.give_pieces(value, &read);
        }
        let (length, is_leaf) = match read {
            Read::End(end) => (end - value.start, value.is_leaf(self.view())),
            Read::More => (self.view().len() - value.start, value.is_leaf(self.view())),
        };
        if let Opening::Longer {
            value_bytes,
            leaf_bytes,
            ..
        } = self.opening
        {
            if is_leaf && length > leaf_bytes.max(value_bytes) {
                self.give_block(value.start);
                if let Some(value) = &mut self.value {
                    value.long = true;
                }
                return true;
            }
            if !is_leaf && length > value_bytes {
                self.open_value(value.start);
                return true;
            }
        }
        match read {
            Read::End(end) => self.take_element(value.start, end),
            Read::More if !self.ended => return false,
            Read::More if is_leaf => self.stop(value.start, Reason::Broken("the text ends inside a value")),
            Read::More => self.open_value(value.start),
        }
        true
    }

    /// Moves on in a value as far as bytes are there.
    fn read_value(&self, value: &mut ValueScan) -> Read {
        let text = self.view();
        if value.done {
            return Read::End(value.at);
        }
        loop {
            if value.in_string {
                let rest = text.get(value.at..).unwrap_or_default();
                let Some(found) = memchr2(b'"', b'\\', rest) else {
                    value.at = text.len();
                    return Read::More;
                };
                if rest.get(found) == Some(&b'\\') {
                    // An escape whose second byte isn't there yet is read again.
                    value.at += found;
                    if text.len() < value.at + 2 {
                        return Read::More;
                    }
                    value.at += 2;
                    continue;
                }
                value.at += found + 1;
                value.in_string = false;
            } else if value.depth > 0 {
                value.at = next_bracket(text, value.at);
                match text.get(value.at) {
                    Some(b'"') => value.in_string = true,
                    Some(b'{' | b'[') => value.depth += 1,
                    Some(_) => value.depth -= 1,
                    None => return Read::More,
                }
                value.at += 1;
            } else {
                // A number or a word, or more likely nonsense.
                while text.get(value.at).is_some_and(|byte| is_bare(*byte)) {
                    value.at += 1;
                }
                return if value.at < text.len() || self.ended {
                    Read::End(value.at)
                } else {
                    Read::More
                };
            }
            if value.depth == 0 && !value.in_string {
                value.done = true;
                return Read::End(value.at);
            }
        }
    }

    /// Reads one token of the opened values; false at the end of the bytes.
    fn on_token(&mut self) -> bool {
        if self.offset == 0 && self.at == 0 {
            if self.view().len() < BOM.len() && !self.ended {
                return false;
            }
            if self.view().starts_with(BOM) {
                self.at = BOM.len();
            }
        }
        let end = skip_space(self.view(), self.at);
        // Whitespace may be of any length.
        self.at = end.min(self.block_bytes.max(self.at));
        if self.at >= self.block_bytes {
            self.give_block(self.at);
            return true;
        }
        let Some(byte) = self.view().get(self.at).copied() else {
            return false;
        };
        match (self.expect, byte) {
            (Expect::KeyOrClose, b'}')
            | (Expect::ValueOrClose, b']')
            | (Expect::CommaOrClose, b'}' | b']') => self.close(byte),
            (Expect::CommaOrClose, b',') => {
                self.at += 1;
                self.expect = match self.open.last() {
                    Some(OpenValue { close: b'}', .. }) => Expect::Key,
                    _ => Expect::Value,
                };
            }
            (Expect::Colon, b':') => {
                self.at += 1;
                self.expect = Expect::Value;
            }
            (Expect::Key | Expect::KeyOrClose, b'"') => return self.on_key(),
            (Expect::Value | Expect::ValueOrClose, _) if !matches!(byte, b',' | b':' | b'}' | b']') => {
                self.begin_value(byte);
            }
            (Expect::CommaOrClose, _) => {
                self.stop(self.at, Reason::Broken("expected ',' or a closing bracket"));
            }
            (Expect::Colon, _) => self.stop(self.at, Reason::Broken("expected ':'")),
            (Expect::Key | Expect::KeyOrClose, _) => self.stop(self.at, Reason::Broken("expected a key")),
            _ => self.stop(self.at, Reason::Broken("expected a value")),
        }
        true
    }

    fn close(&mut self, byte: u8) {
        if self.open.last().is_none_or(|open| open.close != byte) {
            self.stop(self.at, Reason::Broken("expected another closing bracket"));
            return;
        }
        self.open.pop();
        self.at += 1;
        self.moved = true;
        self.expect_behind_value();
    }

    fn expect_behind_value(&mut self) {
        self.expect = if self.open.is_empty() {
            Expect::Value
        } else {
            Expect::CommaOrClose
        };
    }

    /// Reads a key; false when more bytes are needed.
    fn on_key(&mut self) -> bool {
        let mut scan = ValueScan::new(self.at, b'"');
        let read = self.read_value(&mut scan);
        let length = scan.at - scan.start;
        if let Opening::Longer { leaf_bytes, .. } = self.opening
            && length > leaf_bytes
        {
            self.stop(self.at, Reason::Long);
            return true;
        }
        match read {
            Read::End(end) => {
                let key = self.view().get(self.at..end).unwrap_or_default().to_vec();
                if let Some(open) = self.open.last_mut() {
                    open.key = key;
                }
                self.at = end;
                self.moved = true;
                self.expect = Expect::Colon;
                true
            }
            Read::More if self.ended => {
                self.stop(self.at, Reason::Broken("the text ends inside a key"));
                true
            }
            Read::More => false,
        }
    }

    fn begin_value(&mut self, byte: u8) {
        if let Opening::At(places) = &mut self.opening {
            let place = self.offset + self.at as u64;
            while places.front().is_some_and(|next| *next < place) {
                places.pop_front();
            }
            if places.front() == Some(&place) && matches!(byte, b'{' | b'[') {
                self.open_value(self.at);
                return;
            }
        }
        self.value = Some(ValueScan::new(self.at, byte));
    }

    fn open_value(&mut self, start: usize) {
        if let Opening::Longer { max_depth, .. } = self.opening
            && self.open.len() >= max_depth
        {
            self.stop(start, Reason::Deep);
            return;
        }
        let is_object = self.view().get(start) == Some(&b'{');
        self.opened.push(start);
        self.open.push(OpenValue {
            close: if is_object { b'}' } else { b']' },
            key: Vec::new(),
        });
        self.expect = if is_object {
            Expect::KeyOrClose
        } else {
            Expect::ValueOrClose
        };
        self.value = None;
        self.at = start + 1;
        self.moved = true;
    }

    fn take_element(&mut self, start: usize, end: usize) {
        self.value = None;
        if self.is_in_pieces(start, end) {
            self.give_block(start);
            let length = end - start;
            self.add_element(0, length);
            self.give_block(length);
        } else {
            self.add_element(start, end);
            if end >= self.block_bytes {
                self.give_block(end);
            }
        }
        self.expect_behind_value();
    }

    fn add_element(&mut self, start: usize, end: usize) {
        if self.moved {
            let mut around = Envelope::default();
            for open in &self.open {
                if open.close == b'}' {
                    around.before.push(b'{');
                    around.before.extend_from_slice(&open.key);
                    around.before.push(b':');
                } else {
                    around.before.push(b'[');
                }
            }
            around.after.extend(self.open.iter().rev().map(|open| open.close));
            self.envelopes.push(around);
            self.moved = false;
        }
        self.elements.push(Element {
            start,
            end,
            envelope: self.envelopes.len().saturating_sub(1),
        });
        self.at = end;
    }

    /// True for what may stand for a value in pieces, each a marker. It is a block of its own, since its
    /// originals may be of any size.
    fn is_in_pieces(&self, start: usize, end: usize) -> bool {
        let element = self.view().get(start..end).unwrap_or_default();
        matches!(self.opening, Opening::At(_))
            && element.starts_with(b"\"<<")
            && memchr::memmem::find(element, b">><<").is_some()
    }

    /// From `start` on, nothing is cut any more.
    fn stop(&mut self, start: usize, reason: Reason) {
        self.value = None;
        self.give_block(start);
        self.rest = Some(reason);
    }

    /// Gives out the block at hand, which ends at this place; the next one begins there.
    fn give_block(&mut self, end: usize) {
        let elements = std::mem::take(&mut self.elements);
        let envelopes = std::mem::take(&mut self.envelopes);
        let opened = std::mem::take(&mut self.opened);
        self.moved = true;
        if end == 0 {
            return;
        }
        let offset = self.offset;
        let bytes = self.take(end);
        self.cuts.push(Cut::Block(CutBlock {
            offset,
            bytes,
            elements,
            envelopes,
            opened,
        }));
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let bytes = self.view().get(..end).unwrap_or_default().to_vec();
        self.start += end;
        self.offset += end as u64;
        self.at = self.at.saturating_sub(end);
        if let Some(value) = &mut self.value {
            value.start = value.start.saturating_sub(end);
            value.at = value.at.saturating_sub(end);
        }
        bytes
    }

    fn give_piece(&mut self, length: usize, last: bool, reason: Reason) {
        let offset = self.offset;
        let bytes = self.take(length);
        self.cuts.push(Cut::Piece(CutPiece {
            offset,
            bytes,
            last,
            reason,
            rest: self.rest.is_some(),
        }));
    }

    /// Gives pieces of a long value, which begins where the block does; false when more bytes are needed.
    fn give_pieces(&mut self, value: ValueScan, read: &Read) -> bool {
        let mut known = match read {
            Read::End(end) => *end,
            Read::More => value.at,
        };
        while known > PIECE_BYTES {
            self.give_piece(PIECE_BYTES, false, Reason::Long);
            known -= PIECE_BYTES;
        }
        match read {
            Read::End(_) => {
                self.value = None;
                self.give_piece(known, true, Reason::Long);
                self.at = 0;
                self.expect_behind_value();
                true
            }
            // The file ends inside: its last bytes are a piece of the same value, and the last thing in it.
            Read::More if self.ended => {
                self.value = None;
                self.rest = Some(Reason::Long);
                true
            }
            Read::More => false,
        }
    }

    fn give_rest(&mut self) {
        let Some(reason) = self.rest else { return };
        while self.view().len() > PIECE_BYTES {
            self.give_piece(PIECE_BYTES, false, reason);
        }
        if self.ended && !self.view().is_empty() {
            self.give_piece(self.view().len(), true, reason);
        }
    }
}

impl ValueScan {
    fn new(start: usize, byte: u8) -> Self {
        let (depth, in_string) = (usize::from(matches!(byte, b'{' | b'[')), byte == b'"');
        Self {
            start,
            at: start + usize::from(depth > 0 || in_string),
            depth,
            in_string,
            done: false,
            long: false,
        }
    }

    fn is_leaf(&self, text: &[u8]) -> bool {
        !matches!(text.get(self.start), Some(b'{' | b'['))
    }
}

/// True for a byte that may stand in a number or word, and for any that JSON has no use for.
fn is_bare(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']'
    )
}

/// The place of the first quote or bracket from `at` on; the end if there is none.
fn next_bracket(text: &[u8], mut at: usize) -> usize {
    // `{` and `[` differ in one bit only, and so do `}` and `]`.
    let (quote, open, close) = (u8x16::splat(b'"'), u8x16::splat(b'{'), u8x16::splat(b'}'));
    while let Some(chunk) = chunk_at(text, at) {
        let bytes = u8x16::new(*chunk);
        let folded = bytes | u8x16::splat(0x20);
        let found = bytes.cmp_eq(quote) | folded.cmp_eq(open) | folded.cmp_eq(close);
        let mask = found.move_mask();
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += chunk.len();
    }
    let rest = text.get(at..).unwrap_or_default();
    let found = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'));
    found.map_or(text.len(), |found| at + found)
}

/// The end of the array or object that begins at `start`, as its brackets and strings tell; none if the text
/// ends before.
pub(crate) fn container_end(text: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        at = next_bracket(text, at);
        match text.get(at)? {
            b'"' => at += string_length(text.get(at..)?)?,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            _ => (at, depth) = (at + 1, depth.checked_sub(1)?),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}
