//! Finds JSON that stands in a text, between lines of other text.
//!
//! Programs print JSON behind what they log, and agents put lines around what a command printed. An array or
//! object is found where it begins a line or follows a colon or a bracket, and where it ends a line. Objects
//! that follow one another with the same few bytes between them are found as one run.

use crate::json::scan::Tape;

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

/// Where JSON stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Where each value begins and ends: one array or object, or several objects.
    pub values: Vec<(usize, usize)>,
    /// The bytes between two values.
    pub between: Vec<u8>,
}

impl Inside {
    pub fn start(&self) -> usize {
        self.values.first().map_or(0, |(start, _)| *start)
    }

    pub fn end(&self) -> usize {
        self.values.last().map_or(0, |(_, end)| *end)
    }
}

/// Returns where JSON stands in a text, in order.
pub(crate) fn find(text: &[u8], tape: &mut Tape, max_depth: usize) -> Vec<Inside> {
    let mut finder = Finder {
        text,
        tape,
        max_depth,
        left_bytes: text.len() * READINGS + MORE_BYTES,
    };
    let (mut found, mut from, mut open) = (Vec::new(), 0, None);
    while found.len() < MOST_FOUND
        && let Some(offset) = memchr::memchr2(b'{', b'[', text.get(from..).unwrap_or_default())
    {
        let at = from + offset;
        from = at + 1;
        let is_element = open.take() == Some(at);
        if !(is_element || may_begin(text, at)) || !may_be_json(text, at) {
            continue;
        }
        let Some(end) = finder.end(at) else {
            // The elements of an array that is cut off may still be whole.
            open = text.get(at + 1).filter(|byte| **byte == b'{').map(|_| at + 1);
            continue;
        };
        let run = finder.run(at, end);
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

struct Finder<'a> {
    text: &'a [u8],
    tape: &'a mut Tape,
    max_depth: usize,
    left_bytes: usize,
}

impl Finder<'_> {
    /// Returns where the value ends that begins here, if there is one and the text wasn't read too often.
    fn end(&mut self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        if self.left_bytes == 0 {
            return None;
        }
        let end = self.tape.first_end(rest, self.max_depth);
        let (Ok(read) | Err(read)) = end;
        self.left_bytes = self.left_bytes.saturating_sub(read);
        end.ok().map(|length| at + length)
    }

    /// Returns the run of objects that begins with this value, or the value alone.
    fn run(&mut self, start: usize, end: usize) -> Inside {
        let mut run = Inside {
            values: vec![(start, end)],
            between: Vec::new(),
        };
        if self.text.get(start) != Some(&b'{') {
            return run;
        }
        let next = |end: usize| {
            let rest = self.text.get(end..).unwrap_or_default();
            let ahead = rest.get(..=MOST_BETWEEN).unwrap_or(rest);
            memchr::memchr(b'{', ahead)
        };
        let Some(length) = next(end) else { return run };
        let between = self.text.get(end..end + length).unwrap_or_default().to_vec();
        let mut at = end;
        while self.text.get(at..at + length) == Some(&between)
            && self.text.get(at + length) == Some(&b'{')
            && let Some(end) = self.end(at + length)
        {
            run.values.push((at + length, end));
            at = end;
        }
        if run.values.len() > 1 {
            run.between = between;
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

/// Returns true if what follows a bracket may be JSON.
fn may_be_json(text: &[u8], at: usize) -> bool {
    let mut rest = text.get(at + 1..).unwrap_or_default().iter();
    let first = rest.find(|byte| !byte.is_ascii_whitespace());
    match (text.get(at), first) {
        (Some(b'{'), Some(b'"')) => true,
        (Some(b'['), Some(first)) => {
            matches!(
                first,
                b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
            )
        }
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
