//! Learns a text's layout from the whitespace that the scan skips.

use crate::json::bytes::skip_space;
use crate::json::layout::Layout;
use crate::json::scan_state::Scanner;

/// Whitespace stands between tokens.
const NOT_COMPACT: u8 = 1;
/// A separator isn't followed by exactly one space, or whitespace stands elsewhere between tokens.
const NOT_SPACED: u8 = 2;
/// A colon isn't followed by exactly one space, or members don't stand one on each line, indented by the same
/// width for each level.
const NOT_INDENTED: u8 = 4;
/// No layout prints the text.
const IRREGULAR: u8 = NOT_COMPACT | NOT_SPACED | NOT_INDENTED;

/// Returns the first layout that `spacing` doesn't rule out, if there is one.
pub(super) fn layout_of(spacing: u8, width: usize) -> Option<Layout> {
    if spacing & NOT_COMPACT == 0 {
        Some(Layout::Compact)
    } else if spacing & NOT_SPACED == 0 {
        Some(Layout::Spaced)
    } else {
        let is_indented = spacing & NOT_INDENTED == 0 && (1..=8).contains(&width);
        is_indented.then_some(Layout::Indent(width as u8))
    }
}

impl Scanner<'_, '_> {
    /// Skips whitespace in a place where no layout has any.
    #[inline]
    pub(super) fn space(&mut self, at: usize) -> usize {
        if self.byte(at).is_some_and(|byte| byte > b' ') {
            return at;
        }
        self.spacing |= IRREGULAR;
        skip_space(self.text, at)
    }

    /// Skips whitespace behind a colon.
    #[inline]
    pub(super) fn behind_colon(&mut self, at: usize) -> usize {
        if let Some([b' ', next, ..]) = self.text.get(at..)
            && *next > b' '
        {
            self.spacing |= NOT_COMPACT;
            return at + 1;
        }
        self.spacing |= NOT_SPACED | NOT_INDENTED;
        self.space(at)
    }

    /// Skips whitespace behind an opening bracket.
    #[inline]
    pub(super) fn opened(&mut self, at: usize) -> usize {
        match self.byte(at) {
            Some(b']' | b'}') => return at,
            Some(byte) if byte > b' ' => {
                self.spacing |= NOT_INDENTED;
                return at;
            }
            _ => {}
        }
        let end = skip_space(self.text, at);
        if self.open.len() == 1 {
            self.width = (end - at).saturating_sub(1);
        }
        self.note_line_break(at, end, self.open.len());
        if matches!(self.byte(end), Some(b']' | b'}')) {
            // No layout has whitespace in an empty container.
            self.spacing |= IRREGULAR;
        }
        end
    }

    /// Skips whitespace behind a value, before a comma or a closing bracket.
    #[inline]
    pub(super) fn before_close(&mut self, at: usize) -> usize {
        match self.byte(at) {
            Some(b',') => at,
            Some(byte) if byte > b' ' => {
                // The innermost container isn't empty, so an indented layout would break the line here.
                self.spacing |= NOT_INDENTED;
                at
            }
            _ => {
                let end = skip_space(self.text, at);
                self.note_line_break(at, end, self.open.len() - 1);
                if self.byte(end) == Some(b',') {
                    self.spacing |= IRREGULAR;
                }
                end
            }
        }
    }

    /// Skips whitespace behind a comma.
    #[inline]
    pub(super) fn behind_comma(&mut self, at: usize) -> usize {
        match self.text.get(at..) {
            Some([first, ..]) if *first > b' ' => {
                self.spacing |= NOT_SPACED | NOT_INDENTED;
                at
            }
            Some([b' ', second, ..]) if *second > b' ' => {
                self.spacing |= NOT_COMPACT | NOT_INDENTED;
                at + 1
            }
            _ => {
                let end = skip_space(self.text, at);
                self.note_line_break(at, end, self.open.len());
                end
            }
        }
    }

    /// Notes whitespace in a place where an indented layout breaks the line and indents by `depth` levels.
    fn note_line_break(&mut self, from: usize, to: usize, depth: usize) {
        self.spacing |= NOT_COMPACT | NOT_SPACED;
        let is_line = to - from == 1 + depth * self.width
            && match self.text.get(from..to) {
                Some([b'\n', rest @ ..]) => rest.iter().all(|byte| *byte == b' '),
                _ => false,
            };
        if !is_line {
            self.spacing |= NOT_INDENTED;
        }
    }
}
