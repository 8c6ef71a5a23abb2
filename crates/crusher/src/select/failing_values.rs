//! Finds the values of a column that report a failure.
//!
//! The value decides, not the name: a field called `timeout`, an `error_count` of 0 and an empty `errors`
//! list mean nothing. A name only says how to read a boolean or a number (`ok: false`, `exit_code: 1`,
//! `status: 503`).

use crate::json::tape::{Doc, Kind, Node};
use crate::select::column_statistics::{ColumnStatistics, NONE, ValueClass};

/// Words that, in the value of a category, mean failure.
const FAILURE_WORDS: [&[u8]; 32] = [
    b"abort",
    b"aborted",
    b"corrupt",
    b"corrupted",
    b"crash",
    b"crashed",
    b"crashloopbackoff",
    b"crit",
    b"critical",
    b"denied",
    b"emerg",
    b"emergency",
    b"err",
    b"error",
    b"errored",
    b"errors",
    b"exception",
    b"fail",
    b"failed",
    b"failing",
    b"failure",
    b"failures",
    b"fatal",
    b"killed",
    b"oomkilled",
    b"panic",
    b"panicked",
    b"refused",
    b"rejected",
    b"timedout",
    b"unhealthy",
    b"unreachable",
];
/// Words that negate such a word.
const NEGATIONS: [&[u8]; 7] = [b"no", b"non", b"not", b"without", b"zero", b"0", b"never"];
/// Last words of the names of booleans that are true when all is well.
const WELL_KEYS: [&[u8]; 8] = [
    b"success",
    b"succeeded",
    b"successful",
    b"ok",
    b"passed",
    b"healthy",
    b"succeed",
    b"pass",
];
/// Last words of the names of booleans that are true when something went wrong.
const ILL_KEYS: [&[u8]; 8] = [
    b"error",
    b"errored",
    b"failed",
    b"failure",
    b"crashed",
    b"fatal",
    b"aborted",
    b"panicked",
];
/// Last words of the names of columns that may hold HTTP status codes.
const STATUS_KEYS: [&[u8]; 5] = [b"status", b"code", b"statuscode", b"httpstatus", b"httpcode"];
/// Last words, joined, of the names of columns that hold exit codes of processes.
const EXIT_KEYS: [&[u8]; 4] = [b"exitcode", b"exitstatus", b"returncode", b"returnstatus"];
/// A category's values are short; longer ones are text.
const MAX_CATEGORY_BYTES: usize = 48;

/// Returns for each distinct value of a column whether it reports a failure. The list is empty if none does,
/// or if most rows fail: failing is no news then.
pub(crate) fn failing_values(doc: &Doc<'_>, column: &ColumnStatistics, rows: usize) -> Vec<bool> {
    if !column.is_category() && (column.many || column.count(ValueClass::Boolean) == 0) {
        return Vec::new();
    }
    let name = KeyMeaning::of(doc, column);
    let is_status = name == KeyMeaning::Status && are_status_codes(doc, column);
    let fails = |node: Node| match node.kind {
        Kind::True => name == KeyMeaning::Ill,
        Kind::False => name == KeyMeaning::Well,
        Kind::Number if name == KeyMeaning::ExitCode => doc.raw(node) != b"0",
        Kind::Number => is_status && doc.raw(node) >= b"400".as_slice(),
        _ => {
            let text = doc.inner(node);
            (text.len() <= MAX_CATEGORY_BYTES && is_failure(text)) || (is_status && text >= b"400".as_slice())
        }
    };
    let failing: Vec<bool> = column
        .values
        .iter()
        .map(|value| fails(doc.node(value.node)))
        .collect();
    let failed = column.values.iter().zip(&failing).filter(|(_, fails)| **fails);
    let cells: usize = failed.map(|(value, _)| value.count as usize).sum();
    // Only failing rows may have the column, so the share is taken of all rows.
    if cells == 0 || cells * 2 > rows {
        Vec::new()
    } else {
        failing
    }
}

/// What the name of a column says about its values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyMeaning {
    /// True means success, and false a failure.
    Well,
    /// True means a failure.
    Ill,
    /// Any number but 0 means a failure.
    ExitCode,
    /// Values from 400 on mean a failure, if all values look like HTTP status codes.
    Status,
    /// The name says nothing.
    Other,
}

impl KeyMeaning {
    fn of(doc: &Doc<'_>, column: &ColumnStatistics) -> Self {
        let key = if column.key == NONE {
            b""
        } else {
            doc.inner(doc.node(column.key))
        };
        let mut joined = Vec::with_capacity(key.len());
        let mut last = 0;
        let mut was_lower = false;
        for &byte in key.iter().take(128) {
            if !byte.is_ascii_alphanumeric() || (byte.is_ascii_uppercase() && was_lower) {
                last = joined.len();
            }
            was_lower = byte.is_ascii_lowercase();
            if byte.is_ascii_alphanumeric() {
                joined.push(byte.to_ascii_lowercase());
            }
        }
        let word = joined.get(last..).unwrap_or_default();
        if EXIT_KEYS.iter().any(|end| joined.ends_with(end)) {
            Self::ExitCode
        } else if WELL_KEYS.contains(&word) {
            Self::Well
        } else if ILL_KEYS.contains(&word) {
            Self::Ill
        } else if STATUS_KEYS.contains(&word) {
            Self::Status
        } else {
            Self::Other
        }
    }
}

/// Returns true if all values of a column look like HTTP status codes: three digits, the first from 1 to 5.
fn are_status_codes(doc: &Doc<'_>, column: &ColumnStatistics) -> bool {
    column.values.iter().all(|value| {
        let node = doc.node(value.node);
        let text = if node.kind == Kind::Number {
            doc.raw(node)
        } else {
            doc.inner(node)
        };
        matches!(text, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
    })
}

/// Returns true if a category's value means a failure: one of its words does, and none negates it.
fn is_failure(text: &[u8]) -> bool {
    let mut fails = false;
    let mut start = 0;
    let mut was_lower = false;
    let mut judge = |word: &[u8]| {
        let mut lower = [0_u8; 16];
        let Some(lower) = lower.get_mut(..word.len()) else {
            return true;
        };
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        fails |= FAILURE_WORDS.contains(&&*lower);
        !NEGATIONS.contains(&&*lower)
    };
    for (at, &byte) in text.iter().enumerate() {
        let is_letter = byte.is_ascii_alphanumeric();
        if !is_letter || (byte.is_ascii_uppercase() && was_lower) {
            if !judge(text.get(start..at).unwrap_or_default()) {
                return false;
            }
            start = at + usize::from(!is_letter);
        }
        was_lower = byte.is_ascii_lowercase();
    }
    judge(text.get(start..).unwrap_or_default()) && fails
}

#[cfg(test)]
mod tests {
    use super::is_failure;

    #[test]
    fn a_category_fails_by_one_of_its_words_unless_another_negates_it() {
        for text in [
            "error",
            "FAILED",
            "BuildFailed",
            "internal_error",
            "timed-out, killed",
            "CRITICAL",
            "CrashLoopBackOff",
        ] {
            assert!(is_failure(text.as_bytes()), "{text}");
        }
        for text in [
            "ok",
            "no_error",
            "NoErrors",
            "not failed",
            "failover",
            "warning",
            "0 errors",
            "",
        ] {
            assert!(!is_failure(text.as_bytes()), "{text}");
        }
    }
}
