//! Lists and dictionaries as Python prints them: `[{'id': 1, 'ok': True}]`. They are read as JSON, and
//! printed from it again.

use crate::json::bytes::{skip_space, string_length};
use crate::json::output::Output;
use crate::json::spelling::{self, Spelling};

/// Python's words, and what they become as JSON.
const WORDS: [(&[u8], &[u8]); 3] = [(b"True", b"true"), (b"False", b"false"), (b"None", b"null")];

/// Characters above U+007F that Python escapes, because they can't be seen: controls, separators, marks of
/// direction, private ones. Python escapes others, too; a text with those isn't printed from JSON.
const HIDDEN: [(u32, u32); 14] = [
    (0x80, 0xa0),
    (0xad, 0xad),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x1680, 0x1680),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x206f),
    (0x3000, 0x3000),
    (0xe000, 0xf8ff),
    (0xfeff, 0xfeff),
    (0xfff0, 0xfffb),
    (0xe0000, 0xe0fff),
    (0xf0000, 0x0010_ffff),
];

/// What was read from the start of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// Compact JSON.
    pub json: Vec<u8>,
    /// The bytes of the text that it stands for.
    pub length: usize,
    /// The elements of the outermost list are tuples.
    pub tuples: bool,
}

/// Reads the list or dictionary that a text begins with. None if there is none, or if printing doesn't give
/// the same bytes.
pub(crate) fn read(text: &[u8], max_depth: usize) -> Option<Read> {
    let mut reader = Reader {
        text,
        at: 0,
        json: Vec::new(),
        tuples: false,
    };
    reader.value(max_depth)?;
    let Reader {
        at: length,
        json,
        tuples,
        ..
    } = reader;
    let mut printed = Vec::with_capacity(length);
    let is_same = print(&json, tuples, length, &mut printed) && text.get(..length) == Some(&printed);
    is_same.then_some(Read { json, length, tuples })
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    json: Vec<u8>,
    tuples: bool,
}

impl Reader<'_> {
    fn take(&mut self, expected: &[u8]) -> bool {
        let stands = self.rest().starts_with(expected);
        self.at += if stands { expected.len() } else { 0 };
        stands
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads one list or dictionary.
    fn value(&mut self, max_depth: usize) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match *self.rest().first()? {
                b'{' if open.len() < max_depth => {
                    self.at += 1;
                    self.json.push(b'{');
                    open.push(b'}');
                    if !self.rest().starts_with(b"}") {
                        self.key()?;
                        continue;
                    }
                }
                byte @ (b'[' | b'(') if open.len() < max_depth => {
                    let is_tuple = byte == b'(';
                    if is_tuple && open != b"]" {
                        return None;
                    }
                    self.tuples |= is_tuple;
                    self.at += 1;
                    self.json.push(b'[');
                    open.push(if is_tuple { b')' } else { b']' });
                    if self.rest().first() != open.last() {
                        continue;
                    }
                }
                b'\'' | b'"' if !open.is_empty() => self.string()?,
                b'-' | b'0'..=b'9' if !open.is_empty() => self.number(),
                _ if !open.is_empty() => self.word()?,
                _ => return None,
            }
            // A comma follows, or the end of one or more containers.
            loop {
                let close = *open.last()?;
                let is_single = close == b')' && self.rest().starts_with(b",)");
                self.at += usize::from(is_single);
                if self.take(&[close]) {
                    open.pop();
                    self.json.push(if close == b'}' { b'}' } else { b']' });
                    if open.is_empty() {
                        return Some(());
                    }
                    continue;
                }
                if !self.take(b", ") {
                    return None;
                }
                self.json.push(b',');
                if close == b'}' {
                    self.key()?;
                }
                break;
            }
        }
    }

    /// Reads the key of a member, a string, and its colon.
    fn key(&mut self) -> Option<()> {
        self.string()?;
        self.json.push(b':');
        self.take(b": ").then_some(())
    }

    fn word(&mut self) -> Option<()> {
        let rest = self.rest();
        let (word, json) = WORDS.into_iter().find(|(word, _)| rest.starts_with(word))?;
        self.at += word.len();
        self.json.extend_from_slice(json);
        Some(())
    }

    /// Reads what may be a number. Whether it is one, a scan of the JSON tells.
    fn number(&mut self) {
        let is_of_number =
            |byte: &&u8| byte.is_ascii_digit() || matches!(**byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(is_of_number).count();
        let number = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.json.extend_from_slice(number);
        self.at += length;
    }

    fn string(&mut self) -> Option<()> {
        let quote = *self.rest().first().filter(|byte| matches!(byte, b'\'' | b'"'))?;
        self.at += 1;
        let mut text = Vec::new();
        loop {
            let rest = self.rest();
            let length = memchr::memchr3(quote, b'\\', b'\n', rest)?;
            text.extend_from_slice(rest.get(..length)?);
            let special = *rest.get(length)?;
            self.at += length + 1;
            if special == quote {
                break;
            }
            if special == b'\n' {
                return None;
            }
            self.escape(&mut text)?;
        }
        self.json.push(b'"');
        spelling::encode(&text, Spelling::MINIMAL, &mut self.json);
        self.json.push(b'"');
        Some(())
    }

    /// Reads what stands behind a backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let letter = *self.rest().first()?;
        self.at += 1;
        let (plain, digits) = match letter {
            b'n' => (b'\n', 0),
            b'r' => (b'\r', 0),
            b't' => (b'\t', 0),
            b'\\' | b'\'' | b'"' => (letter, 0),
            b'x' => (0, 2),
            b'u' => (0, 4),
            b'U' => (0, 8),
            _ => return None,
        };
        if digits == 0 {
            out.push(plain);
            return Some(());
        }
        let code = std::str::from_utf8(self.rest().get(..digits)?).ok()?;
        let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        self.at += digits;
        Some(())
    }
}

