//! Checks what must hold of every record: it is crushed, looked at, restored and compared.

use std::collections::BTreeSet;

use headroom_crusher::json::scan::Tape;
use headroom_crusher::payload_path::Path;
use headroom_crusher::{
    Crusher, Error, Limit, Options, Originals, Output, PayloadReport, Strategy, hash, markers_in_record,
    restore_record, tokens,
};

use super::random::Random;
use super::show;

/// A crushed record.
#[derive(Debug)]
pub struct Crushed {
    pub compacted: Vec<u8>,
    pub originals: Originals,
    pub reports: Vec<PayloadReport>,
}

impl Crushed {
    /// Returns the digests of all originals, in hexadecimal digits.
    pub fn digests(&self) -> BTreeSet<String> {
        self.originals
            .entries
            .iter()
            .map(|entry| hash(&entry.digest, 64))
            .collect()
    }
}

/// Crushes one record.
pub fn crush(crusher: &mut Crusher, record: &[u8]) -> Result<Crushed, Error> {
    let mut crushed = Crushed {
        compacted: Vec::new(),
        originals: Originals::default(),
        reports: Vec::new(),
    };
    let mut output = Output {
        compacted: &mut crushed.compacted,
        originals: &mut crushed.originals,
        payloads: &mut crushed.reports,
        tool_of: &mut |_| 0,
    };
    crusher.crush_record(record, &mut output)?;
    Ok(crushed)
}

/// Returns options of every kind. With most of them even small records lose rows, strings and whitespace.
pub fn options(random: &mut Random) -> Options {
    let mut options = Options {
        max_tokens: *random.pick(&[64, 64, 200, 1000, 4096]),
        min_tokens_to_crush: *random.pick(&[0, 0, 50, 200]),
        min_items_to_analyze: *random.pick(&[2, 3, 5]),
        max_items_after_crush: *random.pick(&[1, 2, 5, 15]),
        blob_min_bytes: *random.pick(&[128, 128, 200, 1024]),
        excerpt_tokens: *random.pick(&[0, 5, 20, 160]),
        lossless_min_savings_ratio: *random.pick(&[0.0, 0.0, 0.05, 0.3]),
        hash_digits: *random.pick(&[24, 24, 24, 64]),
        lossless_only: random.chance(15),
        with_compaction: !random.chance(15),
        verify: random.chance(30),
        exact_tokens: false,
        dedup_identical_items: random.chance(80),
        preserve_change_points: random.chance(80),
        variance_threshold: *random.pick(&[0.0, 1.0, 3.0]),
        first_fraction: *random.pick(&[0.0, 0.3, 0.5]),
        last_fraction: *random.pick(&[0.0, 0.15, 0.5]),
        max_columns: *random.pick(&[1, 4, 1024, 1024, 1024]),
        ..Options::default()
    };
    if random.chance(20) {
        options.keep_patterns = vec![(*random.pick(&["error", "a", "\u{e9}", "<<ccr:"])).to_owned()];
    }
    if random.chance(30) {
        let paths = [
            "$.messages[*]{role=tool}.content",
            "$.messages[*].content[*].content[*].text:string",
            "$.items",
            "$.result:string",
            "$[*]",
            "$.content @ .name",
            "$.a",
            "$.\"a.b\"",
            "$.messages[*].content",
            "$.items[*].id",
            "$",
        ];
        let count = random.within(1, 3);
        options.paths = (0..count)
            .filter_map(|_| random.pick(&paths).parse::<Path>().ok())
            .collect();
    }
    if random.chance(30) {
        options.max_record_tokens = *random.pick(&[32, 64, 300, 2000, 10_000]);
    }
    options
}

/// Returns a crusher with options of every kind.
pub fn crusher(random: &mut Random) -> Result<Crusher, String> {
    Crusher::new(options(random)).map_err(|error| error.to_string())
}

/// Returns true for the error of a record that is nested too deep, which generated records may be.
pub fn may_fail(error: &Error) -> bool {
    matches!(
        error,
        Error::LimitExceeded {
            limit: Limit::Depth,
            ..
        }
    )
}

