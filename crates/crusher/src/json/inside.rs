//! Finds JSON that stands in a text, between lines of other text.
//!
//! Programs print JSON behind what they log, and agents put lines around what a command printed. An array or
//! object is found where it begins a line or follows a colon or a bracket, and where it ends a line. Objects
//! that follow one another with the same few bytes between them are found as one run.

use std::borrow::Cow;

use crate::json::python;
use crate::json::scan::Tape;
use crate::json::words;

/// JSON of fewer bytes isn't looked for: little could be saved.
pub(crate) const LEAST_BYTES: usize = 100;
/// The most values and runs that are found in one text.
const MOST_FOUND: usize = 32;
/// The most bytes between two objects of a run.
const MOST_BETWEEN: usize = 2;
/// A text is read at most so many times, and so many bytes more. Brackets that don't close could cost far
/// more otherwise.
const READINGS: usize = 3;
const MORE_BYTES: usize = 4096;
/// So many values that look like Python's, or like JSON with other words, may turn out to be something else.
const MOST_MISTAKEN: usize = 16;

/// Where JSON stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Where each value begins and ends: one array or object, or several objects.
    pub values: Vec<(usize, usize)>,
    /// The bytes between two values.
    pub between: Vec<u8>,
    /// What stands here.
    pub printer: Printer,
    /// The values as JSON, if they aren't JSON as they stand.
    json: Vec<Vec<u8>>,
}

/// How values are printed that stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Printer {
    /// As JSON.
    Json,
    /// As JSON with words that JSON doesn't have.
    Words,
    /// As Python prints them.
    Python { tuples: bool },
}

impl Inside {
    pub fn start(&self) -> usize {
        self.values.first().map_or(0, |(start, _)| *start)
    }

    pub fn end(&self) -> usize {
        self.values.last().map_or(0, |(_, end)| *end)
    }

    /// Returns the value as JSON, or the array of several values.
    pub fn json<'a>(&'a self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut json = self.values.iter().enumerate().map(|(number, (start, end))| {
            let as_json = self.json.get(number).filter(|json| !json.is_empty());
            as_json.map_or(text.get(*start..*end).unwrap_or_default(), Vec::as_slice)
        });
        if let [_] = self.values.as_slice() {
            return json.next().unwrap_or_default().into();
        }
        let mut array = Vec::with_capacity(text.len() + 2);
        for value in json {
            array.push(if array.is_empty() { b'[' } else { b',' });
            array.extend_from_slice(value);
        }
        array.push(b']');
        array.into()
    }

    /// Returns true if the values come back from their JSON. A string among plain JSON could be taken for one
    /// of the words beside it.
    pub fn comes_back(&self, text: &[u8]) -> bool {
        let mut plain = self
            .values
            .iter()
            .zip(&self.json)
            .filter(|(_, json)| json.is_empty());
        self.printer != Printer::Words
            || plain.all(|((start, end), _)| !words::has_words(text.get(*start..*end).unwrap_or_default()))
    }

    /// Adds a value to a run, if it is printed in the same way. JSON with its own words only may stand
    /// between JSON with others.
    fn add(&mut self, value: Value) -> bool {
        let Value {
            start,
            end,
            printer,
            json,
        } = value;
        let fits = match (self.printer, printer) {
            (Printer::Json | Printer::Words, Printer::Json | Printer::Words) => true,
            (known, other) => known == other,
        };
        if !fits {
            return false;
        }
        self.values.push((start, end));
        self.json.push(json);
        if printer == Printer::Words {
            self.printer = printer;
        }
        true
    }
}

