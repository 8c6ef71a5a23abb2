//! The fixtures of `docs/notation.md`: each has a compacted text, and the original text or the error that a
//! reader must give.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod common;

use std::collections::HashSet;
use std::path::PathBuf;

use common::shelf::Shelf;
use headroom_crusher::{Lookup, markers_in_record, markers_in_text, restore_record, restore_text};
use serde_json::Value;

fn fixtures() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/notation");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let content: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let found = content["cases"].as_array().expect("a list of cases");
        cases.extend(found.iter().map(|case| {
            (
                format!("{name}: {}", case["name"].as_str().unwrap()),
                case.clone(),
            )
        }));
    }
    cases
}

/// Returns what is wrong with a case, if anything.
fn failure(case: &Value) -> Option<String> {
    let text = |key: &str| case[key].as_str().map(str::to_owned);
    let input = text("input").expect("an input");
    let mut originals = Shelf::default();
    let stored = case["originals"].as_array();
    let known: HashSet<String> = stored
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|original| originals.put(original.as_str().unwrap().as_bytes()))
        .collect();
    let mut out = b"before".to_vec();
    let mut found = Vec::new();
    let (restored, listed) = match text("operation").as_deref() {
        Some("restore_record") => (
            restore_record(input.as_bytes(), &originals, &mut out),
            markers_in_record(input.as_bytes(), &mut found),
        ),
        Some("restore_text") => (
            restore_text(&input, &originals, &mut out),
            markers_in_text(&input, &mut found),
        ),
        other => panic!("unknown operation {other:?}"),
    };
    match (restored, text("expected"), text("shouldError")) {
        (Ok(()), Some(expected), None) => {
            if out.strip_prefix(b"before") != Some(expected.as_bytes()) {
                return Some(format!("gives {}", String::from_utf8_lossy(&out[6..])));
            }
            let mut hashes: Vec<String> = found.iter().map(|hash| hash[..24].to_owned()).collect();
            hashes.sort();
            hashes.dedup();
            let fits = listed.is_ok()
                && hashes.len() == known.len()
                && hashes.iter().all(|hash| originals.get(hash).is_some());
            (!fits).then(|| format!("lists {found:?} and {listed:?}"))
        }
        (Err(error), None, Some(kind)) => {
            if error.kind() != kind {
                return Some(format!("fails as {}, {error}", error.kind()));
            }
            if out != b"before" {
                return Some("leaves bytes behind with its error".to_owned());
            }
            let fits = if kind == "missing" {
                listed.is_ok()
            } else {
                listed.is_err()
            };
            (!fits).then(|| format!("lists {found:?} and {listed:?}"))
        }
        (Ok(()), None, Some(_)) => Some(format!(
            "gives {} and no error",
            String::from_utf8_lossy(&out[6..])
        )),
        (Err(error), Some(_), None) => Some(format!("fails with {error}")),
        _ => panic!("a case has either `expected` or `shouldError`"),
    }
}

#[test]
fn every_fixture_restores_as_the_specification_says() {
    let cases = fixtures();
    assert!(cases.len() > 900, "{} fixtures", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(name, case)| {
            failure(case).map(|found| format!("{name}\n    {}\n    {found}", case["input"]))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} fixtures\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