/// Checks everything that must hold of one record. Returns none if the record is too deep.
pub fn check_record(crusher: &mut Crusher, record: &[u8]) -> Result<Option<Crushed>, String> {
    let crushed = match crush(crusher, record) {
        Ok(crushed) => crushed,
        Err(error) if may_fail(&error) => return Ok(None),
        Err(error) => return Err(format!("{error} for {}", show(record))),
    };
    let options = crusher.options().clone();
    let told = |what: &str| {
        Err(format!(
            "{what}\n{options:?}\n{}\n{}",
            show(record),
            show(&crushed.compacted)
        ))
    };

    let mut restored = Vec::with_capacity(record.len());
    if let Err(error) = restore_record(&crushed.compacted, &crushed.originals, &mut restored) {
        return told(&format!("G1: {error}"));
    }
    if restored != record {
        return told(&format!("G1: restored as {}", show(&restored)));
    }
    if let Err(error) = Tape::default().scan(&crushed.compacted, 100_000) {
        return told(&format!("the compacted record is not JSON: {error}"));
    }

    let mut found = Vec::new();
    if let Err(error) = markers_in_record(&crushed.compacted, &mut found) {
        return told(&format!("G2: markers: {error}"));
    }
    if found.iter().any(|hash| hash.len() != options.hash_digits) {
        return told("a marker has another number of digits");
    }
    let named: BTreeSet<&str> = found.iter().map(|hash| &hash[..24]).collect();
    let digests = crushed.digests();
    let stored: BTreeSet<&str> = digests.iter().map(|digest| &digest[..24]).collect();
    if named != stored {
        return told(&format!("G2: markers name {named:?}, stored are {stored:?}"));
    }
    if crushed.originals.arena.len() > record.len() {
        return told(&format!(
            "{} bytes are stored of a record of {}",
            crushed.originals.arena.len(),
            record.len()
        ));
    }
    if options.lossless_only && !crushed.originals.entries.is_empty() {
        return told("an original is stored in spite of lossless_only");
    }
    if let Err(what) = check_reports(&crushed, record, &options) {
        return told(&what);
    }
    Ok(Some(crushed))
}

fn check_reports(crushed: &Crushed, record: &[u8], options: &Options) -> Result<(), String> {
    let mut hashes = BTreeSet::new();
    for report in &crushed.reports {
        let decisions = &report.decisions;
        if report.unproved {
            return Err("a change was undone because it didn't restore".to_owned());
        }
        if decisions.strategy == Strategy::Unchanged {
            if !decisions.hashes.is_empty() {
                return Err("an unchanged payload has originals".to_owned());
            }
        } else if report.tokens_after >= report.tokens_before {
            return Err(format!(
                "G4: {:?} {} tokens of {}",
                decisions.strategy, report.tokens_after, report.tokens_before
            ));
        }
        if decisions.rows_kept > decisions.rows_total {
            return Err(format!(
                "{} of {} rows are kept",
                decisions.rows_kept, decisions.rows_total
            ));
        }
        let lossless = matches!(
            decisions.strategy,
            Strategy::Unchanged | Strategy::Minified | Strategy::Table
        );
        if lossless != decisions.hashes.is_empty() {
            return Err(format!(
                "{:?} with {} hashes",
                decisions.strategy,
                decisions.hashes.len()
            ));
        }
        hashes.extend(decisions.hashes.iter().cloned());
    }
    if hashes.len() != crushed.originals.entries.len() {
        return Err(format!("reports name {hashes:?}"));
    }
    let unchanged = crushed
        .reports
        .iter()
        .all(|report| report.decisions.strategy == Strategy::Unchanged);
    let literals = count_of(&crushed.compacted, b"<<ccr:lit>>");
    if unchanged && literals == count_of(record, b"<<ccr:lit>>") && crushed.compacted != record {
        return Err("G4: the bytes of an unchanged record changed".to_owned());
    }
    // A record that is one payload has the sizes of its JSON token.
    if let ([report], true) = (crushed.reports.as_slice(), options.paths.is_empty()) {
        let token = record.trim_ascii();
        if report.tokens_before != tokens::estimate(token) as u64 || report.bytes_before != token.len() as u64
        {
            return Err("the report's size before is not the record's".to_owned());
        }
        let token = crushed.compacted.trim_ascii();
        if report.bytes_after != token.len() as u64 {
            return Err(format!(
                "the report says {} bytes after crushing, but there are {}",
                report.bytes_after,
                token.len()
            ));
        }
    }
    Ok(())
}

fn count_of(text: &[u8], what: &[u8]) -> usize {
    text.windows(what.len()).filter(|window| *window == what).count()
}
