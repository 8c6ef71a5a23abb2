//! Tests of each rule of selection on rows from a seeded generator.

mod analysis;
mod planted;
mod row_names;

use std::fmt::Write as _;

use crate::json::scan::Tape;
use crate::options::Options;
use crate::select::choose::{Budget, Selection, select};
use crate::select::rule::Rule;

/// A small generator (Steele et al., SplitMix64): the same rows on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let at = self.below(list.len() as u64) as usize;
        list.get(at).copied().unwrap_or_default()
    }

    /// About normal: mean 0, deviation 100.
    fn noise(&mut self) -> i64 {
        (0..12).map(|_| self.below(100).cast_signed()).sum::<i64>() - 594
    }
}

const REGIONS: [&str; 4] = ["north", "south", "east", "west"];
const WORDS: [&str; 8] = [
    "alpha", "bravo", "cedar", "delta", "ember", "fjord", "grove", "hazel",
];

/// The members of an ordinary row as text, to which others can be appended.
fn ordinary(random: &mut Random, at: u64) -> String {
    let mut row = String::new();
    let (word, region) = (random.pick(&WORDS), random.pick(&REGIONS));
    let _ = write!(
        row,
        r#""id":{},"name":"{word}-{:04x}","region":"{region}","latency":{},"timeout":{},"error_count":0,"errors":[],"note":"{} {}""#,
        1000 + at,
        random.below(65536),
        1000 + random.noise(),
        random.below(60),
        random.pick(&WORDS),
        random.pick(&WORDS),
    );
    row
}

