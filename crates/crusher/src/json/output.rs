//! Outputs of restored text: one keeps it in memory, one compares it with the expected text.

/// Takes text piece by piece.
pub(crate) trait Output {
    /// Appends a piece.
    fn push(&mut self, text: &[u8]);
    /// Returns how many bytes were appended so far.
    fn position(&self) -> usize;
    /// Drops everything behind a position at which a piece ended.
    fn rewind(&mut self, position: usize);

    /// Returns the expected text from here on, if everything so far is as expected. An output that only keeps
    /// text expects nothing.
    fn expected(&self) -> Option<&[u8]> {
        None
    }

    /// Appends this many of the next expected bytes.
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

/// Compares pieces with the expected text instead of keeping them: a proof then needs no second copy.
pub(crate) struct Comparison<'a> {
    expected: &'a [u8],
    position: usize,
    /// Where the first piece that differs begins.
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

    /// Returns true if the pieces are the whole expected text.
    pub fn is_same(&self) -> bool {
        self.matching_bytes() == Some(self.expected.len())
    }

    /// Returns how many bytes the pieces have, if the expected text begins with them.
    pub fn matching_bytes(&self) -> Option<usize> {
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
        self.matching_bytes()
            .and_then(|position| self.expected.get(position..))
    }

    fn advance(&mut self, bytes: usize) {
        self.position += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Output};

    #[test]
    fn pieces_are_compared_and_rewound_ones_are_forgotten() {
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
