//! `restore(crush(x)) == x`, byte for byte (G1), and what follows from it (G2, G4, G7), for documents of
//! every shape.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use common::check::{Crushed, check_record, crush, crusher, may_fail, options};
use common::json::{Json, Spelling, layout, object, print, quote, spelling};
use common::random::Random;
use common::{cases, documents, each, show};
use headroom_crusher::{Block, Crusher, Options, Originals, restore_record};

#[test]
fn every_record_comes_back_byte_for_byte() {
    each(cases(100), |random| {
        let mut crusher = crusher(random)?;
        check_record(&mut crusher, documents::record(random).as_bytes()).map(drop)
    });
}

#[test]
fn records_crushed_with_the_default_options_come_back() {
    let mut crusher = Crusher::new(Options::default()).unwrap();
    each(cases(10), |random| {
        check_record(&mut crusher, documents::record(random).as_bytes()).map(drop)
    });
}

#[test]
fn crushing_twice_is_undone_by_restoring_twice() {
    each(cases(10), |random| {
        let mut crusher = crusher(random)?;
        let record = documents::record(random);
        let Some(once) = check_record(&mut crusher, record.as_bytes())? else {
            return Ok(());
        };
        // `check_record` proves that the second compacted form restores to the first, and the first to the
        // record.
        check_record(&mut crusher, &once.compacted)?.ok_or("a compacted record is too deep")?;
        Ok(())
    });
}

#[test]
fn compacted_text_inside_another_record_is_user_text() {
    each(cases(10), |random| {
        let mut crusher = crusher(random)?;
        let record = documents::record(random);
        let Some(Crushed { compacted, .. }) = check_record(&mut crusher, record.as_bytes())? else {
            return Ok(());
        };
        let compacted = String::from_utf8(compacted).map_err(|error| error.to_string())?;
        let copy = match compacted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
        {
            Some(inner) if random.chance(50) => Json::Spelled(inner.to_owned()),
            _ => Json::Text(compacted),
        };
        let other = documents::rows(random);
        let wrapped = match random.below(4) {
            0 => object([("content", copy)]),
            1 => Json::Array(vec![copy.clone(), copy, other]),
            2 => object([(
                "rows",
                Json::Array(
                    (0..5)
                        .map(|_| object([("a", copy.clone()), ("b", other.clone())]))
                        .collect(),
                ),
            )]),
            _ => Json::Text(print(
                &Json::Array(vec![object([("x", copy.clone())]), object([("x", copy)])]),
                layout(random),
                Spelling::Minimal,
            )),
        };
        let text = print(&wrapped, layout(random), spelling(random));
        check_record(&mut crusher, text.as_bytes()).map(drop)
    });
}

#[test]
fn a_record_of_a_block_becomes_what_it_becomes_alone() {
    each(cases(5), |random| {
        let mut crusher = crusher(random)?;
        let count = random.within(1, 6);
        let mut lines = Vec::new();
        let mut wanted = Vec::new();
        let mut digests = std::collections::BTreeSet::new();
        let mut alone = Crusher::new(crusher.options().clone()).map_err(|error| error.to_string())?;
        let mut failures = 0;
        for index in 0..count {
            let mut record = documents::record(random).into_bytes();
            // A line can't hold a line break, and a blank may replace one in any layout.
            record
                .iter_mut()
                .filter(|byte| **byte == b'\n')
                .for_each(|byte| *byte = b' ');
            if random.chance(10) {
                damage(random, &mut record);
            }
            let end: &[u8] = match random.below(8) {
                0 => b"\r\n",
                1 => b"\n\n",
                2 => b"\n \t\n",
                3 if index + 1 == count => b"",
                _ => b"\n",
            };
            if random.chance(5) {
                lines.extend_from_slice("\u{feff}".as_bytes());
                wanted.extend_from_slice("\u{feff}".as_bytes());
            }
            lines.extend_from_slice(&record);
            lines.extend_from_slice(end);
            if record.trim_ascii().is_empty() {
                wanted.extend_from_slice(&record);
            } else if let Ok(crushed) = crush(&mut alone, &record) {
                digests.extend(crushed.digests());
                wanted.extend_from_slice(&crushed.compacted);
            } else {
                failures += 1;
                let mut originals = Originals::default();
                let digest = originals.put(&record, "raw", 0).ok_or("no digest")?;
                let digits = crusher.options().hash_digits;
                let marker = headroom_crusher::notation::marker::raw(
                    &headroom_crusher::hash(&digest, digits),
                    record.len(),
                );
                wanted.extend_from_slice(quote(&marker, Spelling::Minimal).as_bytes());
                digests.insert(headroom_crusher::hash(&digest, 64));
            }
            wanted.extend_from_slice(end);
        }
        let block = Block::crush_lines(&mut crusher, &lines);
        if block.compacted != wanted {
            return Err(format!(
                "the block differs\n{}\n{}",
                show(&block.compacted),
                show(&wanted)
            ));
        }
        let found: std::collections::BTreeSet<String> = block
            .originals
            .entries
            .iter()
            .map(|entry| headroom_crusher::hash(&entry.digest, 64))
            .collect();
        if found != digests || block.failures.len() != failures {
            return Err(format!(
                "{found:?} are stored, not {digests:?}; {} failures",
                block.failures.len()
            ));
        }
        restore_lines(&block, &lines)
    });
}

