//! Compacted → original bytes: one record, or one bare text.

use crate::error::{Error, Result};
use crate::json::bytes::string_length;
use crate::json::layout::Layout;
use crate::json::output::{Comparison, Output};
use crate::json::scan::Tape;
use crate::json::spelling;
use crate::lookup::Lookup;
use crate::notation::frame::Frame;
use crate::notation::grammar::{NAMES, SECTION};
use crate::notation::header::Head;
use crate::notation::marker::{LITERAL, Marker, OPEN};
use crate::notation::read::compare::compare;
use crate::notation::reserved::is_reserved;
use crate::restore::reserved_strings::{Sink, Walker};

/// Restores one compacted record, a JSON text, onto `out`.
///
/// # Errors
/// `Missing` for an original that `originals` doesn't have, `Format` for an unknown marker, head or table,
/// `InvalidPayload` for text that isn't JSON. `out` is then as it was.
pub fn restore_record(compacted: &[u8], originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Walker::new(Sink::Restore(originals), tapes, false)
        .record(compacted, out)
        .inspect_err(|_| out.truncate(mark))
}

/// True if a text just written here, a record's token or a bare one (`bare`), restores to `original`.
pub(crate) fn restores(
    tapes: &mut Vec<Tape>,
    compacted: &[u8],
    bare: bool,
    originals: &dyn Lookup,
    original: &[u8],
) -> bool {
    let mut comparison = Comparison::new(original);
    let mut walker = Walker::new(Sink::Restore(originals), tapes, true);
    let result = if bare {
        walker.text(compacted, &mut comparison)
    } else {
        walker.record(compacted, &mut comparison)
    };
    result.is_ok() && comparison.is_same()
}

/// Restores one bare text, as `SmartCrusher` returns it and as it would stand inside a JSON string.
///
/// # Errors
/// As `restore_record`; text that is neither ours nor JSON is its own original.
pub fn restore_text(compacted: &str, originals: &dyn Lookup, out: &mut Vec<u8>) -> Result<()> {
    let mark = out.len();
    let tapes = &mut Vec::new();
    Walker::new(Sink::Restore(originals), tapes, false)
        .text(compacted.as_bytes(), out)
        .inspect_err(|_| out.truncate(mark))
}

/// Appends the hash of every marker that restoring the record would resolve, in order.
///
/// # Errors
/// As `restore_record`, except that nothing is missing.
pub fn markers_in_record(compacted: &[u8], found: &mut Vec<String>) -> Result<()> {
    Walker::new(Sink::List(found), &mut Vec::new(), false).record(compacted, &mut Vec::new())
}

/// As `markers_in_record`, for a bare text.
///
/// # Errors
/// As `markers_in_record`.
pub fn markers_in_text(compacted: &str, found: &mut Vec<String>) -> Result<()> {
    Walker::new(Sink::List(found), &mut Vec::new(), false).text(compacted.as_bytes(), &mut Vec::new())
}

impl Walker<'_> {
    fn record(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if let Some(hashes) = raw_pieces(compacted)? {
            for hash in hashes {
                self.original(hash, None, out)?;
            }
            return Ok(());
        }
        self.json(compacted, out)
    }

    /// How many bytes of what is expected a headed text stands for, where that can be told without writing them.
    pub fn compared(&mut self, text: &[u8], head: &Head, at: usize, expected: &[u8]) -> Option<usize> {
        if head.lines || !matches!(head.layout, Layout::Compact | Layout::Spaced) {
            return None;
        }
        let mut ours = |raw: &[u8], rest: &[u8]| {
            let mut comparison = Comparison::new(rest);
            self.string(raw, &mut comparison).ok()?;
            comparison.same()
        };
        let length = if let Frame::String { newline, spelling } = head.frame {
            let length = string_length(expected).filter(|_| expected.starts_with(b"\""))?;
            let raw = expected.get(1..length - 1)?;
            let mut content = Vec::with_capacity(raw.len());
            if !spelling::decode_as(raw, spelling, &mut content, &mut Vec::new()) {
                return None;
            }
            if newline {
                content.pop_if(|last| *last == b'\n')?;
            }
            let same = compare(text, head, at, &content, &mut ours)?;
            (same == content.len()).then_some(length)?
        } else {
            compare(text, head, at, expected, &mut ours)?
        };
        // At least what writing it spends: decoded, where strings of ours are still part of the text, then laid out and framed.
        self.spend(text.len() + 3 * length).ok()?;
        Some(length)
    }

    fn text(&mut self, compacted: &[u8], out: &mut impl Output) -> Result<()> {
        if is_reserved(compacted) {
            if let Some(rest) = compacted.strip_prefix(LITERAL) {
                out.push(rest);
                return Ok(());
            }
            if let Some((Marker::Blob { hash, .. }, _)) = Marker::read(compacted)? {
                return self.original(hash, None, out);
            }
            let (ours, space) = compacted.split_at(ours_length(compacted)?);
            self.ours(ours, true, out)?;
            out.push(space);
            return Ok(());
        }
        if !matches!(compacted.trim_ascii_start().first(), Some(b'{' | b'[')) {
            out.push(compacted);
            return Ok(());
        }
        let start = out.position();
        match self.json(compacted, out) {
            Err(Error::InvalidPayload { .. }) => {
                out.rewind(start);
                out.push(compacted);
                Ok(())
            }
            result => result,
        }
    }
}

