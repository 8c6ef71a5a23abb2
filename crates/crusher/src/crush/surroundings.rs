//! Where an array stands, and what it becomes there.

use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::json::tape::Doc;
use crate::notation::frame::Frame;
use crate::notation::header::Header;

/// What an array became.
pub(crate) struct RenderedArray {
    /// A table, or JSON rows that end with a sentinel.
    pub text: Vec<u8>,
    /// It is a table, which stands in a string.
    pub table: bool,
}

/// Where an array stands, which says what its table must tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Surroundings<'t> {
    /// By itself. `compact`: the text around will be printed without whitespace; `minify`: without a table
    /// this one would be, too.
    Alone {
        frame: Frame,
        compact: bool,
        minify: bool,
    },
    /// Its elements are the lines of this text, in this layout.
    Lines {
        frame: Frame,
        layout: Layout,
        text: &'t [u8],
    },
    /// In a document, whose header tells the layout and this spelling.
    Inside(Spelling),
}

impl<'t> Surroundings<'t> {
    /// What the header of a table says here, but for the layout; the layout, if one is proved; and what goes
    /// into the store when rows go.
    pub fn header(self, doc: &Doc<'t>, index: u32, cells: Spelling) -> (Header, Option<Layout>, &'t [u8]) {
        let raw = doc.raw(doc.node(index));
        let of = |frame, lines| Header {
            lines,
            cells,
            frame,
            ..Header::default()
        };
        match self {
            Self::Alone { frame, compact, .. } => {
                let layout = if compact {
                    Some(Layout::Compact)
                } else {
                    Layout::proved(doc, index)
                };
                (of(frame, false), layout, raw)
            }
            Self::Lines { frame, layout, text } => (of(frame, true), Some(layout), text),
            Self::Inside(_) => (Header::default(), Some(Layout::Compact), raw),
        }
    }
}
