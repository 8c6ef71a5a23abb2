//! Mixed texts: the lengths of their parts, which stand behind the header.
//!
//! Text and crushed JSON take turns, text first. `{20,300}` says that 20 bytes of text and 300 bytes of
//! crushed JSON come first. The rest, which is never empty, takes the next turn.

/// Appends the lengths of the parts of a mixed text, and the line feed behind them.
pub(crate) fn write_lengths(lengths: &[usize], out: &mut Vec<u8>) {
    out.push(b'{');
    for (number, length) in lengths.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(length.to_string().as_bytes());
    }
    out.extend_from_slice(b"}\n");
}

/// Returns the parts of a mixed text, which begins with their lengths: text and crushed JSON in turn. None
/// for text that isn't spelled like that.
pub(crate) fn parts(text: &[u8]) -> Option<Vec<&[u8]>> {
    let text = text.strip_prefix(b"{")?;
    let end = text.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b','))?;
    let (lengths, rest) = text.split_at(end);
    let mut rest = rest.strip_prefix(b"}\n")?;
    let mut parts = Vec::new();
    for digits in lengths.split(|byte| *byte == b',') {
        let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let is_canonical = digits == b"0" || digits.first() != Some(&b'0');
        if !is_canonical || (length == 0 && !parts.is_empty()) || length >= rest.len() {
            return None;
        }
        let (part, behind) = rest.split_at(length);
        // A part ends with a whole character, whose bytes behind the first are 10xxxxxx.
        if behind.first().is_some_and(|byte| byte & 0xc0 == 0x80) {
            return None;
        }
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::{parts, write_lengths};

    #[test]
    fn parts_come_back_and_other_lengths_are_refused() {
        let mut text = Vec::new();
        write_lengths(&[0, 2, 3], &mut text);
        assert_eq!(text, b"{0,2,3}\n");
        text.extend_from_slice("abcöd".as_bytes());
        let expected: Vec<&[u8]> = vec![b"", b"ab", "cö".as_bytes(), b"d"];
        assert_eq!(parts(&text), Some(expected));
        for wrong in [
            "",
            "{}",
            "{}\na",
            "{1}\na",
            "{1}a",
            "{2}\na",
            "{01}\nab",
            "{1,0}\nab",
            "{1,}\nab",
            "{,1}\nab",
            "{-1}\nab",
            "{1, 1}\nabc",
            "{1\nab",
            "{1}\nö",
            "{+1}\nab",
            "{0,0}\nab",
            "{99999999999999999999}\nab",
        ] {
            assert_eq!(parts(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
