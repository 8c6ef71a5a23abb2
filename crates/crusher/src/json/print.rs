//! Prints JSON in a layout: a scanned text, or text that was just written.

use crate::json::bytes::{skip_space, string_length};
use crate::json::edits::Edits;
use crate::json::layout::Layout;
use crate::json::output::Output;
use crate::json::python;
use crate::json::tape::{Doc, Kind, Node};

impl Layout {
    /// Prints the subtree at `index` in this layout. Tokens are copied as they stand, except where `edits`
    /// replace a node.
    pub fn print(self, doc: &Doc<'_>, index: u32, edits: &Edits, out: &mut Vec<u8>) {
        if self == Self::Compact {
            print_compact(doc, index, edits, out);
        } else {
            self.walk(doc, index, edits, out);
        }
    }

    /// Prints JSON text of any layout in this one. Stops and returns false once `out` has grown by more than
    /// `max_bytes`, because indentation multiplies. Also stops at a string that Python wouldn't print.
    #[must_use]
    pub(crate) fn spread(self, json: &[u8], max_bytes: usize, out: &mut impl Output) -> bool {
        if let Self::Python { tuples } = self {
            return python::print(json, tuples, max_bytes, out);
        }
        let end = out.position().saturating_add(max_bytes);
        let colon: &[u8] = if self == Self::Compact { b"" } else { b" " };
        let comma: &[u8] = if self == Self::Spaced { b" " } else { b"" };
        let is_broken = self.is_broken();
        let text = |from: usize, to: usize| json.get(from..to).unwrap_or_default();
        // The text from `copied` to `at` is yet to be printed, as it stands.
        let (mut copied, mut at, mut depth) = (0, 0, 0_usize);
        while let Some(mut byte) = json.get(at) {
            if *byte == b'"' {
                // A separator follows most strings.
                at += string_length(text(at, json.len())).unwrap_or(json.len() - at);
                let Some(behind) = json.get(at) else { break };
                byte = behind;
            }
            match byte {
                b',' | b':' => {
                    at += 1;
                    out.push(text(copied, at));
                    copied = at;
                    if *byte == b':' {
                        out.push(colon);
                    } else {
                        out.push(comma);
                        self.break_line(depth, out);
                    }
                    if out.position() > end {
                        return false;
                    }
                }
                b' ' | b'\n' | b'\r' | b'\t' => {
                    out.push(text(copied, at));
                    at = skip_space(json, at);
                    copied = at;
                }
                b'[' | b'{' if is_broken => {
                    at += 1;
                    out.push(text(copied, at));
                    at = skip_space(json, at);
                    copied = at;
                    if matches!(json.get(at), Some(b']' | b'}')) {
                        at += 1;
                    } else {
                        depth += 1;
                        self.break_line(depth, out);
                    }
                }
                b']' | b'}' if is_broken => {
                    out.push(text(copied, at));
                    copied = at;
                    at += 1;
                    depth = depth.saturating_sub(1);
                    self.break_line(depth, out);
                    if out.position() > end {
                        return false;
                    }
                }
                _ => at += 1,
            }
        }
        out.push(text(copied, json.len()));
        out.position() <= end
    }

    /// Prints the subtree at `index` node by node.
    pub(super) fn walk(self, doc: &Doc<'_>, index: u32, edits: &Edits, out: &mut impl Printer) {
        let end = doc.node(index).next;
        let mut edits = edits.iter().peekable();
        let mut open: Vec<PrintedContainer> = Vec::new();
        let mut at = index;
        while at < end && !out.is_full() {
            let node = doc.node(at);
            let depth = open.len();
            if let Some(top) = open.last_mut() {
                self.separate(top, depth, out);
            }
            while edits.peek().is_some_and(|(edited, _)| *edited < at) {
                edits.next();
            }
            let edit = edits.next_if(|(edited, _)| *edited == at);
            at += 1;
            match (node.kind, edit) {
                (_, Some((_, replacement))) => {
                    out.push(replacement);
                    at = node.next;
                }
                (Kind::Array | Kind::Object, None) => {
                    let (bracket, close) = if node.kind == Kind::Array {
                        (b'[', b']')
                    } else {
                        (b'{', b'}')
                    };
                    out.push(&[bracket]);
                    if node.count == 0 {
                        out.push(&[close]);
                    } else {
                        let is_object = node.kind == Kind::Object;
                        open.push(PrintedContainer {
                            close,
                            next: node.next,
                            is_object,
                            key: is_object,
                            first: true,
                        });
                    }
                }
                (_, None) => out.token(doc, node),
            }
            while let Some(top) = open.last() {
                if top.next != at {
                    break;
                }
                let close = top.close;
                open.pop();
                self.break_line(open.len(), out);
                out.push(&[close]);
            }
        }
    }

