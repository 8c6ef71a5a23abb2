//! Writes JSON values without the quotes that nobody needs.

use crate::json::spelling::{self, Spelling};
use crate::json::tape::{Doc, ESCAPED, Kind, NON_ASCII, Node};
use crate::notation::grammar::{Place, is_bare, is_bare_key, is_bare_text};

/// The most strings that are looked at to guess how a text is spelled.
const GUESSED_STRINGS: usize = 64;

/// Replaces long strings, and containers.
pub(crate) trait Replacer {
    /// Appends the replacement of a string, a JSON string token. Returns false if the string stays.
    fn string(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool;
    /// Returns the number of raw bytes from which on a string may be replaced.
    fn long_bytes(&self) -> usize;
    /// Appends the replacement of a container in a cell or inside a value. Returns false if the container is
    /// to be written member by member.
    fn container(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool;
}

/// Writes values, with bare strings of one spelling.
pub(crate) struct Writer<'p, P> {
    replacer: &'p mut P,
    spelling: Spelling,
    scratch: Vec<u8>,
}

/// Appends a value for a place.
pub(crate) fn write_value<P: Replacer>(
    doc: &Doc<'_>,
    index: u32,
    place: Place,
    spelling: Spelling,
    replacer: &mut P,
    out: &mut Vec<u8>,
) {
    Writer::new(spelling, replacer).value(doc, index, place, out);
}

/// An open container while writing.
struct WrittenContainer {
    close: u8,
    next: u32,
    is_object: bool,
    first: bool,
}

impl<'p, P: Replacer> Writer<'p, P> {
    pub fn new(spelling: Spelling, replacer: &'p mut P) -> Self {
        let scratch = Vec::new();
        Self {
            replacer,
            spelling,
            scratch,
        }
    }

    /// Appends a value.
    #[inline]
    pub fn value(&mut self, doc: &Doc<'_>, index: u32, place: Place, out: &mut Vec<u8>) {
        let node = doc.node(index);
        match node.kind {
            Kind::String => self.string(doc, index, place, out),
            Kind::Array | Kind::Object if node.count > 0 => self.container(doc, index, out),
            Kind::Array => out.extend_from_slice(b"[]"),
            Kind::Object => out.extend_from_slice(b"{}"),
            _ => out.extend_from_slice(doc.raw(node)),
        }
    }

    /// Appends the replacement of a container. Returns false if there is none.
    pub fn replaced(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        let node = doc.node(index);
        matches!(node.kind, Kind::Array | Kind::Object)
            && node.count > 0
            && self.replacer.container(doc, index, out)
    }

    /// Appends a container member by member.
    fn container(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) {
        let end = doc.node(index).next;
        let mut open: Vec<WrittenContainer> = Vec::new();
        let mut at = index;
        while at < end {
            let mut place = Place::Array;
            if let Some(top) = open.last_mut() {
                // The line feed behind a table stands for the comma.
                if !top.first && out.last() != Some(&b'\n') {
                    out.push(b',');
                }
                top.first = false;
                if top.is_object {
                    write_key(doc.inner(doc.node(at)), out);
                    out.push(b':');
                    at += 1;
                    place = Place::Object;
                }
            }
            let node = doc.node(at);
            let is_container = matches!(node.kind, Kind::Array | Kind::Object) && node.count > 0;
            if is_container && (at == index || !self.replacer.container(doc, at, out)) {
                let is_object = node.kind == Kind::Object;
                let (bracket, close) = if is_object { (b'{', b'}') } else { (b'[', b']') };
                out.push(bracket);
                open.push(WrittenContainer {
                    close,
                    next: node.next,
                    is_object,
                    first: true,
                });
                at += 1;
            } else {
                // A member without a value is null.
                let is_null = node.kind == Kind::Null && place == Place::Object;
                if !is_container && !is_null {
                    self.value(doc, at, place, out);
                }
                at = node.next;
            }
            while let Some(top) = open.pop_if(|top| top.next == at) {
                out.push(top.close);
            }
        }
    }

    /// Appends a string or its replacement. A string stands without quotes if it is read back as the same.
    #[inline]
    fn string(&mut self, doc: &Doc<'_>, index: u32, place: Place, out: &mut Vec<u8>) {
        if !self.replacer.string(doc, index, out) && !self.bare(doc, doc.node(index), place, is_bare, out) {
            out.extend_from_slice(doc.raw(doc.node(index)));
        }
    }

    /// Returns true if the `Replacer` may replace a string.
    pub fn is_long(&self, doc: &Doc<'_>, index: u32) -> bool {
        doc.inner(doc.node(index)).len() >= self.replacer.long_bytes()
    }

    /// Appends the key of a row of a map.
    pub fn map_key(&mut self, doc: &Doc<'_>, key: Node, out: &mut Vec<u8>) {
        if !self.bare(doc, key, Place::Cell, is_bare_text, out) {
            out.extend_from_slice(doc.raw(key));
        }
    }

    /// Appends a string without quotes, if `fits` allows its text and reading gives its spelling back.
    #[inline]
    fn bare(
        &mut self,
        doc: &Doc<'_>,
        node: Node,
        place: Place,
        fits: fn(&[u8], Place) -> bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let raw = doc.inner(node);
        if is_plain(node, raw, self.spelling) {
            if !fits(raw, place) {
                return false;
            }
            out.extend_from_slice(raw);
            return true;
        }
        let mark = out.len();
        if !spelling::decode_as(raw, self.spelling, out, &mut self.scratch) {
            return false;
        }
        if fits(out.get(mark..).unwrap_or_default(), place) {
            return true;
        }
        out.truncate(mark);
        false
    }
}

/// Returns true if a raw string is its own text, and `spelling` spells that text the same way.
#[inline]
pub(crate) fn is_plain(node: Node, raw: &[u8], spelling: Spelling) -> bool {
    let unescaped = |byte: &u8| !matches!(byte, b'<' | b'>' | b'&' | b'/' | 0x7f..);
    node.flags & ESCAPED == 0
        && (spelling == Spelling::MINIMAL || node.flags & NON_ASCII == 0 && raw.iter().all(unescaped))
}

/// Appends a key, without quotes if it may stand bare.
pub(crate) fn write_key(raw: &[u8], out: &mut Vec<u8>) {
    if is_bare_key(raw) {
        out.extend_from_slice(raw);
    } else {
        out.push(b'"');
        out.extend_from_slice(raw);
        out.push(b'"');
    }
}

/// Guesses the spelling of a value from its first escaped strings. Strings in another spelling are quoted.
#[must_use]
pub(crate) fn spelling_of(doc: &Doc<'_>, index: u32) -> Spelling {
    let nodes = (index..doc.node(index).next).map(|at| doc.node(at));
    let escaped = nodes.filter(|node| node.kind == Kind::String && node.flags & ESCAPED != 0);
    escaped
        .take(GUESSED_STRINGS)
        .fold(Spelling::MINIMAL, |spelling, node| {
            spelling.with(Spelling::guess(doc.inner(node)))
        })
}