/// Length of a bare text without the JSON whitespace behind it, which stood behind the array or object.
fn ours_length(text: &[u8]) -> Result<usize> {
    let mut least = 0;
    if let Some((Head { rows: Some(rows), .. }, _)) = Head::read(text, true)? {
        // The last rows of a table may be empty lines; behind the rows only names and a marker may follow. No line ends with a blank.
        // A section's line is no row.
        let mut ends = memchr::memchr_iter(b'\n', text)
            .filter(|at| text.get(at + 1) != Some(&SECTION))
            .chain([text.len()]);
        let mut end = ends
            .nth(usize::try_from(rows).unwrap_or(usize::MAX))
            .unwrap_or(text.len());
        for begin in [NAMES, OPEN] {
            if text.get(end + 1..).is_some_and(|rest| rest.starts_with(begin)) {
                end = ends.next().unwrap_or(text.len());
            }
        }
        least = end - trailing(text.get(..end).unwrap_or_default(), b" \r\t");
    }
    Ok(text.len() - trailing(text.get(least..).unwrap_or_default(), b" \n\r\t"))
}

/// How many of the last bytes are among `these`.
fn trailing(text: &[u8], these: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| these.contains(byte)).count()
}

/// The hashes of a line that consists of raw markers only, one for each piece of a line in the store.
fn raw_pieces(compacted: &[u8]) -> Result<Option<Vec<&str>>> {
    let Some(mut rest) = compacted
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return Ok(None);
    };
    if !rest.starts_with(OPEN) {
        return Ok(None);
    }
    let mut hashes = Vec::new();
    while !rest.is_empty() {
        match Marker::read(rest) {
            Ok(Some((Marker::Raw { hash }, length))) => {
                hashes.push(hash);
                rest = rest.get(length..).unwrap_or_default();
            }
            Err(error) if !hashes.is_empty() => return Err(error),
            _ => return Ok(None),
        }
    }
    Ok(Some(hashes))
}

#[cfg(test)]
mod tests {
    use super::{Lookup, restore_text, restores};

    const HASH: &str = "0123456789abcdef01234567";
    const OTHER: &str = "fedcba987654321001234567";

    struct Shelf;

    impl Lookup for Shelf {
        fn get(&self, hash: &str) -> Option<&[u8]> {
            match hash {
                HASH => Some(b"[1, 2]"),
                OTHER => Some(b"long \"text\""),
                _ => None,
            }
        }
    }

    fn is_proved(text: &str, original: &str) -> bool {
        restores(
            &mut Vec::new(),
            text.as_bytes(),
            true,
            &Shelf,
            original.as_bytes(),
        )
    }

