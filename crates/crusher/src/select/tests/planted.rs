//! Rows that matter are planted among others, and must stay whatever else is dropped.

use super::{Random, choose, keeps, ordinary, plain};
use crate::options::Options;
use crate::select::choose::Budget;
use crate::select::rule::Rule;

/// Seeded cases for each planted property.
const CASES: u64 = 1000;

/// Plants something in one row of each of many arrays. The row must stay by `rule`, within a budget of a few
/// rows.
fn always_keeps(rule: Rule, query: &str, plant: impl Fn(&mut Random, u64) -> String) {
    let mut must_stay = 0;
    for seed in 0..CASES {
        let mut random = Random(seed);
        let count = 40 + random.below(200);
        let mut rows = plain(&mut random, count);
        let at = random.below(count) as usize;
        let planted = plant(&mut random, at as u64);
        rows.splice(at..=at, [planted]);
        let budget = if seed % 2 == 0 {
            Budget::Rows(12)
        } else {
            Budget::Tokens(500)
        };
        let selection = choose(&rows, budget, query, &Options::default());
        assert!(
            keeps(&selection, at, rule),
            "seed {seed}: row {at} of {count} is gone: {selection:?}"
        );
        must_stay += selection.rules.iter().filter(|rule| rule.always_keeps()).count() as u64;
    }
    // Few rows must stay: the planted one, and now and then a value that happens to lie far out.
    assert!(
        must_stay < CASES * 4,
        "{must_stay} rows had to stay in {CASES} cases"
    );
}