/// Rows without anything special, all of status `ok`.
fn plain(random: &mut Random, rows: u64) -> Vec<String> {
    (0..rows)
        .map(|at| format!(r#"{{{},"status":"ok"}}"#, ordinary(random, at)))
        .collect()
}

fn choose(rows: &[String], budget: Budget, query: &str, options: &Options) -> Selection {
    let text = format!("[{}]", rows.join(","));
    let mut tape = Tape::default();
    let doc = tape.scan(text.as_bytes(), 64).unwrap();
    let costs: Vec<u32> = rows.iter().map(|row| row.len() as u32 / 4).collect();
    select(&doc, 0, &costs, budget, query, options)
}

fn keeps(selection: &Selection, row: usize, rule: Rule) -> bool {
    let at = selection.keep.binary_search(&(row as u32)).ok();
    at.and_then(|at| selection.rules.get(at))
        .is_some_and(|kept| *kept <= rule)
}

#[test]
fn words_of_failure_in_names_of_things_keep_nothing() {
    let kinds = [
        "timeout", "error", "fail", "retries", "panic", "abort", "fatal", "limit",
    ];
    let rows: Vec<String> = (0..64)
        .map(|at| {
            format!(
                r#"{{"name":"{}_{at}","type":"int","doc":"the {}"}}"#,
                kinds[at % 8],
                kinds[at / 8]
            )
        })
        .collect();
    let selection = choose(&rows, Budget::Rows(10), "", &Options::default());
    let failures = selection
        .rules
        .iter()
        .filter(|rule| **rule == Rule::Failure)
        .count();
    assert!(
        failures < 10 && selection.keep.len() <= 10 + failures,
        "{selection:?}"
    );
}

#[test]
fn failing_most_of_the_time_is_no_signal() {
    let rows: Vec<String> = (0..100)
        .map(|at| {
            format!(
                r#"{{"id":{at},"status":"{}"}}"#,
                if at % 5 == 0 { "ok" } else { "failed" }
            )
        })
        .collect();
    let selection = choose(&rows, Budget::Rows(10), "", &Options::default());
    assert_eq!((selection.keep.len(), selection.excess), (10, 0));
}

#[test]
fn a_few_rare_values_stay_and_a_long_tail_of_them_is_no_signal() {
    for (rare, stays) in [(3, true), (4, true), (5, false), (12, false)] {
        let rows: Vec<String> = (0..300)
            .map(|at| {
                let state = if at % 25 == 3 && at / 25 < rare {
                    format!("odd{}", at / 25)
                } else {
                    format!("usual{}", at % 4)
                };
                format!(r#"{{"at":{},"state":"{state}"}}"#, at * 7 % 300)
            })
            .collect();
        let selection = choose(&rows, Budget::Rows(6), "", &Options::default());
        let kept = selection
            .rules
            .iter()
            .filter(|rule| **rule == Rule::RareValue)
            .count();
        assert_eq!(kept, if stays { rare } else { 0 }, "{rare}: {selection:?}");
    }
}

#[test]
fn patterns_stay_wherever_they_stand_and_even_if_equal() {
    let mut rows: Vec<String> = (0..80)
        .map(|at| format!(r#"{{"id":{at},"text":"nothing"}}"#))
        .collect();
    rows.splice(
        3..4,
        [r#"{"id":3,"text":"caf\u00c9 br\u00fbl\u00e9e"}"#.to_owned()],
    );
    rows.splice(50..51, [r#"{"needle":50,"text":"nothing"}"#.to_owned()]);
    for at in [60, 61, 62] {
        rows.splice(at..=at, [r#"{"id":61,"text":"say \"hi\" "}"#.to_owned()]);
    }
    let keep_patterns = ["CAFé", "NEEDLE", r#"say "hi""#].map(str::to_owned).to_vec();
    let options = Options {
        keep_patterns,
        ..Options::default()
    };
    let selection = choose(&rows, Budget::Rows(4), "", &options);
    for row in [3, 50, 60, 61, 62] {
        assert!(keeps(&selection, row, Rule::Pattern), "{row}: {selection:?}");
    }
    assert_eq!((selection.keep.len(), selection.excess), (5, 1), "{selection:?}");
}

#[test]
fn equal_rows_are_shown_once_unless_deduplication_is_off() {
    let rows: Vec<String> = (0..90).map(|at| format!(r#"{{"kind":"{}"}}"#, at % 3)).collect();
    let selection = choose(&rows, Budget::Rows(10), "", &Options::default());
    assert_eq!(
        (selection.keep.as_slice(), selection.duplicates),
        ([0, 1, 2].as_slice(), 87)
    );
    let options = Options {
        dedup_identical_items: false,
        ..Options::default()
    };
    assert_eq!(choose(&rows, Budget::Rows(10), "", &options).keep.len(), 10);
}

#[test]
fn first_and_last_rows_stay_in_the_shares_asked_for() {
    let mut random = Random(7);
    let rows: Vec<String> = (0..200)
        .map(|_| format!(r#"{{"value":{}}}"#, random.below(1000)))
        .collect();
    let options = Options {
        first_fraction: 0.4,
        last_fraction: 0.2,
        ..Options::default()
    };
    let selection = choose(&rows, Budget::Rows(20), "", &options);
    assert!(
        selection.keep.starts_with(&[0, 1, 2, 3, 4, 5, 6, 7]),
        "{selection:?}"
    );
    assert!(selection.keep.ends_with(&[196, 197, 198, 199]), "{selection:?}");
    let options = Options {
        first_fraction: 0.0,
        last_fraction: 0.0,
        ..options
    };
    let selection = choose(&rows, Budget::Rows(20), "", &options);
    assert!(
        selection
            .rules
            .iter()
            .all(|rule| !matches!(rule, Rule::First | Rule::Last)),
        "{selection:?}"
    );
}

#[test]
fn coverage_shows_every_category_before_it_repeats_one() {
    let rows: Vec<String> = (0..400)
        .map(|at| format!(r#"{{"id":{at},"group":"g{}","part":"p{}"}}"#, at / 20, at / 40))
        .collect();
    let options = Options {
        first_fraction: 0.0,
        last_fraction: 0.0,
        ..Options::default()
    };
    let selection = choose(&rows, Budget::Rows(20), "", &options);
    let mut groups: Vec<u32> = selection.keep.iter().map(|row| row / 20).collect();
    groups.dedup();
    assert_eq!(groups.len(), 20, "{selection:?}");
}

#[test]
fn rows_relevant_to_the_query_come_before_others() {
    let mut random = Random(3);
    let mut rows = plain(&mut random, 300);
    for at in (30..300).step_by(30) {
        let row = rows[at].replace(r#""note":""#, r#""note":"purple elephant "#);
        rows.splice(at..=at, [row]);
    }
    let selection = choose(
        &rows,
        Budget::Rows(30),
        "purple elephants and an elephant",
        &Options::default(),
    );
    for at in (30..300).step_by(30) {
        assert!(keeps(&selection, at, Rule::Relevant), "{at}: {selection:?}");
    }
}

#[test]
fn token_budgets_hold() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let count = 40 + random.below(200);
        let rows = plain(&mut random, count);
        let budget = 100 + random.below(2000);
        let selection = choose(
            &rows,
            Budget::Tokens(budget as usize),
            "north",
            &Options::default(),
        );
        let spent: u64 = selection
            .keep
            .iter()
            .map(|row| rows[*row as usize].len() as u64 / 4)
            .sum();
        assert!(spent <= budget + selection.excess, "seed {seed}");
        assert_eq!(
            selection.keep.len() + (selection.duplicates + selection.over_budget) as usize,
            rows.len()
        );
    }
}

#[test]
fn scalars_and_mixed_arrays_follow_the_same_rules() {
    let mut rows: Vec<String> = (0..100).map(|at| format!("{}", 50 + at % 7)).collect();
    rows.splice(40..41, ["12000".to_owned()]);
    rows.splice(70..71, [r#""a text""#.to_owned()]);
    let options = Options {
        dedup_identical_items: false,
        ..Options::default()
    };
    let selection = choose(&rows, Budget::Rows(10), "", &options);
    assert!(
        keeps(&selection, 40, Rule::Outlier) && keeps(&selection, 70, Rule::Structure),
        "{selection:?}"
    );
    let mut lines: Vec<String> = (0..100).map(|at| format!(r#""GET /page/{at} done""#)).collect();
    lines.splice(33..34, [r#""panic: index out of range""#.to_owned()]);
    assert!(keeps(
        &choose(&lines, Budget::Rows(10), "", &options),
        33,
        Rule::Failure
    ));
}

#[test]
fn rows_with_too_many_columns_are_judged_by_their_texts_and_their_common_columns() {
    let mut random = Random(11);
    let mut rows: Vec<String> = (0..2000)
        .map(|at| {
            let mut row = format!(r#"{{"status":"ok","id":{at}"#);
            for _ in 0..8 {
                let _ = write!(row, r#","k{}":"x""#, random.next());
            }
            row + "}"
        })
        .collect();
    rows[700] = rows[700].replace(r#""status":"ok""#, r#""status":"failed""#);
    rows[1500] = rows[1500].replace(r#":"x"}"#, r#":"ValueError: bad value"}"#);
    let options = Options {
        max_columns: 16,
        ..Options::default()
    };
    let selection = choose(&rows, Budget::Rows(20), "", &options);
    assert!(keeps(&selection, 700, Rule::Failure), "{selection:?}");
    assert!(keeps(&selection, 1500, Rule::Failure), "{selection:?}");
    // The columns that came first are as common as those beyond the limit.
    assert_eq!((selection.keep.len(), selection.excess), (20, 0), "{selection:?}");
    assert!(!selection.rules.contains(&Rule::Structure), "{selection:?}");
}

#[test]
fn arrays_that_fit_and_arrays_of_few_rows_lose_nothing() {
    let rows: Vec<String> = (0..10).map(|at| format!(r#"{{"id":{at}}}"#)).collect();
    assert_eq!(
        choose(&rows, Budget::Rows(10), "", &Options::default())
            .keep
            .len(),
        10
    );
    assert_eq!(
        choose(&rows[..4], Budget::Rows(1), "", &Options::default())
            .keep
            .len(),
        4
    );
}

#[test]
fn rows_are_given_back_last_chosen_first_but_never_those_that_must_stay() {
    let mut random = Random(5);
    let mut rows = plain(&mut random, 200);
    rows[120] = rows[120].replace(r#""status":"ok""#, r#""status":"failed""#);
    let costs: Vec<u32> = rows.iter().map(|row| row.len() as u32 / 4).collect();
    let mut selection = choose(&rows, Budget::Tokens(1500), "", &Options::default());
    let (kept, dropped) = (selection.keep.len(), selection.over_budget);
    assert!(selection.give_back(1, &costs));
    assert_eq!(
        (selection.keep.len(), selection.over_budget),
        (kept - 1, dropped + 1)
    );
    assert_eq!(selection.keep.len(), selection.rules.len());
    let coverage = |selection: &Selection| {
        selection
            .rules
            .iter()
            .filter(|rule| **rule == Rule::Coverage)
            .count()
    };
    let others = selection.keep.len() - coverage(&selection);
    while coverage(&selection) > 0 && selection.give_back(1, &costs) {}
    assert_eq!(selection.keep.len(), others, "{selection:?}");
    assert!(selection.give_back(u64::MAX, &costs));
    assert!(keeps(&selection, 120, Rule::Failure), "{selection:?}");
    assert!(
        selection.rules.iter().all(|rule| rule.always_keeps()),
        "{selection:?}"
    );
    assert!(!selection.give_back(1, &costs));
}
