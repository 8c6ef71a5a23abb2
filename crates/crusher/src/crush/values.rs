//! What happens to the values inside a payload: nested arrays, maps, JSON inside strings, long strings.
//!
//! Nothing here prints a whole payload: replacements are collected as edits, and everything else is copied.

use crate::crush::array::{Standing, scaled};
use crate::crush::budget::Counted;
use crate::crush::query::Seen;
pub(crate) use crate::decisions::{Decisions, Strategy};
use crate::digest::hash;
use crate::excerpt::cut::cut;
use crate::excerpt::kind::kind;
use crate::excerpt::shorten::defused;
use crate::excerpt::survey::Interest;
use crate::json::edits::Edits;
use crate::json::scan::Tape;
use crate::json::spelling::{self, Spelling};
use crate::json::tape::{Doc, KEY, Kind, Node, SUSPECT};
use crate::notation::frame::Frame;
use crate::notation::marker::{self, LITERAL};
use crate::notation::reserved::is_reserved_raw;
use crate::options::Options;
use crate::originals::Originals;
use crate::tokens;

/// JSON inside strings inside JSON is followed so many times.
const MAX_STRINGS: usize = 3;

/// Everything that crushing one payload needs and leaves behind.
pub(crate) struct Context<'o> {
    pub options: &'o Options,
    pub originals: &'o mut Originals,
    /// Tapes that aren't in use.
    pub tapes: &'o mut Vec<Tape>,
    /// Text that tells which rows and lines matter.
    pub query: Query<'o>,
    /// Tokens of the payload itself, as estimated: its node, and how many.
    pub tokens: (u32, usize),
    /// Above 1 keeps more, below 1 less.
    pub bias: f64,
    /// Something may go to the store.
    pub lossy: bool,
    /// There is an array that may lose rows, or a text that may be cut.
    pub cuttable: bool,
    pub decisions: Decisions,
    /// Strings around the text at hand.
    pub strings: usize,
    pub counted: Counted,
}

/// The query of a payload and the words its reader has seen, looked for when first needed.
pub(crate) struct Query<'o> {
    find: &'o dyn Fn(&mut Seen) -> String,
    seen: &'o mut Seen,
    found: Option<String>,
}

impl<'o> Query<'o> {
    /// `find` gives the query, and tells `seen` what was said up to the payload.
    pub fn new(find: &'o dyn Fn(&mut Seen) -> String, seen: &'o mut Seen) -> Self {
        let found = None;
        Self { find, seen, found }
    }

    pub fn get(&mut self) -> &str {
        self.interest(&[]).query
    }

    /// What an excerpt is made for.
    pub fn interest<'i>(&'i mut self, keep_patterns: &'i [String]) -> Interest<'i> {
        let query = self.found.get_or_insert_with(|| (self.find)(self.seen));
        Interest {
            query,
            known: &self.seen.words,
            keep_patterns,
        }
    }
}

/// A state to go back to when a change turns out not to pay.
#[derive(Clone)]
pub(crate) struct Mark {
    originals: usize,
    hashes: usize,
    /// Without the hashes, of which there may be many.
    decisions: Decisions,
}

