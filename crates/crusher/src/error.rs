//! The crate's one error type. Messages carry positions, sizes and limits, never text of the input.

use std::fmt;

/// The reason why a text can't be crushed or restored, or why an option or a payload path is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text isn't JSON, or isn't the JSON type that was asked for.
    #[error("{what} at line {line} column {column}")]
    InvalidPayload {
        /// What was expected or found.
        what: &'static str,
        /// Line of the text, counted from 1.
        line: usize,
        /// Byte in that line, counted from 1.
        column: usize,
    },
    /// The text isn't UTF-8.
    #[error("invalid UTF-8 at byte {offset}")]
    InvalidUtf8 {
        /// Bytes from the start of the text.
        offset: usize,
    },
    /// A limit was exceeded.
    #[error("{limit} is over its limit of {maximum}")]
    LimitExceeded {
        /// The limit.
        limit: Limit,
        /// Its value.
        maximum: usize,
    },
    /// A marker, header or table that no released version of the notation writes.
    #[error("{what} (byte {offset} of the string)")]
    Format {
        /// The rule of the notation that is broken.
        what: &'static str,
        /// Bytes from the start of the decoded string.
        offset: usize,
    },
    /// A marker whose original isn't among those given.
    #[error("no original for hash {hash}")]
    Missing {
        /// The hash in the marker: 24 or 64 lower-case hexadecimal digits.
        hash: String,
    },
    /// A defect of this crate.
    #[error("internal error")]
    Internal,
    /// A text that isn't a payload path.
    #[error("payload path at character {character}: {what}")]
    PayloadPath {
        /// What was expected at that character.
        what: &'static str,
        /// Position of the first character that doesn't fit, counted from 1.
        character: usize,
    },
    /// An option whose value is refused.
    #[error("option {name}: {what}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// What is wrong with its value.
        what: String,
    },
}

/// The limits on an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of one record.
    RecordBytes,
    /// Nesting of arrays and objects.
    Depth,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RecordBytes => "record size in bytes (max_record_bytes)",
            Self::Depth => "nesting depth (max_depth)",
        })
    }
}

impl Error {
    /// Returns the kind under which failures with this error are counted, such as `invalid_json`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvalidPayload { .. } => "invalid_json",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::LimitExceeded {
                limit: Limit::RecordBytes,
                ..
            } => "too_large",
            Self::LimitExceeded {
                limit: Limit::Depth, ..
            } => "too_deep",
            Self::Format { .. } => "format",
            Self::Missing { .. } => "missing",
            Self::Internal => "internal",
            Self::Option { .. } | Self::PayloadPath { .. } => "option",
        }
    }

    /// Returns an `InvalidPayload` for a byte offset into the text.
    pub(crate) fn at(what: &'static str, text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = before.len() - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
        Self::InvalidPayload { what, line, column }
    }
}

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
