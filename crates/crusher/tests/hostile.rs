//! Restoring what crush didn't write: damaged records, forged ones, any bytes. It ends with bytes or a typed
//! error, in bounded time and memory (G6).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and crush with a crusher"
)]

mod common;

use common::check::{crush, crusher};
use common::json::{Json, Spelling, print, quote};
use common::random::Random;
use common::shelf::Shelf;
use common::{cases, documents, each, mutate, show, strings};
use headroom_crusher::json::scan::Tape;
use headroom_crusher::{
    Crusher, Error, Lookup, Options, markers_in_record, markers_in_text, restore_record, restore_text,
};

/// Restores a record and lists its markers. An error must be of a kind that restoring has, and must leave no
/// output behind.
fn try_record(compacted: &[u8], originals: &dyn Lookup) -> Result<Result<Vec<u8>, Error>, String> {
    let mut out = b"before".to_vec();
    let result = restore_record(compacted, originals, &mut out);
    let listed = markers_in_record(compacted, &mut Vec::new());
    match result {
        Ok(()) => {
            listed.map_err(|error| format!("restores, but doesn't list: {error}\n{}", show(compacted)))?;
            if out.starts_with(b"before") {
                Ok(Ok(out.split_off(6)))
            } else {
                Err("restoring changed bytes before its output".to_owned())
            }
        }
        Err(error) => {
            let known = matches!(
                error.kind(),
                "format" | "missing" | "invalid_json" | "invalid_utf8" | "too_large" | "too_deep"
            );
            if out != b"before" || !known {
                return Err(format!("{error:?} leaves {}", show(&out)));
            }
            Ok(Err(error))
        }
    }
}

#[test]
fn damaged_records_restore_to_json_or_to_an_error() {
    let (mut restored, mut refused) = (0, 0);
    each(cases(50), |random| {
        let mut crusher = crusher(random)?;
        let Ok(crushed) = crush(&mut crusher, documents::record(random).as_bytes()) else {
            return Ok(());
        };
        let mut damaged = crushed.compacted.clone();
        mutate::mutate(random, &mut damaged);
        let Ok(text) = try_record(&damaged, &crushed.originals)? else {
            refused += 1;
            return Ok(());
        };
        restored += 1;
        // A table or document decodes to JSON, or not at all. Only a line of raw markers may restore to other
        // bytes.
        let is_json = Tape::default().scan(&text, 100_000).is_ok();
        if is_json {
            Ok(())
        } else {
            Err(format!("{}\nrestores to {}", show(&damaged), show(&text)))
        }
    });
    assert!(
        restored > 100 && refused > 100,
        "{restored} restored, {refused} refused"
    );
}

#[test]
fn a_damaged_table_never_decodes_to_the_same_text() {
    let mut decoded = 0;
    each(cases(50), |random| {
        let options = Options {
            lossless_only: true,
            lossless_min_savings_ratio: 0.0,
            ..Options::default()
        };
        let mut crusher = Crusher::new(options).map_err(|error| error.to_string())?;
        let value = if random.chance(70) {
            documents::rows(random)
        } else {
            documents::map(random)
        };
        let record = print(&value, common::json::layout(random), Spelling::Minimal);
        let Ok(crushed) = crush(&mut crusher, record.as_bytes()) else {
            return Ok(());
        };
        let table: Option<String> = serde_json::from_slice(&crushed.compacted).ok();
        let Some(table) = table.filter(|table| table.starts_with('[')) else {
            return Ok(());
        };
        let mut damaged = table.clone().into_bytes();
        mutate::mutate(random, &mut damaged);
        let Ok(damaged) = String::from_utf8(damaged) else {
            return Ok(());
        };
        if damaged == table || loose(&damaged) == loose(&table) {
            return Ok(());
        }
        let quoted = quote(&damaged, Spelling::Minimal);
        match try_record(quoted.as_bytes(), &Shelf::default())? {
            Ok(text) if text == record.as_bytes() => {
                Err(format!("two tables for one text:\n{table}\n{damaged}"))
            }
            Ok(_) => {
                decoded += 1;
                Ok(())
            }
            Err(_) => Ok(()),
        }
    });
    assert!(decoded > 100, "{decoded} damaged tables decode to something else");
}

/// Returns a table without the parts that a reader may accept in two forms: quotes around strings that need
/// none, whitespace in JSON cells, an escape before text that needs none.
fn loose(table: &str) -> String {
    table
        .replace("<<ccr:lit>>", "")
        .chars()
        .filter(|c| !matches!(c, '"' | '\\' | ' ' | '\t' | '\r'))
        .collect()
}

