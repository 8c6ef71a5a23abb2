//! Texts by themselves: what `crush_text` makes of JSON and of plain text restores (G1, G2), and its report
//! is true (G4).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use std::collections::BTreeSet;

use common::check::{crusher, may_fail};
use common::json::{Json, layout, print, spelling};
use common::random::Random;
use common::{cases, documents, each, mutate, show, strings, texts};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::json::tape::Kind;
use headroom_crusher::{
    CrushedText, Crusher, Error, Options, Originals, Output, Strategy, TextKind, hash, markers_in_text,
    restore_text,
};

/// Checks what must hold of one text by itself. Returns what it was crushed to, or none if it is nested too
/// deep.
fn check<'t>(
    crusher: &mut Crusher,
    text: &'t str,
    kind: TextKind,
    query: &str,
    bias: f64,
) -> Result<Option<CrushedText<'t>>, String> {
    let crushed = match crusher.crush_text(text, kind, query, bias) {
        Ok(crushed) => crushed,
        Err(error) if may_fail(&error) => return Ok(None),
        Err(error) => return Err(format!("{error}\n{}", show(text.as_bytes()))),
    };
    let options = crusher.options();
    let told = |what: &str| {
        Err(format!(
            "{what}\n{options:?}\n{}\n{}",
            show(text.as_bytes()),
            show(crushed.compressed.as_bytes())
        ))
    };
    let mut restored = Vec::new();
    if let Err(error) = restore_text(&crushed.compressed, &crushed.originals, &mut restored) {
        return told(&format!("G1: {error}"));
    }
    if restored != text.as_bytes() {
        return told(&format!("G1: restored as {}", show(&restored)));
    }
    let mut found = Vec::new();
    if let Err(error) = markers_in_text(&crushed.compressed, &mut found) {
        return told(&format!("G2: {error}"));
    }
    let stored: BTreeSet<String> = crushed
        .originals
        .entries
        .iter()
        .map(|entry| hash(&entry.digest, options.hash_digits))
        .collect();
    if found.into_iter().collect::<BTreeSet<_>>() != stored {
        return told("G2: the markers don't name the stored originals");
    }
    if crushed.originals.arena.len() > text.len() || (options.lossless_only && !stored.is_empty()) {
        return told("too much is stored");
    }
    let report = &crushed.report;
    if report.decisions.strategy == Strategy::Unchanged {
        if crushed.compressed != text && !crushed.compressed.contains("<<ccr:lit>>") {
            return told("G4: the text is reported as unchanged, but changed");
        }
    } else if report.tokens_after >= report.tokens_before {
        return told("G4: not fewer tokens");
    }
    if report.unproved {
        return told("a change was undone because it didn't restore");
    }
    Ok(Some(crushed))
}

