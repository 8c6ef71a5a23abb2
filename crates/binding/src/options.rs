//! Converts keyword arguments and payload paths into validated options.

use std::sync::{Arc, Mutex};

use headroom_crusher::payload_path::Path;
use headroom_crusher::{Crusher, Error, digest, hash};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{detached, raise};

/// Validated options, and idle crushers: the next call reuses their memory.
#[pyclass(frozen, module = "headroom_beam._core")]
pub struct Options {
    pub options: Arc<headroom_crusher::Options>,
    idle: Mutex<Vec<Crusher>>,
}

impl Options {
    /// Runs `work` without the GIL, with an idle crusher or a new one.
    pub fn with_crusher<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Crusher) -> T + Send,
    ) -> PyResult<T> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let crusher = idle.map_or_else(|| Crusher::new(self.options.clone()), Ok);
        let mut crusher = crusher.map_err(|error| raise(py, &error))?;
        let result = detached(py, || work(&mut crusher))?;
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(crusher);
        }
        Ok(result)
    }
}

/// Declares the constructor with one keyword argument for each option, so that each name is written once.
macro_rules! options {
    ($($name:ident: $type:ty),* $(,)?) => {
        #[pymethods]
        impl Options {
            #[new]
            #[pyo3(signature = (*, paths = Vec::new(), $($name = None),*))]
            #[allow(clippy::too_many_arguments)]
            fn new(py: Python<'_>, paths: Vec<String>, $($name: Option<$type>),*) -> PyResult<Self> {
                let paths: PyResult<_> = paths.iter().map(|path| payload_path(py, path)).collect();
                let mut options = headroom_crusher::Options {
                    paths: paths?,
                    ..headroom_crusher::Options::default()
                };
                $(if let Some(value) = $name { options.$name = value; })*
                options.validate().map_err(|error| raise(py, &error))?;
                Ok(Self { options: Arc::new(options), idle: Mutex::default() })
            }

            /// Returns the hexadecimal SHA-256 over every option.
            fn fingerprint(&self) -> String {
                hash(&digest(format!("{:?}", self.options).as_bytes()), 64)
            }
        }
    };
}

options! {
    max_record_bytes: usize, max_depth: usize, max_columns: usize, max_tokens: usize,
    max_record_tokens: usize,
    max_items_after_crush: usize, min_items_to_analyze: usize, min_tokens_to_crush: usize,
    lossless_min_savings_ratio: f64, lossless_only: bool, with_compaction: bool, keep_types: bool,
    variance_threshold: f64, preserve_change_points: bool, dedup_identical_items: bool,
    first_fraction: f64, last_fraction: f64, blob_min_bytes: usize, excerpt_tokens: usize,
    keep_patterns: Vec<String>, hash_digits: usize, verify: bool, exact_tokens: bool,
}

/// Parses a payload path. The error shows the text, because it comes from the caller and not from a record.
fn payload_path(py: Python<'_>, text: &str) -> PyResult<Path> {
    text.parse().map_err(|error| match error {
        Error::PayloadPath { what, character } => match PyString::new(py, text).repr() {
            Ok(shown) => {
                PyValueError::new_err(format!("payload path {shown} at character {character}: {what}"))
            }
            Err(error) => error,
        },
        other => raise(py, &other),
    })
}

#[pyfunction]
pub fn check_payload_path(py: Python<'_>, path: &str) -> PyResult<String> {
    payload_path(py, path).map(|path| path.to_string())
}
