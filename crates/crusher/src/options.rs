//! What a caller can choose. Every option changes the output, and each default stands once, in
//! `Options::default`.

use crate::error::{Error, Result};
use crate::payload_path::Path;

/// No record is larger, so nothing that is restored may be: restoring stops there, whatever it is given.
pub const MAX_RECORD_BYTES: usize = 256 << 20;

/// Options of a crusher; see each field. Build with `Options::default()`, change fields, then `validate`.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Where payloads are in a record; empty: the whole record is the payload.
    pub paths: Vec<Path>,
    /// A longer record fails as `too_large`.
    pub max_record_bytes: usize,
    /// A record nested deeper fails as `too_deep`.
    pub max_depth: usize,
    /// An array whose rows have more distinct columns is not made a table.
    pub max_columns: usize,
    /// Budget of one payload in tokens, counted exactly: a table over it loses rows to the store, a text over
    /// it lines. Only what must stay goes beyond it, see `Decisions::over_budget`.
    pub max_tokens: usize,
    /// Rows to keep when rows are dropped without compaction.
    pub max_items_after_crush: usize,
    /// Arrays with fewer items never lose rows.
    pub min_items_to_analyze: usize,
    /// Payloads with fewer tokens never lose anything unless they are over `max_tokens`; they may still
    /// become a table.
    pub min_tokens_to_crush: usize,
    /// A table must save at least this share of the array's bytes.
    pub lossless_min_savings_ratio: f64,
    /// Never drop and never offload.
    pub lossless_only: bool,
    /// Write tables; without, arrays stay JSON and only rows are dropped.
    pub with_compaction: bool,
    /// Robust deviations from the median (1.4826 times the median absolute deviation) beyond which a number
    /// is an outlier.
    pub variance_threshold: f64,
    /// Keep the rows at which the level of a numeric column changes.
    pub preserve_change_points: bool,
    /// Among rows with equal bytes keep one.
    pub dedup_identical_items: bool,
    /// Share of the kept rows that is taken from the start.
    pub first_fraction: f64,
    /// Share of the kept rows that is taken from the end.
    pub last_fraction: f64,
    /// Strings of at least this many bytes go to the store when that saves tokens.
    pub blob_min_bytes: usize,
    /// Tokens left visible beside the marker of a long text among other values; a payload that is one text
    /// has `max_tokens`.
    pub excerpt_tokens: usize,
    /// Rows and lines that hold one of these texts (letter case ignored) are always kept.
    pub keep_patterns: Vec<String>,
    /// Hexadecimal digits in a marker: 24, or 64 for hostile multi-tenant input.
    pub hash_digits: usize,
    /// Restore every changed payload in memory and compare before accepting it.
    pub verify: bool,
    /// Count tokens exactly for reports; decisions always use the estimate.
    pub exact_tokens: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            max_record_bytes: 64 << 20,
            max_depth: 256,
            max_columns: 1024,
            max_tokens: 4096,
            max_items_after_crush: 15,
            min_items_to_analyze: 5,
            min_tokens_to_crush: 200,
            lossless_min_savings_ratio: 0.05,
            lossless_only: false,
            with_compaction: true,
            variance_threshold: 3.0,
            preserve_change_points: true,
            dedup_identical_items: true,
            first_fraction: 0.3,
            last_fraction: 0.15,
            blob_min_bytes: 1024,
            excerpt_tokens: 160,
            keep_patterns: Vec::new(),
            hash_digits: 24,
            verify: true,
            exact_tokens: false,
        }
    }
}

impl Options {
    /// Checks every range.
    ///
    /// # Errors
    /// `Error::Option` names the first option out of range, and the range.
    pub fn validate(&self) -> Result<()> {
        let within = |name, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Error::Option {
                    name,
                    what: format!("{value} is not in {low}..={high}"),
                })
            }
        };
        within("max_record_bytes", self.max_record_bytes, 2, MAX_RECORD_BYTES)?;
        within("max_depth", self.max_depth, 1, 1000)?;
        within("max_columns", self.max_columns, 1, 100_000)?;
        within("max_tokens", self.max_tokens, 32, u32::MAX as usize)?;
        within("max_items_after_crush", self.max_items_after_crush, 1, 1_000_000)?;
        within("min_items_to_analyze", self.min_items_to_analyze, 2, 1_000_000)?;
        within(
            "min_tokens_to_crush",
            self.min_tokens_to_crush,
            0,
            u32::MAX as usize,
        )?;
        within("blob_min_bytes", self.blob_min_bytes, 128, u32::MAX as usize)?;
        within("excerpt_tokens", self.excerpt_tokens, 0, 100_000)?;
        let fraction = |name, value: f64, high: f64| {
            if (0.0..=high).contains(&value) {
                Ok(())
            } else {
                Err(Error::Option {
                    name,
                    what: format!("{value} is not in 0..={high}"),
                })
            }
        };
        fraction("lossless_min_savings_ratio", self.lossless_min_savings_ratio, 1.0)?;
        fraction("variance_threshold", self.variance_threshold, 1e6)?;
        fraction("first_fraction", self.first_fraction, 1.0)?;
        fraction("last_fraction", self.last_fraction, 1.0)?;
        if self.first_fraction + self.last_fraction > 1.0 {
            let what = "together with last_fraction over 1".to_owned();
            return Err(Error::Option {
                name: "first_fraction",
                what,
            });
        }
        if self.hash_digits != 24 && self.hash_digits != 64 {
            let what = format!("{} is neither 24 nor 64", self.hash_digits);
            return Err(Error::Option {
                name: "hash_digits",
                what,
            });
        }
        if self.keep_patterns.iter().any(String::is_empty) {
            let what = "an empty text would keep everything".to_owned();
            return Err(Error::Option {
                name: "keep_patterns",
                what,
            });
        }
        Ok(())
    }
}