#[test]
fn errors_and_failures_stay_however_they_are_told() {
    always_keeps(Rule::Failure, "", |random, at| {
        let row = ordinary(random, at);
        match random.below(8) {
            0 => format!(r#"{{{row},"status":"error"}}"#),
            1 => format!(r#"{{{row},"status":"FAILED"}}"#),
            2 => format!(r#"{{{row},"status":"BuildFailed"}}"#),
            3 => format!(r#"{{{row},"status":"ok","message":"ValueError: bad value"}}"#),
            4 => format!(r#"{{{row},"status":"fatal"}}"#),
            5 => format!(
                "{{{}}}",
                row.replace(r#""note":""#, r#""status":"ok","note":"Error: no route to host "#)
            ),
            6 => {
                let trace = r#""status":"ok","note":"Traceback (most recent call last):\n  File "#;
                format!("{{{}}}", row.replace(r#""note":""#, trace))
            }
            _ => format!(
                "{{{}}}",
                row.replace(r#""note":""#, r#""status":"ok","note":"failed to connect "#)
            ),
        }
    });
}

#[test]
fn false_successes_exit_codes_and_http_errors_stay() {
    for seed in 0..CASES {
        let mut random = Random(seed);
        let count = 40 + random.below(100);
        let at = random.below(count);
        let kind = random.below(4);
        let rows: Vec<String> = (0..count)
            .map(|row| {
                let failed = row == at;
                let own = match kind {
                    0 => format!(r#""success":{}"#, !failed),
                    1 => format!(r#""exit_code":{}"#, i32::from(failed)),
                    2 => format!(
                        r#""statusCode":{}"#,
                        if failed { 503 } else { 200 + random.below(3) }
                    ),
                    _ => format!(r#""result":{{"is_error":{failed}}}"#),
                };
                format!("{{{},{own}}}", ordinary(&mut random, row))
            })
            .collect();
        let selection = choose(&rows, Budget::Rows(10), "", &Options::default());
        assert!(
            keeps(&selection, at as usize, Rule::Failure),
            "seed {seed}, kind {kind}: {selection:?}"
        );
    }
}

#[test]
fn rare_statuses_stay() {
    always_keeps(Rule::RareValue, "", |random, at| {
        let row = ordinary(random, at);
        format!(
            r#"{{{row},"status":"{}"}}"#,
            random.pick(&["degraded", "draining", "quarantined", "waiting"])
        )
    });
}

#[test]
fn rows_of_another_shape_stay() {
    always_keeps(Rule::Structure, "", |random, at| {
        let row = ordinary(random, at);
        match random.below(4) {
            0 => format!(r#"{{{row},"status":"ok","appendix":{{"pages":3}}}}"#),
            1 => format!("{{{row}}}"),
            2 => format!(r#"{{{row},"status":null}}"#),
            _ => "null".to_owned(),
        }
    });
}

#[test]
fn numbers_far_from_the_rest_stay() {
    always_keeps(Rule::Outlier, "", |random, at| {
        let row = ordinary(random, at);
        let latency = row
            .split(r#""latency":"#)
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .unwrap_or_default();
        let far = random.pick(&["9000", "-4000", "250000", "3000.5", "1e9"]);
        let row = row.replace(
            &format!(r#""latency":{latency},"#),
            &format!(r#""latency":{far},"#),
        );
        format!(r#"{{{row},"status":"ok"}}"#)
    });
}

#[test]
fn rows_where_a_level_shifts_stay() {
    for seed in 0..CASES {
        let mut random = Random(seed);
        let count = 40 + random.below(200);
        let at = count / 5 + random.below(count * 3 / 5);
        let shift = 800 + random.below(3000).cast_signed();
        let rows: Vec<String> = (0..count)
            .map(|row| {
                let level = if row < at { 0 } else { shift };
                format!(
                    r#"{{"at":{row},"queue":{},"free":{}}}"#,
                    level + random.noise(),
                    random.below(5000)
                )
            })
            .collect();
        let selection = choose(&rows, Budget::Rows(8), "", &Options::default());
        assert!(
            keeps(&selection, at as usize, Rule::ChangePoint),
            "seed {seed}: shift at {at} is gone: {selection:?}"
        );
        let options = Options {
            preserve_change_points: false,
            ..Options::default()
        };
        let without = choose(&rows, Budget::Rows(8), "", &options);
        assert!(without.rules.iter().all(|rule| *rule != Rule::ChangePoint));
    }
}

#[test]
fn the_row_that_a_query_names_stays() {
    for seed in 0..CASES {
        let mut random = Random(seed);
        let count = 40 + random.below(200);
        let mut rows = plain(&mut random, count);
        let at = random.below(count) as usize;
        let query = match random.below(3) {
            0 => format!("What happened to number {}?", 1000 + at),
            1 => {
                rows.splice(at..=at, [rows[at].replace(r#""note":""#, r#""note":"Zanzibar "#)]);
                "anything about zanzibar".to_owned()
            }
            _ => {
                rows.splice(
                    at..=at,
                    [rows[at].replace(r#""note":""#, r#""order":"A-77/12","note":""#)],
                );
                "Please cancel order a-77/12, it was a mistake.".to_owned()
            }
        };
        let selection = choose(&rows, Budget::Rows(8), &query, &Options::default());
        assert!(
            keeps(&selection, at, Rule::Named),
            "seed {seed}, {query}: {selection:?}"
        );
    }
}

#[test]
fn a_field_merely_called_timeout_keeps_nothing() {
    for seed in 0..CASES {
        let mut random = Random(seed);
        let count = 40 + random.below(100);
        let rows = plain(&mut random, count);
        let renamed: Vec<String> = rows
            .iter()
            .map(|row| {
                row.replace("timeout", "quorum")
                    .replace("error_count", "apple_count")
                    .replace("errors", "apples")
            })
            .collect();
        let budget = Budget::Rows(10);
        let selection = choose(&rows, budget, "", &Options::default());
        assert_eq!(
            selection,
            choose(&renamed, budget, "", &Options::default()),
            "seed {seed}"
        );
        assert!(
            selection.rules.iter().all(|rule| *rule != Rule::Failure),
            "seed {seed}: {selection:?}"
        );
    }
}
