//! The place of an array in its text, and the text that replaces it there.

use crate::json::layout::Layout;
use crate::json::spelling::Spelling;
use crate::json::tape::Doc;
use crate::notation::frame::Frame;
use crate::notation::header::Header;

/// The text that replaces an array.
pub(crate) struct RenderedArray {
    /// A table, or JSON rows that end with a sentinel.
    pub text: Vec<u8>,
    /// True if it is a table.
    pub table: bool,
}

/// The place of an array. It decides what the header of the array's table must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Surroundings<'t> {
    /// A value, or the content of a string. `compact`: the text around it is printed without whitespace.
    /// `minify`: if it becomes no table, it is printed without whitespace itself.
    Alone {
        frame: Frame,
        compact: bool,
        minify: bool,
    },
    /// A text that isn't JSON as it stands. The header says how it comes back from JSON.
    Printed { header: Header, text: &'t [u8] },
    /// In a document, whose header gives the layout and this spelling.
    Inside(Spelling),
}

impl<'t> Surroundings<'t> {
    /// Returns the header of the array's table without its layout, the layout if it is proved, and the text
    /// that goes into the store when rows are dropped.
    pub fn header(self, doc: &Doc<'t>, index: u32, cells: Spelling) -> (Header, Option<Layout>, &'t [u8]) {
        let raw = doc.raw(doc.node(index));
        match self {
            Self::Alone { frame, compact, .. } => {
                let layout = if compact {
                    Some(Layout::Compact)
                } else {
                    Layout::proved(doc, index)
                };
                let header = Header {
                    cells,
                    frame,
                    ..Header::default()
                };
                (header, layout, raw)
            }
            Self::Printed { header, text } => (Header { cells, ..header }, Some(header.layout), text),
            Self::Inside(_) => (Header::default(), Some(Layout::Compact), raw),
        }
    }
}
