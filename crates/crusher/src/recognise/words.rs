//! A name taken apart into lower-case words: `toolCallId`, `tool_call_id` and `tool.call.id` are the same.

/// The longest name, in bytes, that is taken apart; no format has longer ones for what is looked for here.
const MAX_BYTES: usize = 80;
/// The most words of a name.
const MAX_WORDS: usize = 10;

/// The words of a name, without those of digits only.
#[derive(Clone, Debug)]
pub(super) struct Words {
    letters: [u8; MAX_BYTES],
    ends: [u8; MAX_WORDS],
    count: usize,
    /// Where the last word begins in the name.
    pub last_start: usize,
    /// A word of digits stands before the last word: `messages.3.role`.
    pub numbered_inside: bool,
}

impl Words {
    /// None for a name that is empty, too long, or has an escape in it.
    pub fn of(name: &[u8]) -> Option<Self> {
        if name.is_empty() || name.len() > MAX_BYTES {
            return None;
        }
        let mut words = Self {
            letters: [0; MAX_BYTES],
            ends: [0; MAX_WORDS],
            count: 0,
            last_start: 0,
            numbered_inside: false,
        };
        let (mut length, mut start, mut digits_only, mut digits_seen) = (0_usize, 0_usize, true, false);
        for (at, byte) in name.iter().copied().enumerate() {
            if byte == b'\\' {
                return None;
            }
            let before = at
                .checked_sub(1)
                .and_then(|at| name.get(at))
                .copied()
                .unwrap_or(b' ');
            let behind = name.get(at + 1).copied().unwrap_or(b' ');
            let hump = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || (before.is_ascii_uppercase() && behind.is_ascii_lowercase()));
            if (hump || !byte.is_ascii_alphanumeric()) && length > start {
                if digits_only {
                    length = start;
                    digits_seen = true;
                } else {
                    words.close(length)?;
                    start = length;
                }
            }
            if byte.is_ascii_alphanumeric() {
                if length == start {
                    digits_only = true;
                    words.last_start = at;
                    words.numbered_inside = digits_seen;
                }
                digits_only &= byte.is_ascii_digit();
                *words.letters.get_mut(length)? = byte.to_ascii_lowercase();
                length += 1;
            }
        }
        if length > start && !digits_only {
            words.close(length)?;
        }
        (words.count > 0).then_some(words)
    }

    fn close(&mut self, end: usize) -> Option<()> {
        *self.ends.get_mut(self.count)? = end as u8;
        self.count += 1;
        Some(())
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// A word, counted from the first; empty past the last.
    pub fn at(&self, number: usize) -> &[u8] {
        if number >= self.count {
            return b"";
        }
        let start = number
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| usize::from(*end));
        let end = self.ends.get(number).map_or(0, |end| usize::from(*end));
        self.letters.get(start..end).unwrap_or_default()
    }

    /// A word, counted from the last, which is 0.
    pub fn back(&self, number: usize) -> &[u8] {
        self.count
            .checked_sub(number + 1)
            .map_or(b"", |number| self.at(number))
    }

    /// True where the name has one of these words.
    pub fn has(&self, any_of: &[&str]) -> bool {
        (0..self.count).any(|number| is(self.at(number), any_of))
    }

    /// True where the name is exactly this one word.
    pub fn only(&self, any_of: &[&str]) -> bool {
        self.count == 1 && is(self.at(0), any_of)
    }
}

/// True for a word that is one of these.
pub(super) fn is(word: &[u8], any_of: &[&str]) -> bool {
    any_of.iter().any(|known| known.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn words(name: &str) -> Vec<String> {
        Words::of(name.as_bytes()).map_or_else(Vec::new, |words| {
            (0..words.len())
                .map(|number| String::from_utf8_lossy(words.at(number)).into_owned())
                .collect()
        })
    }

    #[test]
    fn every_way_of_writing_a_name_gives_the_same_words() {
        for name in [
            "toolCallId",
            "tool_call_id",
            "tool.call.id",
            "tool-call id",
            "ToolCallID",
            "TOOL_CALL_ID",
        ] {
            assert_eq!(words(name), ["tool", "call", "id"], "{name}");
        }
        assert_eq!(words("MCPToolResult"), ["mcp", "tool", "result"]);
        assert_eq!(words("_type"), ["type"]);
        assert_eq!(words("'tool'"), ["tool"]);
    }

    #[test]
    fn words_of_digits_are_left_out() {
        assert_eq!(words("observation_12"), ["observation"]);
        assert_eq!(words("in.messages.3.role"), ["in", "messages", "role"]);
        assert_eq!(words("v2_result"), ["v2", "result"]);
        assert_eq!(words("17"), Vec::<String>::new());
        assert!(Words::of(b"messages.3.role").is_some_and(|words| words.numbered_inside));
        assert!(Words::of(b"observation_12").is_some_and(|words| !words.numbered_inside));
    }

    #[test]
    fn a_name_that_is_empty_escaped_or_too_long_has_no_words() {
        for name in ["", "a\\u0062", "--", &"x".repeat(81), &"a_".repeat(12)] {
            assert_eq!(words(name), Vec::<String>::new(), "{name}");
        }
    }
}