/// Returns where JSON stands in a text, in order.
pub(crate) fn find(text: &[u8], tape: &mut Tape, max_depth: usize) -> Vec<Inside> {
    let mut finder = Finder {
        text,
        tape,
        max_depth,
        left_bytes: text.len() * READINGS + MORE_BYTES,
        left_mistakes: MOST_MISTAKEN,
    };
    let (mut found, mut from, mut open) = (Vec::new(), 0, None);
    for at in memchr::memchr2_iter(b'{', b'[', text) {
        if found.len() >= MOST_FOUND {
            break;
        }
        if at < from {
            continue;
        }
        let is_element = open.take() == Some(at);
        if !(is_element || may_begin(text, at)) || !may_be_json(text, at) {
            continue;
        }
        let Some(value) = finder.value(at) else {
            // The elements of an array that is cut off may still be whole.
            open = text.get(at + 1).filter(|byte| **byte == b'{').map(|_| at + 1);
            continue;
        };
        let run = finder.run(value);
        let bytes = run.end() - run.start();
        let stands_alone = run.values.len() > 2 || (!is_element && ends_line(text, run.end()));
        if bytes < LEAST_BYTES {
            from = run.end();
        } else if stands_alone {
            from = run.end();
            found.push(run);
        }
    }
    found
}

/// One value that was read.
struct Value {
    start: usize,
    end: usize,
    printer: Printer,
    /// The value as JSON, or nothing if it is JSON as it stands.
    json: Vec<u8>,
}

struct Finder<'a> {
    text: &'a [u8],
    tape: &'a mut Tape,
    max_depth: usize,
    left_bytes: usize,
    left_mistakes: usize,
}

impl Finder<'_> {
    /// Returns the value that begins here, if there is one and the text wasn't read too often.
    fn value(&mut self, start: usize) -> Option<Value> {
        let rest = self.text.get(start..)?;
        if self.left_bytes == 0 {
            return None;
        }
        let end = self.tape.first_end(rest, self.max_depth);
        let (Ok(read) | Err(read)) = end;
        self.left_bytes = self.left_bytes.saturating_sub(read);
        if end.is_ok() {
            return Some(Value {
                start,
                end: start + read,
                printer: Printer::Json,
                json: Vec::new(),
            });
        }
        let byte = *rest.get(read)?;
        let may_be_other = matches!(byte, b'\'' | b'(' | b'T' | b'F' | b'N' | b'I');
        if !may_be_other || self.left_mistakes == 0 {
            return None;
        }
        let value = self.other_value(start, byte);
        // Reading is generous, so a scan tells whether this is JSON.
        let value = value.filter(|value| self.tape.scan_utf8(&value.json, self.max_depth).is_ok());
        match &value {
            Some(value) => self.left_bytes = self.left_bytes.saturating_sub(value.end - start),
            None => self.left_mistakes -= 1,
        }
        value
    }

    /// Returns the value that begins here and isn't JSON from a certain byte on.
    fn other_value(&self, start: usize, byte: u8) -> Option<Value> {
        let rest = self.text.get(start..)?;
        let with_words = || {
            let (json, length) = words::quoted(rest)?;
            Some((json, length, Printer::Words))
        };
        let of_python = || {
            let python::Read { json, length, tuples } = python::read(rest, self.max_depth)?;
            Some((json, length, Printer::Python { tuples }))
        };
        let (json, length, printer) = match byte {
            b'N' | b'I' => with_words().or_else(of_python)?,
            _ => of_python()?,
        };
        Some(Value {
            start,
            end: start + length,
            printer,
            json,
        })
    }

    /// Returns the run of objects that begins with this value, or the value alone.
    fn run(&mut self, first: Value) -> Inside {
        let Value {
            start,
            end,
            printer,
            json,
        } = first;
        let mut run = Inside {
            values: vec![(start, end)],
            between: Vec::new(),
            printer,
            json: vec![json],
        };
        if self.text.get(start) != Some(&b'{') {
            return run;
        }
        let rest = self.text.get(end..).unwrap_or_default();
        let ahead = rest.get(..=MOST_BETWEEN).unwrap_or(rest);
        let Some(length) = memchr::memchr(b'{', ahead) else {
            return run;
        };
        let between = rest.get(..length).unwrap_or_default();
        let mut at = end;
        while self.text.get(at..at + length) == Some(between)
            && self.text.get(at + length) == Some(&b'{')
            && let Some(value) = self.value(at + length)
        {
            let end = value.end;
            if !run.add(value) {
                break;
            }
            at = end;
        }
        if run.values.len() > 1 {
            run.between = between.to_vec();
        }
        run
    }
}

