//! The options of a crusher. `SmartCrusherConfig` in Python repeats the defaults of `Options::default`, and a
//! test compares the two.

use crate::error::{Error, Result};
use crate::payload_path::Path;

/// The most bytes of any record: the upper end of the range of `max_record_bytes`. It also bounds what
/// restoring writes, so that hostile input can't fill the memory.
pub const MAX_RECORD_BYTES: usize = 256 << 20;

/// Options of a crusher. Start from `Options::default()` and change fields; `Crusher::new` checks their
/// ranges.
///
/// # Examples
/// ```
/// use headroom_crusher::{Crusher, Options};
/// let options = Options { max_tokens: 10, ..Options::default() };
/// let error = Crusher::new(options).unwrap_err();
/// assert_eq!(error.to_string(), "option max_tokens: 10 is not in 32..=4294967295");
/// ```
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Paths of the payloads in a record. Without paths the whole record is the payload.
    pub paths: Vec<Path>,
    /// The most bytes of a record. A longer one fails as `too_large`.
    pub max_record_bytes: usize,
    /// The most levels of arrays and objects in a record. A deeper one fails as `too_deep`.
    pub max_depth: usize,
    /// The most columns of a table. An array whose rows have more stays JSON.
    pub max_columns: usize,
    /// Budget of one payload in tokens, counted exactly. A table over it loses rows, and a text loses lines;
    /// the store keeps the whole. Only what must stay can exceed it: see `Decisions::over_budget`.
    pub max_tokens: usize,
    /// Budget of all payloads of a record together, in tokens, counted exactly; 0 for none. The older and
    /// larger payloads of a record over it are crushed again with less, see `Decisions::share`.
    ///
    /// It acts where `max_tokens` does. A text by itself is a record with one payload.
    pub max_record_tokens: usize,
    /// Budget of an array in rows, which applies instead of `max_tokens` where `with_compaction` is off.
    pub max_items_after_crush: usize,
    /// Arrays with fewer items never lose rows.
    pub min_items_to_analyze: usize,
    /// A payload with fewer tokens loses nothing unless it is over `max_tokens`. It may still become a table.
    pub min_tokens_to_crush: usize,
    /// A table must save at least this share of the array's bytes.
    pub lossless_min_savings_ratio: f64,
    /// Leave nothing out, and put nothing into the store.
    pub lossless_only: bool,
    /// Write tables and documents. Where this is off, payloads stay JSON: only rows and long strings are left
    /// out.
    pub with_compaction: bool,
    /// Arrays and objects stay what they are, and only the strings in them are crushed. For readers that
    /// expect a value of the same type, such as the columns of a table.
    pub keep_types: bool,
    /// How far from the median a number must lie to be an outlier. The unit is the robust standard deviation:
    /// 1.4826 times the median absolute deviation.
    pub variance_threshold: f64,
    /// Keep the rows at which the level of a numeric column changes.
    pub preserve_change_points: bool,
    /// Where rows are dropped, keep only the first of those with equal bytes.
    pub dedup_identical_items: bool,
    /// Share of the budget for rows that goes to rows at the start.
    pub first_fraction: f64,
    /// Share of the budget for rows that goes to rows at the end.
    pub last_fraction: f64,
    /// Strings of at least this many bytes go to the store when that saves tokens.
    pub blob_min_bytes: usize,
    /// The most tokens of the excerpt beside the marker of a long text among other values. A payload that is
    /// one text, or a wrapper around one, is cut to `max_tokens` instead.
    pub excerpt_tokens: usize,
    /// Rows that hold one of these texts always stay, and lines that do are chosen first. Letter case is
    /// ignored.
    pub keep_patterns: Vec<String>,
    /// Hexadecimal digits of the hash in a marker: 24, or 64 for hostile multi-tenant input.
    pub hash_digits: usize,
    /// Restore every changed payload in memory, and accept it only if its bytes come back.
    pub verify: bool,
    /// Report exact counts of tokens instead of estimates. Decisions stay the same.
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
            max_record_tokens: 0,
            max_items_after_crush: 15,
            min_items_to_analyze: 5,
            min_tokens_to_crush: 200,
            lossless_min_savings_ratio: 0.05,
            lossless_only: false,
            with_compaction: true,
            keep_types: false,
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
    /// Returns the budget of a text by itself.
    pub(crate) fn text_tokens(&self) -> usize {
        match self.max_record_tokens {
            0 => self.max_tokens,
            tokens => tokens.min(self.max_tokens),
        }
    }

    /// Returns the budget of a record's payloads together, if they have one.
    pub(crate) fn record_tokens(&self) -> Option<usize> {
        (self.counts_tokens() && self.max_record_tokens > 0).then_some(self.max_record_tokens)
    }

    /// Returns true if budgets are in tokens. Without compaction the budget of an array is in rows.
    pub(crate) fn counts_tokens(&self) -> bool {
        !self.lossless_only && self.with_compaction
    }

    /// Checks that each option is in its range.
    ///
    /// # Errors
    /// `Error::Option` names the first option that is out of its range, and the range.
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
        if self.max_record_tokens > 0 {
            within("max_record_tokens", self.max_record_tokens, 32, u32::MAX as usize)?;
        }
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
            let what = "its sum with last_fraction is over 1".to_owned();
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