fn damage(random: &mut Random, record: &mut Vec<u8>) {
    common::mutate::mutate(random, record);
    record.retain(|byte| *byte != b'\n' && *byte != b'\r');
    // A byte order mark in front of a line belongs to the line, not to the record.
    while record.starts_with("\u{feff}".as_bytes()) {
        record.drain(..3);
    }
}

/// Restores each record in its place, and copies the text between records.
fn restore_lines(block: &Block, lines: &[u8]) -> Result<(), String> {
    let mut restored = Vec::new();
    let mut at = 0;
    for record in &block.records {
        restored.extend_from_slice(&block.compacted[at..record.start]);
        let compacted = &block.compacted[record.start..record.end];
        let start = restored.len();
        restore_record(compacted, &block.originals, &mut restored).map_err(|error| error.to_string())?;
        if start != record.offset || restored.len() - start != record.length {
            return Err(format!(
                "the block says that a record stands at {} with {} bytes",
                record.offset, record.length
            ));
        }
        at = record.end;
    }
    restored.extend_from_slice(&block.compacted[at..]);
    if restored == lines {
        Ok(())
    } else {
        Err(format!("restored as\n{}\nnot\n{}", show(&restored), show(lines)))
    }
}

#[test]
fn the_same_input_gives_the_same_output_whatever_came_before() {
    let mut used = Vec::new();
    each(cases(10), |random| {
        let options = options(random);
        let record = documents::record(random);
        let before = documents::record(random);
        let mut fresh = Crusher::new(options.clone()).map_err(|error| error.to_string())?;
        let mut other = Crusher::new(options).map_err(|error| error.to_string())?;
        let _ = crush(&mut other, before.as_bytes());
        let _ = crush(&mut other, &before.as_bytes()[..before.len() / 2]);
        let wanted = crush(&mut fresh, record.as_bytes());
        for _ in 0..2 {
            let same = match (&wanted, &crush(&mut other, record.as_bytes())) {
                (Ok(wanted), Ok(found)) => {
                    wanted.compacted == found.compacted
                        && wanted.originals.arena == found.originals.arena
                        && wanted.digests() == found.digests()
                        && format!("{:?}", wanted.reports) == format!("{:?}", found.reports)
                }
                (Err(wanted), Err(found)) => wanted == found,
                _ => false,
            };
            if !same {
                return Err(format!("G7: crushed otherwise: {record}"));
            }
        }
        used.push(wanted.is_ok());
        Ok(())
    });
    assert!(used.iter().filter(|used| **used).count() * 10 > used.len() * 9);
}