fn any_text(random: &mut Random) -> String {
    match random.below(10) {
        8 | 9 => texts::mixed(random),
        0 => match strings::long(random) {
            Json::Text(text) => text,
            _ => String::new(),
        },
        1 => match strings::short(random) {
            Json::Text(text) | Json::Spelled(text) => text,
            _ => String::new(),
        },
        2 => documents::inner(random),
        3 => {
            let mut text = documents::record(random).into_bytes();
            mutate::mutate(random, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
        4 => documents::record(random) + *random.pick(&["\n", " ", "\r\n", "\t", "x"]),
        _ => documents::record(random),
    }
}

#[test]
fn any_text_restores_to_its_bytes() {
    each(cases(30), |random| {
        let mut crusher = crusher(random)?;
        let text = any_text(random);
        let query = strings::words(random, 3);
        let bias = *random.pick(&[0.1, 0.5, 1.0, 1.0, 3.0, 1000.0]);
        let Some(crushed) = check(&mut crusher, &text, TextKind::Any, &query, bias)? else {
            return Ok(());
        };
        // Crushed text is text like any other, so it can be crushed again.
        check(&mut crusher, &crushed.compressed, TextKind::Any, &query, bias).map(drop)
    });
}

#[test]
fn an_array_says_which_rows_it_kept() {
    each(cases(10), |random| {
        let mut crusher = crusher(random)?;
        let text = print(&documents::rows(random), layout(random), spelling(random));
        let crushed = check(&mut crusher, &text, TextKind::Array, "", 1.0)?.ok_or("too deep")?;
        let rows: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let kept = crushed.kept_rows.as_deref().unwrap_or(&text);
        let kept: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(kept).map_err(|error| error.to_string())?;
        if crushed.rows_marker.is_empty() != (kept.len() == rows.len()) {
            return Err(format!(
                "{} of {} rows are kept, the marker is {}",
                kept.len(),
                rows.len(),
                crushed.rows_marker
            ));
        }
        let dropped = rows.len() - kept.len();
        let says = format!(" {dropped}_rows_offloaded>>");
        if dropped > 0
            && !(crushed.rows_marker.ends_with(&says) && crushed.compressed.contains(&crushed.rows_marker))
        {
            return Err(format!(
                "{dropped} rows are gone, {} says {}",
                crushed.compressed, crushed.rows_marker
            ));
        }
        // Kept rows are rows of the array, in its order. Only whitespace and escapes may differ.
        let normal = |row: &serde_json::value::RawValue| {
            let mut row = row.get().replace("<<ccr:lit>>", "");
            row.retain(|c| !c.is_ascii_whitespace());
            row
        };
        let mut rest = rows.iter().map(|row| normal(row));
        if kept.iter().all(|row| rest.any(|other| other == normal(row))) {
            Ok(())
        } else {
            Err(format!(
                "the kept rows aren't rows of the array: {:?}",
                crushed.kept_rows
            ))
        }
    });
}

#[test]
fn a_document_keeps_its_outer_keys_in_order() {
    each(cases(10), |random| {
        let mut crusher = crusher(random)?;
        let mut text = documents::record(random);
        if Tape::default()
            .scan(text.as_bytes(), 512)
            .is_ok_and(|doc| doc.node(0).kind != Kind::Object)
        {
            text = format!("{{\"result\":{text},\"done\":true}}");
        }
        let Some(crushed) = check(&mut crusher, &text, TextKind::Document, "", 1.0)? else {
            return Ok(());
        };
        let keys = |text: &str| -> Result<Vec<Vec<u8>>, String> {
            let mut tape = Tape::default();
            let doc = tape
                .scan(text.as_bytes(), 512)
                .map_err(|error| error.to_string())?;
            if doc.node(0).kind != Kind::Object {
                return Err("no object".to_owned());
            }
            Ok(doc
                .members(0)
                .map(|(key, _)| doc.inner(doc.node(key)).to_vec())
                .collect())
        };
        if keys(&text)? == keys(&crushed.compressed)? {
            Ok(())
        } else {
            Err(format!("other keys: {text}\n{}", crushed.compressed))
        }
    });
}

#[test]
fn a_type_that_was_not_asked_for_is_refused_with_its_position() {
    let mut crusher = Crusher::new(Options::default()).unwrap();
    let cases = [
        (
            "{\"a\":1}",
            TextKind::Array,
            "expected an array at line 1 column 1",
        ),
        (
            "\n [1]",
            TextKind::Document,
            "expected an object at line 2 column 2",
        ),
        ("3", TextKind::Document, "expected an object at line 1 column 1"),
        (
            "[1,",
            TextKind::Array,
            "the text ends inside a value at line 1 column 4",
        ),
        (
            "",
            TextKind::Array,
            "the text ends inside a value at line 1 column 1",
        ),
        (
            "{\"a\":\n\n  nope}",
            TextKind::Document,
            "expected a value at line 3 column 3",
        ),
        (
            "[1]\n[2]",
            TextKind::Array,
            "expected the end of the text at line 2 column 1",
        ),
    ];
    for (text, kind, message) in cases {
        let error = crusher.crush_text(text, kind, "", 1.0).unwrap_err();
        assert!(matches!(error, Error::InvalidPayload { .. }), "{text:?}");
        assert_eq!(error.to_string(), message, "{text:?}");
    }
}

#[test]
fn a_bias_out_of_range_is_refused() {
    let mut crusher = Crusher::new(Options::default()).unwrap();
    for bias in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
        let error = crusher.crush_text("[]", TextKind::Any, "", bias).unwrap_err();
        assert!(matches!(error, Error::Option { name: "bias", .. }), "{bias}");
    }
}

#[test]
fn a_higher_bias_keeps_more_rows() {
    // This holds of the sums only: one long row may take the place of two short ones.
    let mut kept = [0; 3];
    each(cases(1), |random| {
        let options = Options {
            max_tokens: 200,
            min_tokens_to_crush: 0,
            ..Options::default()
        };
        let mut crusher = Crusher::new(options).unwrap();
        let text = print(&documents::rows(random), layout(random), spelling(random));
        for (kept, bias) in kept.iter_mut().zip([0.3, 1.0, 4.0]) {
            let crushed = check(&mut crusher, &text, TextKind::Array, "", bias)?.ok_or("too deep")?;
            let rows = crushed.kept_rows.as_deref().unwrap_or(&text);
            *kept += serde_json::from_str::<Vec<&serde_json::value::RawValue>>(rows)
                .map_err(|error| error.to_string())?
                .len();
        }
        Ok(())
    });
    assert!(kept[0] < kept[1] && kept[1] < kept[2], "{kept:?}");
}

#[test]
fn lines_with_blanks_around_their_objects_stay_as_they_are() {
    let line = r#"{"number":1,"text":"some words here","list":[1,2,3]}"#;
    let options = Options {
        lossless_only: true,
        lossless_min_savings_ratio: 0.0,
        // Text that doesn't restore must not be written in the first place.
        verify: false,
        ..Options::default()
    };
    let mut crusher = Crusher::new(options).unwrap();
    let mut crush = |text: &str| {
        let crushed = crusher.crush_text(text, TextKind::Any, "", 1.0).unwrap();
        crushed.compressed.into_owned()
    };
    assert_ne!(
        crush(&format!("{line}\n{line}\n{line}\n")),
        format!("{line}\n{line}\n{line}\n")
    );
    for (between, behind) in [(" \n", ""), ("\n ", ""), ("\t", ""), ("\n\n\n", "")] {
        let text = format!("{line}{between}{line}{between}{line}{behind}");
        assert_eq!(crush(&text), text);
    }
    // Each text has a line break in a string, which JSON forbids. One also has a comma between lines.
    let broken = r#"{"number":1,"text":"some BREAK words","list":[1,2,3]}"#;
    for (broken, between) in [
        (broken.replace("BREAK", "\n"), "\n"),
        (broken.replace("BREAK", "\n{"), ","),
        (broken.replace("BREAK", "\n{"), "\n"),
    ] {
        // The whole lines behind it may become a table.
        let text = [broken.as_str(), line, line].join(between);
        let crushed = crush(&text);
        let mut restored = Vec::new();
        restore_text(&crushed, &Originals::default(), &mut restored).unwrap();
        assert_eq!(String::from_utf8(restored).unwrap(), text);
        assert!(crushed.contains(&broken), "{crushed}");
    }
}

#[test]
fn a_document_as_python_prints_it_has_the_shortest_header() {
    let mut crusher = Crusher::new(Options::default()).unwrap();
    for (text, expected) in [
        (r#"{"city": "Paris", "note": null}"#, "[]{city:Paris,note:}"),
        (r#"["Paris", [1, 2]]"#, "[][Paris,[1,2]]"),
        (r#"{"rows": [{"id": 1}, {"id": 2}]}"#, "[]{rows:[2]{id}\n1\n2\n}"),
        (
            "{\"city\": \"Paris\", \"names\": [\"Ann\", \"Bob\"]}\n",
            "[]{city:Paris,names:[Ann,Bob]}\n",
        ),
        (
            r#"{"city":"Paris","rows":[{"id":1,"at":"x"},{"id":2,"at":"y"}]}"#,
            "[d]{city:Paris,rows:[2]{id,at}\n1,x\n2,y\n}",
        ),
        (
            r#"{"a-1": {"id": 1, "at": "x"}, "b-2": {"id": 2, "at": "y"}}"#,
            "[2mp]{*,id,at}\na-1,1,x\nb-2,2,y",
        ),
    ] {
        let crushed = check(&mut crusher, text, TextKind::Any, "", 1.0)
            .unwrap()
            .unwrap();
        assert_eq!(crushed.compressed, expected);
    }
    let record = br#"{"content": "{\"city\": \"Paris\", \"note\": null}"}"#;
    let (mut compacted, mut originals) = (Vec::new(), Originals::default());
    crusher
        .crush_record(
            record,
            &mut Output {
                compacted: &mut compacted,
                originals: &mut originals,
                payloads: &mut Vec::new(),
                tool_of: &mut |_| 0,
            },
        )
        .unwrap();
    assert_eq!(show(&compacted), r#"{"content": "[]{city:Paris,note:}"}"#);
}