/// Prints JSON as Python does. With `tuples`, the arrays directly in the outermost array are tuples. Returns
/// false for a string that isn't Unicode text, and once `out` has grown by more than `max_bytes`.
#[must_use]
pub(crate) fn print(json: &[u8], tuples: bool, max_bytes: usize, out: &mut impl Output) -> bool {
    let end = out.position().saturating_add(max_bytes);
    // The closing bracket of each open container, and the number of its elements.
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut at = skip_space(json, 0);
    let mut text = Vec::new();
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        let mut length = 1;
        if !matches!(byte, b',' | b':' | b']' | b'}')
            && let Some((_, elements)) = open.last_mut()
        {
            *elements += 1;
        }
        match byte {
            b'"' => {
                length = string_length(rest).unwrap_or(rest.len());
                text.clear();
                if !spelling::decode(rest.get(1..length - 1).unwrap_or_default(), &mut text) {
                    return false;
                }
                print_string(&String::from_utf8_lossy(&text), out);
            }
            b'{' => {
                out.push(b"{");
                open.push((b'}', 0));
            }
            b'[' => {
                let is_tuple = tuples && matches!(open.as_slice(), [(b']', _)]);
                let (bracket, close) = if is_tuple { (b'(', b')') } else { (b'[', b']') };
                out.push(&[bracket]);
                open.push((close, 0));
            }
            b']' | b'}' => {
                let (close, elements) = open.pop().unwrap_or((*byte, 0));
                if close == b')' && elements == 1 {
                    out.push(b",");
                }
                out.push(&[close]);
            }
            b',' => out.push(b", "),
            b':' => out.push(b": "),
            _ => {
                let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':' | 0..=b' ');
                length = rest.iter().position(is_end).unwrap_or(rest.len());
                let token = rest.get(..length).unwrap_or_default();
                let word = WORDS.into_iter().find(|(_, json)| *json == token);
                out.push(word.map_or(token, |(word, _)| word));
            }
        }
        if out.position() > end {
            return false;
        }
        at = skip_space(json, at + length.max(1));
    }
    true
}