#[test]
fn a_record_deeper_than_its_limit_is_refused_and_others_come_back() {
    each(cases(2), |random| {
        let depth = random.within(1, 40);
        let limit = random.within(1, 40);
        let mut options = options(random);
        options.max_depth = limit;
        options.paths.clear();
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        let record = format!("{}{}{}", "[1,".repeat(depth - 1), "[]", "]".repeat(depth - 1));
        match check_record(&mut crusher, record.as_bytes())? {
            Some(_) if depth <= limit => Ok(()),
            None if depth > limit => Ok(()),
            _ => Err(format!("depth {depth}, limit {limit}")),
        }
    });
}

#[test]
fn the_generators_reach_every_strategy() {
    let mut seen = std::collections::BTreeMap::new();
    let mut failed = 0_u32;
    each(cases(5).max(2_000), |random| {
        let mut crusher = crusher(random)?;
        match crush(&mut crusher, documents::record(random).as_bytes()) {
            Ok(crushed) => {
                for report in crushed.reports {
                    *seen.entry(report.decisions.strategy).or_insert(0_u32) += 1;
                }
            }
            Err(error) if may_fail(&error) => failed += 1,
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    });
    let all: u32 = seen.values().sum();
    assert_eq!(seen.len(), 6, "{seen:?}");
    assert!(
        seen.values().all(|count| count * 100 > all),
        "each in at least one of a hundred: {seen:?}"
    );
    assert!(failed * 100 < all, "{failed} of {all} too deep");
}

/// Returns the forms of the notation that a compacted string uses, as far as its text shows them.
fn mechanisms(text: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let Some((flags, body)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return found;
    };
    if flags.is_empty()
        || !flags
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    {
        return found;
    }
    let is_table = flags.starts_with(|first: char| first.is_ascii_digit());
    let (header, rows) = body.split_once('\n').unwrap_or((body, ""));
    let mut note = |holds: bool, name| {
        if holds {
            found.push(name);
        }
    };
    note(flags.contains('j') && is_table, "a table of lines");
    note(flags.contains('j') && !is_table, "a document of lines");
    note(flags == "d" || !is_table, "a document");
    note(
        !is_table && header.contains("]{") && body.contains('\n'),
        "an inline table",
    );
    if is_table {
        let lines = |first: char| rows.lines().any(|line| line.starts_with(first));
        note(flags.contains('m'), "a map");
        note(header.starts_with("[{"), "an array of arrays");
        note(
            !header.starts_with("[{") && header.contains("[{"),
            "a list in a cell",
        );
        note(rows.contains("[("), "a row in a cell");
        note(header.contains("<>"), "a hole");
        note(header.contains("<*>"), "a named key");
        note(
            header.replace("<>", "").replace("<*>", "").contains('<'),
            "a named column",
        );
        note(lines('@') && !header.contains("}{"), "a section");
        note(lines('@') && header.contains("}{"), "several shapes");
        note(lines('|'), "an irregular row");
        note(rows.contains(",=") || lines('='), "an explicit value");
        note(rows.contains(",~") || lines('~'), "an override");
    }
    found
}

#[test]
fn the_generators_reach_every_mechanism_of_the_notation() {
    fn strings(value: &serde_json::Value, found: &mut std::collections::BTreeMap<&str, u32>) {
        match value {
            serde_json::Value::String(text) => {
                for name in mechanisms(text) {
                    *found.entry(name).or_insert(0) += 1;
                }
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
            serde_json::Value::Object(members) => members.values().for_each(|member| strings(member, found)),
            _ => {}
        }
    }
    let mut seen = std::collections::BTreeMap::new();
    each(cases(5).max(4_000), |random| {
        let options = Options {
            max_columns: 1024,
            with_compaction: true,
            lossless_only: true,
            ..options(random)
        };
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        if let Ok(crushed) = crush(&mut crusher, documents::record(random).as_bytes())
            && let Ok(value) = serde_json::from_slice::<serde_json::Value>(&crushed.compacted)
        {
            strings(&value, &mut seen);
        }
        Ok(())
    });
    assert_eq!(seen.len(), 16, "{seen:?}");
    assert!(seen.values().all(|count| *count >= 2), "{seen:?}");
}
