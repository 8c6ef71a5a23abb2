//! Where restored text goes: into memory, or past the text that it has to be.

/// Takes text piece by piece.
pub(crate) trait Output {
    /// Appends a piece.
    fn push(&mut self, text: &[u8]);
    /// Bytes appended so far.
    fn position(&self) -> usize;
    /// Takes back all behind a position at which a piece ended.
    fn rewind(&mut self, position: usize);

    /// What is expected from here on, where all so far is as expected.
    fn expected(&self) -> Option<&[u8]> {
        None
    }

    /// Appends so many bytes of what is expected.
    fn advance(&mut self, _bytes: usize) {}
}

impl Output for Vec<u8> {
    #[inline]
    fn push(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }

    fn position(&self) -> usize {
        self.len()
    }

    fn rewind(&mut self, position: usize) {
        self.truncate(position);
    }
}

/// Compares pieces with a text instead of keeping them: a proof needs no second copy of what it proves.
pub(crate) struct Comparison<'a> {
    expected: &'a [u8],
    position: usize,
    /// Where the first piece begins that differs.
    differs_from: Option<usize>,
}

impl<'a> Comparison<'a> {
    pub fn new(expected: &'a [u8]) -> Self {
        Self {
            expected,
            position: 0,
            differs_from: None,
        }
    }

    /// True if the pieces are the whole text.
    pub fn is_same(&self) -> bool {
        self.same() == Some(self.expected.len())
    }

    /// How many bytes the pieces have that the text begins with, if it does.
    pub fn same(&self) -> Option<usize> {
        self.differs_from.is_none().then_some(self.position)
    }
}

impl Output for Comparison<'_> {
    #[inline]
    fn push(&mut self, text: &[u8]) {
        let end = self.position + text.len();
        if self.differs_from.is_none() && self.expected.get(self.position..end) != Some(text) {
            self.differs_from = Some(self.position);
        }
        self.position = end;
    }

    fn position(&self) -> usize {
        self.position
    }

    fn rewind(&mut self, position: usize) {
        self.position = position;
        self.differs_from = self.differs_from.filter(|from| *from < position);
    }

    fn expected(&self) -> Option<&[u8]> {
        self.same().and_then(|position| self.expected.get(position..))
    }

    fn advance(&mut self, bytes: usize) {
        self.position += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Output};

    #[test]
    fn pieces_are_compared_and_what_was_taken_back_is_forgotten() {
        let compared = |pieces: &[&str], back_to: usize, rest: &str| {
            let mut comparison = Comparison::new(b"one two");
            for piece in pieces {
                comparison.push(piece.as_bytes());
            }
            comparison.rewind(back_to);
            comparison.push(rest.as_bytes());
            comparison.is_same()
        };
        assert!(compared(&["one", " two"], 7, ""));
        assert!(compared(&["one", " 2"], 3, " two"));
        assert!(compared(&["one two three"], 0, "one two"));
        assert!(!compared(&["one", " 2"], 5, "wo"));
        assert!(!compared(&["one", " two"], 7, " three"));
        assert!(!compared(&["one"], 3, ""));
    }
}
