//! Proves that a text which crush just wrote restores to its original. Where possible, the two are compared
//! without writing the original again.

use crate::json::bytes::string_length;
use crate::json::layout::Layout;
use crate::json::output::Comparison;
use crate::json::scan::Tape;
use crate::lookup::Lookup;
use crate::notation::frame::Frame;
use crate::notation::header::Header;
use crate::notation::read::compare::compare;
use crate::restore::restorer::{MarkerAction, Restorer};

/// Returns true if a text that crush just wrote restores to `original`. The text is a JSON token of a record
/// or, with `by_itself`, a text by itself.
pub(crate) fn restores(
    tapes: &mut Vec<Tape>,
    compacted: &[u8],
    by_itself: bool,
    originals: &dyn Lookup,
    original: &[u8],
) -> bool {
    let mut comparison = Comparison::new(original);
    let mut restorer = Restorer::new(MarkerAction::Restore(originals), tapes, true);
    let result = if by_itself {
        restorer.text(compacted, &mut comparison)
    } else {
        restorer.record(compacted, &mut comparison)
    };
    result.is_ok() && comparison.is_same()
}

impl Restorer<'_> {
    /// Returns how many bytes of `expected` a text with a header stands for. None if it stands for something
    /// else, or if only decoding can tell.
    pub fn compared(&mut self, text: &[u8], header: &Header, at: usize, expected: &[u8]) -> Option<usize> {
        if header.lines.is_some()
            || header.words
            || !matches!(header.layout, Layout::Compact | Layout::Spaced)
        {
            return None;
        }
        let mut reserved = |raw: &[u8], rest: &[u8]| {
            let mut comparison = Comparison::new(rest);
            self.string(raw, &mut comparison).ok()?;
            comparison.matching_bytes()
        };
        let length = if header.frame == Frame::VALUE {
            compare(text, header, at, expected, &mut reserved)?
        } else {
            let length = string_length(expected)?;
            let content = header.frame.content(expected.get(..length)?)?;
            let same = compare(text, header, at, &content, &mut reserved)?;
            (same == content.len()).then_some(length)?
        };
        // Decoding would spend no more than this: for the decoded text with its reserved strings, then for
        // its layout and its frame.
        self.spend(text.len() + 3 * length).ok()?;
        Some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::restores;
    use crate::lookup::Lookup;
    use crate::restore::text::restore_text;

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
        // As a sentinel, the marker stands for the array.
        let text = format!("[d]{{x:[0,{{_ccr_dropped:\"<<ccr:{HASH} 9_rows_offloaded>>\"}}]}}");
        assert!(is_proved(&text, r#"{"x":[1, 2]}"#));
        assert!(!is_proved(&text, r#"{"x":[0,{"_ccr_dropped":[1, 2]}]}"#));
    }
}