/// Returns reserved text made of pieces of the grammar, sometimes wrongly put together.
fn forged(random: &mut Random, shelf: &mut Shelf, depth: usize) -> String {
    let flags = |random: &mut Random| {
        let layout = *random.pick(&["", "", "p", "i2", "it", "i9"]);
        let cells = *random.pick(&["", "", "a", "h", "ahluc"]);
        let frame = *random.pick(&["", "s", "s", "sn", "sa", "snau", "n"]);
        format!("{layout}{cells}{frame}")
    };
    let cell = |random: &mut Random, shelf: &mut Shelf| match random.below(9) {
        0 if depth > 0 => quote(&forged(random, shelf, depth - 1), Spelling::Minimal),
        0 | 1 => print(
            &documents::any(random, 2),
            common::json::Layout::Compact,
            Spelling::Minimal,
        ),
        2 => "~null".to_owned(),
        3 => "=1".to_owned(),
        4 => String::new(),
        5 => "null".to_owned(),
        6 => "7".to_owned(),
        _ => strings::word(random),
    };
    match random.below(8) {
        0 => {
            let bytes = documents::record(random).into_bytes();
            let hash = shelf.put(&bytes);
            format!(
                "<<ccr:{hash}{}",
                random.pick(&[
                    ",raw,1.0KB>>",
                    ",text,1.0KB>> x",
                    " 3_rows_offloaded>>",
                    " 3_rows_offloaded sa>>",
                    ",json,0.0KB,h>>"
                ])
            )
        }
        1 => strings::forged_marker(random),
        2 => format!(
            "[{}]{}",
            flags(random),
            print(
                &documents::any(random, 3),
                common::json::Layout::Compact,
                Spelling::Minimal
            )
        ),
        _ => {
            let rows = random.within(1, 4);
            let map = random.chance(20);
            // Each column, and how many cells it has in a row.
            let names = [
                ("a", 1),
                ("b", 1),
                ("t=x<>", 1),
                ("g{x,h{z}}", 2),
                ("u=<b>/<>-<>", 2),
                ("d=true", 0),
                ("e=x", 0),
                ("\"k,\"", 1),
                ("l[{k,v}]", 1),
                ("v=<g.x>", 0),
                ("@s", 0),
                ("w=<*>", 0),
            ];
            let count = random.within(1, 5);
            let start = random.below(names.len() - count);
            let chosen = &names[start..start + count];
            let columns = chosen.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
            let header = if map {
                format!("[{rows}m{}]{{*,{columns}}}", flags(random))
            } else {
                format!("[{rows}{}]{{{columns}}}", flags(random))
            };
            let wanted = chosen.iter().map(|(_, cells)| cells).sum::<usize>() + usize::from(map);
            let mut text = header;
            for _ in 0..rows {
                text.push('\n');
                if columns.contains('@') && random.chance(60) {
                    text.push('@');
                    text += &cell(random, shelf);
                    text.push('\n');
                }
                if random.chance(10) {
                    text.push('|');
                    text += &cell(random, shelf);
                } else {
                    let cells: Vec<String> = (0..wanted).map(|_| cell(random, shelf)).collect();
                    text += &cells.join(",");
                }
            }
            text
        }
    }
}

#[test]
fn forged_records_restore_or_are_refused() {
    let mut restored = 0;
    each(cases(50), |random| {
        let mut shelf = Shelf::default();
        let text = forged(random, &mut shelf, 3);
        let record = match random.below(3) {
            0 => quote(&text, Spelling::Minimal),
            1 => print(
                &Json::Array(vec![documents::any(random, 1), Json::Text(text)]),
                common::json::Layout::Spaced,
                Spelling::AsciiLower,
            ),
            _ => print(
                &common::json::object([("_ccr_dropped", text.into())]),
                common::json::Layout::Compact,
                Spelling::Minimal,
            ),
        };
        if let Ok(text) = try_record(record.as_bytes(), &shelf)? {
            restored += 1;
            if Tape::default().scan(&text, 100_000).is_err() {
                return Err(format!("{record}\nrestores to {}", show(&text)));
            }
        }
        Ok(())
    });
    assert!(restored > 50, "{restored} restored");
}

#[test]
fn any_text_restores_or_is_refused() {
    each(cases(50), |random| {
        let count = random.within(0, 60);
        let text = match random.below(4) {
            0 => strings::unicode(random, count),
            1 => {
                let mut text = forged(random, &mut Shelf::default(), 2).into_bytes();
                mutate::mutate(random, &mut text);
                String::from_utf8_lossy(&text).into_owned()
            }
            2 => random.text(b"<>[]{}:,=~|*\"\\ccr:lit0123456789abcdef \n", count),
            _ => format!("[{}]{{", random.text(b"0123456789smpitahlucn", count % 12)),
        };
        let mut out = Vec::new();
        let restored = restore_text(&text, &Shelf::default(), &mut out);
        let listed = markers_in_text(&text, &mut Vec::new());
        if restored.is_ok() && listed.is_err() {
            return Err(format!("restores, but doesn't list: {text}"));
        }
        try_record(text.as_bytes(), &Shelf::default()).map(drop)
    });
}
