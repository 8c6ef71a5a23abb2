use crate::tokens::count::count;
use crate::tokens::estimate::{class, estimate, estimate_64ths, next};

/// Counts by the reference implementation in Python.
#[test]
fn counts_as_the_reference_does() {
    let known = [
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),
        ("<|endoftext|>", 7),
        ("\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}", 3),
        ("   \n\n  x", 3),
        ("3.14159265358979", 7),
    ];
    for (text, tokens) in known {
        assert_eq!(count(text), tokens, "{text:?}");
    }
}

#[test]
fn counting_in_pieces_changes_nothing() {
    let whole = tiktoken::get_encoding("o200k_base");
    let kinds = [
        "{\"id\":17,\"name\":\"it's\",\"at\":\"2026-01-02T03:04:05Z\"},",
        "Words, numbers 12345 and   spaces; don't they'll\n\n  \t x1y2 ",
        "deadbeef00112233",
        "QUJDREVGR0g+/",
        "naïve 文字 \u{1f600} é",
    ];
    for kind in kinds {
        let text = kind.repeat(200_000 / kind.len());
        assert_eq!(
            Some(count(&text)),
            whole.map(|encoding| encoding.count(&text)),
            "{kind}"
        );
    }
}

#[test]
fn runs_without_a_place_to_cut_are_counted_within_two_tokens_a_piece() {
    let whole = tiktoken::get_encoding("o200k_base");
    for run in ["a", "=", " ", "\n", "é", "\u{4e2d}", "ab", "!?"] {
        let text = run.repeat(300_000 / run.len());
        let exact = whole.map_or(0, |encoding| encoding.count(&text));
        let most = 2 * (text.len() / 65_536 + 1);
        assert!(count(&text).abs_diff(exact) <= most, "{run:?}: {exact}");
    }
}

fn assert_within(text: &str, percent: usize) {
    let (exact, estimated) = (count(text), estimate(text.as_bytes()));
    assert!(
        exact.abs_diff(estimated) * 100 <= exact * percent,
        "{exact} tokens estimated as {estimated}"
    );
}

#[test]
fn estimates_json_prose_and_identifiers_within_a_tenth() {
    use std::fmt::Write as _;
    let (mut json, mut table, mut ids) = (String::new(), String::new(), String::new());
    let mut seed: u64 = 1;
    for i in 0..200_u64 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let state = if seed >> 63 == 0 { "running" } else { "stopped" };
        let _ = write!(
            json,
            r#"{{"id":{i},"name":"worker-{i}","state":"{state}","memory_bytes":{}}},"#,
            seed >> 40
        );
        let _ = writeln!(table, "{i},worker-{i},{state},{}", seed >> 40);
        let _ = writeln!(ids, "i-{seed:016x}");
    }
    assert_within(&json, 10);
    assert_within(&table, 10);
    assert_within(&ids, 10);
    let prose = "The estimate walks over the text once and adds up what each byte costs. It is used wherever \
                 a decision has to be taken quickly, and exact counts are left to the report at the end.\n";
    assert_within(&prose.repeat(5), 15);
}

#[test]
fn every_byte_costs_something_and_lanes_change_little() {
    for byte in 0..=255_u8 {
        assert!(estimate_64ths(&[byte; 1000]) >= 1000);
    }
    let text: Vec<u8> = b"{\"name\":\"alpha\",\"size\":1234},"
        .iter()
        .copied()
        .cycle()
        .take(4000)
        .collect();
    let whole = estimate_64ths(&text);
    let pieces: u64 = text.chunks(200).map(estimate_64ths).sum();
    assert!(
        whole.abs_diff(pieces) * 20 < whole,
        "{whole} in lanes, {pieces} in pieces"
    );
}

#[test]
fn the_automaton_stays_within_its_table() {
    for state in 0..32 {
        for byte in 0..=255 {
            assert!(next(state, class(byte)) < 32);
        }
    }
}