impl Context<'_> {
    pub fn mark(&mut self) -> Mark {
        let hashes = std::mem::take(&mut self.decisions.hashes);
        let mark = Mark {
            originals: self.originals.entries.len(),
            hashes: hashes.len(),
            decisions: self.decisions.clone(),
        };
        self.decisions.hashes = hashes;
        mark
    }

    pub fn undo(&mut self, mark: Mark) {
        self.originals.truncate(mark.originals);
        let mut hashes = std::mem::take(&mut self.decisions.hashes);
        hashes.truncate(mark.hashes);
        self.decisions = mark.decisions;
        self.decisions.hashes = hashes;
    }

    /// Estimated tokens of a value as it stands.
    pub fn tokens_of(&self, doc: &Doc<'_>, index: u32) -> usize {
        let (payload, tokens) = self.tokens;
        if self.strings == 0 && index == payload {
            tokens
        } else {
            tokens::estimate(doc.raw(doc.node(index)))
        }
    }

    /// Strings among others go to the store from so many raw bytes on.
    pub fn long_bytes(&self) -> usize {
        if self.lossy {
            self.options.blob_min_bytes
        } else {
            usize::MAX
        }
    }

    pub fn decide(&mut self, strategy: Strategy) {
        self.decisions.strategy = self.decisions.strategy.max(strategy);
    }

    /// Stores an original; gives its hash, or none if it can't be told from another one by it.
    pub fn offload(&mut self, bytes: &[u8], kind: &'static str, item_count: u64) -> Option<String> {
        let digest = self.originals.put(bytes, kind, item_count)?;
        let hash = hash(&digest, self.options.hash_digits);
        self.decisions.hashes.push(hash.clone());
        Some(hash)
    }

    /// Collects edits for the nodes from `from` to `to`. `compact`: the text around will be printed without whitespace.
    pub fn edit(&mut self, doc: &Doc<'_>, from: u32, to: u32, compact: bool, edits: &mut Edits) {
        let mut at = from;
        while at < to {
            let node = doc.node(at);
            let edit = match node.kind {
                Kind::Array | Kind::Object => self.container(doc, at, compact),
                Kind::String if node.flags & KEY == 0 => self.string(doc, at).or_else(|| literal(doc, node)),
                _ => None,
            };
            at = match edit {
                Some(token) => {
                    edits.push(at, &token);
                    node.next
                }
                None => at + 1,
            };
        }
    }

    /// The JSON token that a container becomes, if it changes as a whole.
    fn container(&mut self, doc: &Doc<'_>, index: u32, compact: bool) -> Option<Vec<u8>> {
        let standing = Standing::Alone {
            frame: Frame::Value,
            compact,
            minify: false,
        };
        let rendered = self.array(doc, index, standing)?;
        Some(if rendered.table {
            quoted(&rendered.text)
        } else {
            rendered.text
        })
    }

    /// The JSON token that a string becomes, if it changes.
    pub fn string(&mut self, doc: &Doc<'_>, index: u32) -> Option<Vec<u8>> {
        let node = doc.node(index);
        let whole = self.strings == 0 && index == self.tokens.0;
        let raw = doc.inner(node);
        let holds_json = matches!(raw.first(), Some(b'{' | b'[')) && self.strings < MAX_STRINGS;
        let least = if whole {
            self.least_text()
        } else {
            self.options.blob_min_bytes
        };
        let is_long = self.lossy && raw.len() >= least;
        if !holds_json && !is_long {
            return None;
        }
        let mut decoded = Vec::with_capacity(raw.len());
        let Some(spelling) = spelling::decode_proved(raw, &mut decoded, &mut Vec::new()) else {
            return if is_long {
                self.raw_blob(doc.raw(node))
            } else {
                None
            };
        };
        if let Some(changed) = holds_json.then(|| self.json_string(&decoded, spelling)).flatten() {
            return Some(quoted(&changed));
        }
        let content = std::str::from_utf8(&decoded).ok().filter(|_| is_long)?;
        let before = tokens::estimate(&decoded);
        self.blob(content, before, spelling, whole)
            .map(|changed| quoted(&changed))
    }

    /// Appends the JSON token that a string becomes, if it changes.
    pub fn write_string(&mut self, doc: &Doc<'_>, index: u32, out: &mut Vec<u8>) -> bool {
        let changed = self.string(doc, index).or_else(|| literal(doc, doc.node(index)));
        changed.is_some_and(|token| {
            out.extend_from_slice(&token);
            true
        })
    }

    /// What a long string of `before` tokens becomes, decoded: a blob marker, and an excerpt where there is something to read. A payload
    /// that is one text (`whole`) may be read up to the payload's budget; a string among others is not what was asked for.
    pub fn blob(&mut self, content: &str, before: usize, spelling: Spelling, whole: bool) -> Option<Vec<u8>> {
        let kind = kind(content);
        let readable = matches!(kind, "text" | "html" | "json");
        let budget = scaled(
            if whole {
                self.options.max_tokens
            } else {
                self.options.excerpt_tokens
            },
            self.bias,
        );
        if readable && whole && self.excess(content.as_bytes(), budget) == 0 {
            return None;
        }
        self.cuttable = true;
        let mark = self.mark();
        let hash = self.offload(content.as_bytes(), kind, 0)?;
        let mut changed = Vec::new();
        marker::write_blob(&hash, kind, content.len(), spelling, &mut changed);
        if readable {
            changed.push(b' ');
            let marker = String::from_utf8_lossy(&changed).into_owned();
            // The marker of a text among others is not counted: its excerpt has a budget of its own.
            let own = if whole { tokens::estimate(&changed) } else { 0 };
            let interest = self.query.interest(&self.options.keep_patterns);
            let excess = |excerpt: &str| {
                let excerpt = defused(excerpt);
                let tokens = if whole {
                    tokens::count(&format!("{marker}{excerpt}"))
                } else {
                    tokens::count(&excerpt)
                };
                tokens.saturating_sub(budget)
            };
            let excerpt = cut(content, budget.saturating_sub(own), interest, &excess);
            if excerpt.text.is_empty() {
                changed.pop();
            }
            changed.extend_from_slice(defused(&excerpt.text).as_bytes());
            self.decisions.lines_total += u64::from(excerpt.lines_total);
            self.decisions.lines_kept += u64::from(excerpt.lines_kept);
            for (rule, count) in excerpt.rules {
                self.decisions.note_kept(rule, count);
            }
        }
        if tokens::estimate(&changed) >= before {
            self.undo(mark);
            return None;
        }
        self.decide(if readable {
            Strategy::Excerpt
        } else {
            Strategy::Blob
        });
        Some(changed)
    }

    /// A raw marker for a long string whose spelling can't be reproduced.
    fn raw_blob(&mut self, token: &[u8]) -> Option<Vec<u8>> {
        let hash = self.offload(token, "raw", 0)?;
        self.decide(Strategy::Blob);
        Some(quoted(marker::raw(&hash, token.len()).as_bytes()))
    }
}

/// A user string that would read as ours, behind `LITERAL`.
pub(crate) fn literal(doc: &Doc<'_>, node: Node) -> Option<Vec<u8>> {
    let raw = doc.inner(node);
    let reserved =
        node.kind == Kind::String && node.flags & (SUSPECT | KEY) == SUSPECT && is_reserved_raw(raw);
    reserved.then(|| [b"\"", LITERAL, raw, b"\""].concat())
}

/// Collects `LITERAL` edits for the nodes from `from` to `to`, and nothing else.
pub(crate) fn literals(doc: &Doc<'_>, from: u32, to: u32, edits: &mut Edits) {
    for at in from..to {
        if let Some(token) = literal(doc, doc.node(at)) {
            edits.push(at, &token);
        }
    }
}

/// Text as a JSON string token.
pub(crate) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut token = Vec::with_capacity(text.len() + text.len() / 16 + 2);
    token.push(b'"');
    spelling::encode(text, Spelling::MINIMAL, &mut token);
    token.push(b'"');
    token
}