fn print_string(text: &str, out: &mut impl Output) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let quotes: &[u8] = if quote == '"' { b"\"" } else { b"'" };
    out.push(quotes);
    let mut copied = 0;
    for (at, character) in text.char_indices() {
        let code = u32::from(character);
        let escape = match character {
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\\' => "\\\\".to_owned(),
            _ if character == quote => format!("\\{quote}"),
            '\0'..' ' | '\x7f' => format!("\\x{code:02x}"),
            ..'\x7f' => continue,
            _ if !is_hidden(code) => continue,
            _ if code < 0x100 => format!("\\x{code:02x}"),
            _ if code < 0x1_0000 => format!("\\u{code:04x}"),
            _ => format!("\\U{code:08x}"),
        };
        out.push(text.get(copied..at).unwrap_or_default().as_bytes());
        out.push(escape.as_bytes());
        copied = at + character.len_utf8();
    }
    out.push(text.get(copied..).unwrap_or_default().as_bytes());
    out.push(quotes);
}

fn is_hidden(code: u32) -> bool {
    HIDDEN
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::read;

    /// The JSON that a text is read as, and whether the elements of its list are tuples.
    fn json(text: &str) -> Option<(String, bool)> {
        let read = read(text.as_bytes(), 9)?;
        assert_eq!(read.length, text.trim_end_matches('!').len(), "{text}");
        Some((String::from_utf8_lossy(&read.json).into_owned(), read.tuples))
    }

    #[test]
    fn what_python_prints_is_read_as_json() {
        for (text, expected) in [
            ("[{'id': 1, 'ok': True}]!!", r#"[{"id":1,"ok":true}]"#),
            (
                "{'a': None, 'b': [], 'c': {}, 'd': False}",
                r#"{"a":null,"b":[],"c":{},"d":false}"#,
            ),
            (
                r#"["it's", 'say "x"', 'it\'s "x"']"#,
                r#"["it's","say \"x\"","it's \"x\""]"#,
            ),
            (
                r"['a\nb\t\\ \x1b[0m \x7f é \xa0 \u200b \U000e0001 😀']",
                "[\"a\\nb\\t\\\\ \\u001b[0m \u{7f} é \u{a0} \u{200b} \u{e0001} 😀\"]",
            ),
            (
                "[1e-05, -3, 0.1, 12345678901234567890]",
                "[1e-05,-3,0.1,12345678901234567890]",
            ),
        ] {
            assert_eq!(json(text), Some((expected.to_owned(), false)), "{text}");
        }
        for (text, expected) in [
            ("[(1, 'a'), (2, 'b')]", r#"[[1,"a"],[2,"b"]]"#),
            ("[(1,), (), ([1], {'a': 1})]", r#"[[1],[],[[1],{"a":1}]]"#),
        ] {
            assert_eq!(json(text), Some((expected.to_owned(), true)), "{text}");
        }
    }

    #[test]
    fn what_python_prints_otherwise_is_left_alone() {
        for text in [
            "[1,2]",
            "[1 , 2]",
            "[ 1]",
            "{1: 'a'}",
            "[1, 2",
            "['a]",
            r#"["a"]"#,
            r"['\d']",
            r"['\x41']",
            "['\\u00e9']",
            "((1, 2), 3)",
            "[(1, 2), [3]]",
            "[[(1, 2)]]",
            "[(1, 2,)]",
            "[(1)]",
            "{'a', 'b'}",
            "[datetime.date(2024, 1, 1)]",
            "[b'a']",
            "[nan]",
            "True",
            "'a'",
            "",
            "[",
            "[[[[[[[[[[1]]]]]]]]]]",
            "{'a': 1,}",
            "['a\nb']",
            "{'a'}",
            "['\\ud800']",
        ] {
            assert_eq!(json(text), None, "{text}");
        }
    }
}
