//! Finds the words of a text, and the identifiers made of several words, as hashes.

/// A word of a text.
pub(crate) struct Word {
    pub hash: u64,
    /// Where it begins.
    pub start: u32,
    pub bytes: u32,
    pub has_digit: bool,
    pub has_letter: bool,
    /// True if it is several words, joined by any of `-_./@:+#`.
    pub is_joined: bool,
}

const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;
const HASH_FACTOR: u64 = 0x0000_0100_0000_01b3;

/// The bytes of words as they are, joiners as 1, and all others as 0.
const SPELLED: [u8; 256] = table(0);
/// The same with letters in lower case.
const FOLDED: [u8; 256] = table(b'a' - b'A');

const fn table(lower: u8) -> [u8; 256] {
    let mut table = [0_u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let folded = match byte as u8 {
            letter @ b'A'..=b'Z' => letter + lower,
            b'-' | b'_' | b'.' | b'/' | b'@' | b':' | b'+' | b'#' => 1,
            other @ (b'a'..=b'z' | b'0'..=b'9' | 0x80..=0xff) => other,
            _ => 0,
        };
        if let Some(entry) = table.split_at_mut(byte).1.first_mut() {
            *entry = folded;
        }
        byte += 1;
    }
    table
}

/// Calls `each` for every word, and for every identifier made of several words. Letter case doesn't change
/// their hashes.
pub(crate) fn words(text: &[u8], each: impl FnMut(Word)) {
    each_word(text, &FOLDED, each);
}

/// Like `words`, but `Set` and `set` are two words.
pub(crate) fn spelled_words(text: &[u8], each: impl FnMut(Word)) {
    each_word(text, &SPELLED, each);
}

fn each_word(text: &[u8], table: &[u8; 256], mut each: impl FnMut(Word)) {
    let (mut whole, mut part) = (HASH_START, HASH_START);
    let (mut whole_start, mut part_start) = (0, 0);
    let (mut whole_digit, mut part_digit) = (false, false);
    let (mut whole_letter, mut part_letter) = (false, false);
    // The end of the last word, and the hash of the identifier up to there. Joiners behind that end don't
    // belong to the identifier.
    let (mut end, mut whole_to_end, mut parts) = (0, HASH_START, 0_u32);
    for at in 0..=text.len() {
        let byte = text.get(at).copied().unwrap_or(0);
        let folded = table.get(usize::from(byte)).copied().unwrap_or(0);
        if folded > 1 {
            part = (part ^ u64::from(folded)).wrapping_mul(HASH_FACTOR);
            whole = (whole ^ u64::from(folded)).wrapping_mul(HASH_FACTOR);
            part_digit |= byte.is_ascii_digit();
            part_letter |= !byte.is_ascii_digit();
            continue;
        }
        if at > part_start {
            each(Word {
                hash: spread(part),
                start: part_start as u32,
                bytes: (at - part_start) as u32,
                has_digit: part_digit,
                has_letter: part_letter,
                is_joined: false,
            });
            parts += 1;
            whole_digit |= part_digit;
            whole_letter |= part_letter;
            end = at;
            whole_to_end = whole;
        }
        part = HASH_START;
        part_digit = false;
        part_letter = false;
        part_start = at + 1;
        if folded == 1 && parts > 0 {
            whole = (whole ^ u64::from(byte)).wrapping_mul(HASH_FACTOR);
            continue;
        }
        if parts > 1 {
            let bytes = (end - whole_start) as u32;
            each(Word {
                hash: spread(whole_to_end),
                start: whole_start as u32,
                bytes,
                has_digit: whole_digit,
                has_letter: whole_letter,
                is_joined: true,
            });
        }
        whole = HASH_START;
        whole_start = at + 1;
        whole_digit = false;
        whole_letter = false;
        parts = 0;
    }
}

/// Mixes high bits into the low ones. Multiplication leaves these weak, and the filter of queries uses them.
fn spread(hash: u64) -> u64 {
    hash ^ hash >> 29
}

#[cfg(test)]
mod tests {
    use super::{spelled_words, words};

    fn hash_of(text: &str) -> u64 {
        let mut last = 0;
        words(text.as_bytes(), |word| last = word.hash);
        last
    }

    fn found(text: &str) -> Vec<(u32, bool, bool)> {
        let mut found = Vec::new();
        words(text.as_bytes(), |word| {
            found.push((word.bytes, word.has_digit, word.is_joined));
        });
        found
    }

    #[test]
    fn words_and_the_identifiers_made_of_them_are_found() {
        assert_eq!(
            found("Find order A-12!"),
            [
                (4, false, false),
                (5, false, false),
                (1, false, false),
                (2, true, false),
                (4, true, true)
            ]
        );
        assert_eq!(
            found("--end. a/b/ "),
            [
                (3, false, false),
                (1, false, false),
                (1, false, false),
                (3, false, true)
            ]
        );
        assert_eq!(found(" ,; "), []);
    }

    #[test]
    fn letter_case_and_surroundings_change_no_hash() {
        assert_eq!(hash_of("see (ABC-7.X)."), hash_of("abc-7.x"));
        assert_ne!(hash_of("abc-7.x"), hash_of("abc-7_x"));
        let mut spelled = Vec::new();
        spelled_words(b"Set set", |word| spelled.push((word.hash, word.start)));
        assert!(matches!(spelled.as_slice(), [upper, lower] if upper.0 != lower.0 && lower.1 == 4));
    }
}