/// Returns true if JSON may begin here: at the start of a line, behind a colon or behind a tag.
fn may_begin(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    match before {
        [] | [.., b'\n' | b'>' | b':'] => true,
        [.., one, b' '] => matches!(one, b':' | b'>'),
        _ => false,
    }
}

/// Returns true if what follows a bracket may be JSON, or what Python prints.
fn may_be_json(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default().trim_ascii_start();
    let words: [&[u8]; 5] = [b"True", b"False", b"None", b"NaN", b"Infinity"];
    match (text.get(at), rest.first()) {
        (_, Some(b'"' | b'\''))
        | (Some(b'['), Some(b'{' | b'[' | b'(' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => true,
        (Some(b'['), _) => words.iter().any(|word| rest.starts_with(word)),
        _ => false,
    }
}

/// Returns true if a line ends here, or a tag follows.
fn ends_line(text: &[u8], end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let rest = rest.trim_ascii_start();
    let skipped = text.get(end..text.len() - rest.len()).unwrap_or_default();
    rest.is_empty() || rest.starts_with(b"</") || skipped.contains(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::{Inside, find};
    use crate::json::scan::Tape;

    /// What stands between brackets here is long enough to be looked for.
    fn long(text: &str) -> String {
        text.replace('%', &"1234567890 ".repeat(10))
    }

    fn found(text: &str) -> Vec<(String, usize, String)> {
        let shown = |inside: &Inside| {
            let all = text.get(inside.start()..inside.end()).unwrap_or_default();
            let between = String::from_utf8_lossy(&inside.between).into_owned();
            (all.to_owned(), inside.values.len(), between)
        };
        find(text.as_bytes(), &mut Tape::default(), 64)
            .iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn json_is_found_where_it_stands_between_other_text() {
        for (before, json, behind) in [
            ("Exit code: 0\nOutput:\n", r#"[{"a":"%"}]"#, ""),
            ("Output: ", r#"{"a":"%"}"#, "\nError: (none)"),
            ("", r#"["%"]"#, "\n3 rows"),
            ("<output>", r#"{"a":"%"}"#, "</output>"),
            ("\n", r#"{ "a": [ 1,"%" ] }"#, " \t\r\nend"),
            ("[INFO] started {now}\n", r#"{"a":"%"}"#, "\n"),
            ("{\"cut\": [\n", r#"[["%"]]"#, ""),
        ] {
            let json = long(json);
            let text = format!("{before}{json}{behind}");
            assert_eq!(found(&text), [(json, 1, String::new())], "{text}");
        }
    }

    #[test]
    fn objects_that_follow_one_another_are_one_run() {
        let object = long(r#"{"a":"%"}"#);
        for between in ["\n", "\n\n", "\r\n", " ", "", ",", ", "] {
            let run = [object.as_str(), &object, &object].join(between);
            for (before, behind) in [
                ("", ""),
                ("Output: ", "\nend"),
                ("[", between),
                ("[", ",{\"a\":\"cut"),
            ] {
                let text = format!("{before}{run}{behind}");
                let found = found(&text);
                assert_eq!(found, [(run.clone(), 3, between.to_owned())], "{text}");
            }
        }
    }

    #[test]
    fn other_text_with_brackets_is_left_alone() {
        for text in [
            "if (x) {\n  return [1, 2, %];\n}\n",
            "x = [\"%\"]\n",
            "[1/5] building %\n",
            "{a: \"%\"}",
            "call([\"%\"]) and more\n",
            "{\"short\": 1}\n{\"short\": 2}\n%",
            "[\"%\"",
        ] {
            assert_eq!(found(&long(text)), [], "{text}");
        }
    }

    #[test]
    fn brackets_that_do_not_close_are_not_read_again_and_again() {
        let mut tape = Tape::default();
        let text = ":[[1,".repeat(100_000);
        assert_eq!(find(text.as_bytes(), &mut tape, 1_000_000), []);
        let text = format!("{}\n", "\n{\"a\":\"".repeat(100_000));
        assert_eq!(find(text.as_bytes(), &mut tape, 1_000_000), []);
    }
}