    /// Prints what stands before a node in its container `top`.
    fn separate(self, top: &mut PrintedContainer, depth: usize, out: &mut impl Printer) {
        if top.is_object && !top.key {
            out.push(if self == Self::Compact { b":" } else { b": " });
            top.key = true;
            return;
        }
        top.key = false;
        if !top.first {
            out.push(if self == Self::Spaced { b", " } else { b"," });
        }
        top.first = false;
        self.break_line(depth, out);
    }

    /// In an indented layout, breaks the line and indents by `depth` levels.
    #[inline]
    fn break_line(self, depth: usize, out: &mut impl Output) {
        let (line, width) = match self {
            Self::Compact | Self::Spaced | Self::Python { .. } => return,
            Self::Indent(width) | Self::CrIndent(width) => (SPACES, width as usize),
            Self::Tab | Self::CrTab => (TABS, 1),
        };
        if matches!(self, Self::CrIndent(_) | Self::CrTab) {
            out.push(b"\r");
        }
        let mut left = 1 + depth * width;
        let first = left.min(line.len());
        out.push(line.get(..first).unwrap_or_default());
        left -= first;
        while left > 0 {
            let more = left.min(line.len() - 1);
            out.push(line.get(1..=more).unwrap_or_default());
            left -= more;
        }
    }
}

/// Prints a subtree without whitespace, and with the replacements in it.
fn print_compact(doc: &Doc<'_>, index: u32, edits: &Edits, out: &mut Vec<u8>) {
    if doc.layout == Some(Layout::Compact) {
        edits.splice(doc, index, out);
        return;
    }
    let between = |from: u32, to: u32| doc.text.get(from as usize..to as usize).unwrap_or_default();
    let root = doc.node(index);
    let mut edits = edits.iter().skip_while(|(edited, _)| *edited < index).peekable();
    // The text from `copied` on is yet to be printed. Up to `token` it holds no whitespace.
    let (mut copied, mut token) = (root.start, root.start);
    let is_spaced = doc.layout == Some(Layout::Spaced);
    let print = |copied: &mut u32, token: u32, to: u32, out: &mut Vec<u8>| {
        let gap = between(token, to);
        if is_spaced {
            if gap.last() == Some(&b' ') {
                out.extend_from_slice(between(*copied, to - 1));
                *copied = to;
            }
        } else if gap.iter().any(|byte| *byte <= b' ') {
            out.extend_from_slice(between(*copied, token));
            out.extend(gap.iter().filter(|byte| **byte > b' '));
            *copied = to;
        }
    };
    let mut at = index;
    while at < root.next {
        let node = doc.node(at);
        print(&mut copied, token, node.start, out);
        let edit = edits.next_if(|(edited, _)| *edited == at);
        at += 1;
        token = match node.kind {
            Kind::Array | Kind::Object => node.start + 1,
            _ => node.end,
        };
        if let Some((_, replacement)) = edit {
            out.extend_from_slice(between(copied, node.start));
            out.extend_from_slice(replacement);
            (copied, token) = (node.end, node.end);
            at = node.next;
        }
    }
    print(&mut copied, token, root.end, out);
    out.extend_from_slice(between(copied, root.end));
}

/// A line feed and the indentation behind it.
const SPACES: &[u8] = b"\n                                                                ";
const TABS: &[u8] = b"\n\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";

/// Takes a scanned text while it is printed.
pub(super) trait Printer: Output {
    /// Takes a token as it stands in the scanned text.
    #[inline]
    fn token(&mut self, doc: &Doc<'_>, node: Node) {
        self.push(doc.raw(node));
    }

    /// Returns true if no more text is wanted.
    fn is_full(&self) -> bool {
        false
    }
}

impl Printer for Vec<u8> {}

/// An open container while printing.
struct PrintedContainer {
    close: u8,
    next: u32,
    is_object: bool,
    /// The next node is a key.
    key: bool,
    first: bool,
}