    #[test]
    fn what_a_text_restores_to_is_proved_and_nothing_else() {
        for text in [
            "[2]{id,name}\n1,ann\n2,\"b, c\"",
            "[2p]{id,name,state=ok,n=1,none=null}\n1,ann\n,",
            "[2p]{a=x,g{b,h{c,d=7},e},f}\n1,2,3,4\n,,3,",
            "[3]{g{a,h{b,c}},d}\n~5,,,1\n1,~x,,2\n1,~[1,{a:}],,2",
            "[3]{@s,a}\n@x\n1\n|[1,2]\n@{b:\"<<ccr:lit>>[d]{\"}\n2",
            "[2m]{*,a,b=<*>-<>,c=<a>/<g.d>,g{d=<>:00}}\nk-1,x,y,10\n\"q\\\"\",x,\"y,\\u00e9\",11",
            "[2]{a=<>-<>,b}\n1,2,3\n=5,,4",
            "[2][{a,b}]\n[(1,2),(x,),7]\n[]",
            "[3]{a,l[{b,c}]}\n1,[(1,x),(,y)]\n2,[]\n3,{d:[x(]}",
            "[4]{a}{b,c=1}\n@1\nx\n@2\ny\nz\n@1\nw",
            "[p]{a:[2]{b,c}\n1,x\n2,y\nd:[],e:{},f:,\"g h!\":yes sir,é:ü}",
            "[d][1,\"[x\",\"\\\\\",true,null,-1.5e3,a b]",
            "[2]{a,b}\n\"\\u003c\",\"[1]\"\nmuch longer than sixteen bytes,and this one is too",
            "[ah]{a:é & <b>,c:\"\\u00e9\",long:plain text of more than one chunk}",
            "[d]{a:\"[ps]{b:1,c:\\\"\\\"}\",d:\"[1s]{a}\\nx\",e:\"<<ccr:lit>>[d]{\"}",
            "[2]{a=\"<<ccr:lit>><<ccr:x\",b}\n1\n2",
            "[i2]{a:[1,{}],b:{c:x}}",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([
            format!("[d]{{a:\"<<ccr:{HASH} 9_rows_offloaded>>\",b:[1,\"<<ccr:{OTHER},text,1.0KB>> ...\"]}}"),
            format!("[d]{{a:[0,{{_ccr_dropped:\"<<ccr:{HASH} 9_rows_offloaded>>\"}}],b:1}}"),
            format!("[d]{{a:[1]{{a}}\n1\n<<ccr:{HASH} 1_rows_offloaded>>\nb:2}}"),
            format!("[2]{{a,b}}\n1,\"<<ccr:{OTHER},text,1.0KB>>\"\n2,{{c:\"<<ccr:{OTHER},text,1.0KB>>\"}}"),
            format!("[1]{{a}}\n1\n<<ccr:{HASH} 1_rows_offloaded>>"),
        ]) {
            let mut restored = Vec::new();
            restore_text(&text, &Shelf, &mut restored).unwrap_or_default();
            let restored = String::from_utf8(restored).unwrap_or_default();
            assert!(!restored.is_empty(), "{text}");
            assert!(is_proved(&text, &restored), "{text}\n{restored}");
            for at in (0..=restored.len()).filter(|at| restored.is_char_boundary(*at)) {
                let (before, behind) = restored.split_at(at);
                for other in ["", " ", "x", "\"", ","] {
                    let rest = if other.is_empty() {
                        behind.get(1..)
                    } else {
                        Some(behind)
                    };
                    let Some(rest) = rest else { continue };
                    let damaged = format!("{before}{other}{rest}");
                    assert!(
                        damaged == restored || !is_proved(&text, &damaged),
                        "{text}\n{damaged}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_refused_is_never_proved() {
        for (text, careless) in [
            ("[1]{a}\n1", r#"[{"a":"1"}]"#),
            ("[1]{a}\ntrue", r#"[{"a":"true"}]"#),
            ("[1]{a}\n x", r#"[{"a":" x"}]"#),
            ("[1]{a}\nx ", r#"[{"a":"x "}]"#),
            ("[1]{a}\n=x", r#"[{"a":"=x"}]"#),
            ("[1]{a}\n01", r#"[{"a":01}]"#),
            ("[1]{a}\n<<ccr:x", r#"[{"a":"<<ccr:x"}]"#),
            ("[1]{a}\nx\"y", r#"[{"a":"x"y"}]"#),
            ("[1]{a}\nx,y", r#"[{"a":"x,y"}]"#),
            ("[1]{a,a}\n1,2", r#"[{"a":1,"a":2}]"#),
            ("[1]{a=b<}\n", r#"[{"a":"b<"}]"#),
            ("[1]{a!}\n1", r#"[{"a!":1}]"#),
            ("[d]{a!:1}", r#"{"a!":1}"#),
            ("[d]{ a:1}", r#"{" a":1}"#),
            ("[d]{@a:1}", r#"{"@a":1}"#),
            ("[d][a]b]", r#"["a]b"]"#),
            ("[1m]{*,a}\nnull,1", r#"{"null":1}"#),
            ("[1m]{*,a}\n,1", r#"{"":1}"#),
            ("[1]{g{a,b}}\n~1,2", r#"[{"g":1}]"#),
            ("[2]{a}\n1", r#"[{"a":1}]"#),
            ("[1]{a}\n1\n2", r#"[{"a":1}]"#),
            ("[1]{a}\n", "[{}]"),
        ] {
            let mut restored = Vec::new();
            let result = restore_text(text, &Shelf, &mut restored);
            assert!(result.is_err() || restored != careless.as_bytes(), "{text}");
            assert!(!is_proved(text, careless), "{text}");
        }
        // As the end of an array the marker stands for the array.
        let text = format!("[d]{{x:[0,{{_ccr_dropped:\"<<ccr:{HASH} 9_rows_offloaded>>\"}}]}}");
        assert!(is_proved(&text, r#"{"x":[1, 2]}"#));
        assert!(!is_proved(&text, r#"{"x":[0,{"_ccr_dropped":[1, 2]}]}"#));
    }
}
