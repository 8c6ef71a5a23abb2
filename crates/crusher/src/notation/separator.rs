//! What stands between JSON values that follow one another without an array around them.

/// What stands between two values. The flag `j` says that something does, and the letter or digit behind it
/// what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A line feed.
    Line,
    /// A carriage return and a line feed.
    CrLf,
    /// A line feed and an empty line.
    EmptyLine,
    /// A space.
    Space,
    /// Nothing.
    Nothing,
    /// A comma, as in an array that is cut off.
    Comma,
    /// A comma and a space.
    CommaSpace,
}

impl Separator {
    const ALL: [(Self, &[u8], &[u8]); 7] = [
        (Self::CrLf, b"jr", b"\r\n"),
        (Self::EmptyLine, b"j2", b"\n\n"),
        (Self::Space, b"jb", b" "),
        (Self::Nothing, b"j0", b""),
        (Self::Comma, b"jy", b","),
        (Self::CommaSpace, b"jz", b", "),
        // The others begin with these flags, too.
        (Self::Line, b"j", b"\n"),
    ];

    /// Returns the separator with this text, if there is one.
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(_, _, own)| *own == text)
            .map(|(separator, ..)| *separator)
    }

    /// Returns the bytes that stand between two values.
    pub(crate) fn text(self) -> &'static [u8] {
        self.entry().2
    }

    /// Appends the flags.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.entry().1);
    }

    /// Reads the flags at the start of `text`. Returns the separator, or none, and the rest.
    pub(crate) fn read(text: &[u8]) -> (Option<Self>, &[u8]) {
        for (separator, flags, _) in Self::ALL {
            if let Some(rest) = text.strip_prefix(flags) {
                return (Some(separator), rest);
            }
        }
        (None, text)
    }

    fn entry(self) -> (Self, &'static [u8], &'static [u8]) {
        let mut all = Self::ALL.into_iter();
        all.find(|(separator, ..)| *separator == self)
            .unwrap_or((Self::Line, b"j", b"\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::Separator;

    #[test]
    fn flags_and_texts_lead_back_to_their_separator() {
        for (separator, flags, text) in Separator::ALL {
            let mut written = Vec::new();
            separator.write(&mut written);
            assert_eq!(written, flags);
            written.extend_from_slice(b"ps]");
            assert_eq!(Separator::read(&written), (Some(separator), b"ps]".as_slice()));
            assert_eq!((separator.text(), Separator::of(text)), (text, Some(separator)));
        }
        assert_eq!(Separator::read(b"ps]"), (None, b"ps]".as_slice()));
        assert_eq!(Separator::of(b"\t"), None);
    }
}
