//! Tests of the names that are shown from rows left out.

use std::fmt::Write as _;

use super::Random;
use crate::json::scan::Tape;
use crate::options::Options;
use crate::select::choose::{Budget, select};

/// The line of names for rows in a budget of tokens.
fn line(rows: &[String], budget: usize) -> String {
    let text = format!("[{}]", rows.join(","));
    let mut tape = Tape::default();
    let doc = tape.scan(text.as_bytes(), 64).unwrap();
    let costs: Vec<u32> = rows.iter().map(|row| row.len() as u32 / 4).collect();
    let selection = select(&doc, 0, &costs, Budget::Tokens(budget), "", &Options::default());
    let mut line = Vec::new();
    selection.names.write(&doc, &mut line);
    String::from_utf8(line).unwrap()
}

fn prose(random: &mut Random) -> String {
    let words: Vec<String> = (0..30).map(|_| format!("word{}", random.below(1000))).collect();
    words.join(" ")
}

#[test]
fn rows_that_are_left_out_are_named_by_their_cheapest_names() {
    let mut random = Random(1);
    let rows: Vec<String> = (0..300)
        .map(|at| {
            let (word, note) = (random.next(), prose(&mut random));
            format!(
                r#"{{"note":"{note}","id":"{word:032x}","at":{at},"host":{{"name":"web-{at}"}},"kind":"vm"}}"#
            )
        })
        .collect();
    let line = line(&rows, 4000);
    let names = line.strip_prefix("\nalso host.name: ").unwrap();
    assert!(
        names.split("; ").next().unwrap().split(' ').count() > 200,
        "{line}"
    );
    assert!(
        !line.contains("note:") && !line.contains("at:") && !line.contains("kind:"),
        "{line}"
    );
}

#[test]
fn categories_that_no_kept_row_shows_come_first() {
    let mut random = Random(2);
    let rows: Vec<String> = (0..400)
        .map(|at| format!(r#"{{"rule":"rule-{}","note":"{}"}}"#, at / 10, prose(&mut random)))
        .collect();
    let line = line(&rows, 1200);
    assert!(line.starts_with("\nalso rule: rule-"), "{line}");
    let names: Vec<&str> = line["\nalso rule: ".len()..].split(' ').collect();
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(names.len() > 15 && names.len() == distinct.len(), "{line}");
}

#[test]
fn values_that_are_unclear_in_a_list_are_no_names() {
    let mut random = Random(3);
    let rows: Vec<String> = (0..300)
        .map(|at| {
            let mut row = String::from("{");
            let odd = [
                "two words",
                "a,b",
                "a;b",
                "<<ccr:lit>>",
                "q\\\"q",
                "tab\\tbed",
                "12345",
            ];
            for (column, text) in odd.iter().enumerate() {
                let _ = write!(row, r#""c{column}":"{text}{at}","#);
            }
            let _ = write!(
                row,
                r#""two keys":"n{at}","list":["e{at}"],"note":"{}"}}"#,
                prose(&mut random)
            );
            row
        })
        .collect();
    assert_eq!(line(&rows, 2000), "");
}

#[test]
fn rows_as_short_as_their_names_stay_instead() {
    let rows: Vec<String> = (0..400).map(|at| format!(r#"{{"name":"host-{at}"}}"#)).collect();
    let text = format!("[{}]", rows.join(","));
    let mut tape = Tape::default();
    let doc = tape.scan(text.as_bytes(), 64).unwrap();
    let costs = vec![4; rows.len()];
    let selection = select(&doc, 0, &costs, Budget::Tokens(400), "", &Options::default());
    assert_eq!(selection.keep.len(), 100, "{selection:?}");
}

#[test]
fn names_that_recur_are_listed_once() {
    let mut random = Random(4);
    let rows: Vec<String> = (0..60)
        .map(|at| format!(r#"{{"id":"job-{}","note":"{}"}}"#, at * 2 / 3, prose(&mut random)))
        .collect();
    let line = line(&rows, 700);
    let mut names: Vec<&str> = line.strip_prefix("\nalso id: ").unwrap().split(' ').collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(count > 25 && names.len() == count, "{line}");
}
