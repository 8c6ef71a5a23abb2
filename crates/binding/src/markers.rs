//! Lists the markers of a compacted block, and makes raw markers.

use headroom_crusher::notation::marker;
use headroom_crusher::{Error, hash, markers_in_record, markers_in_text, split_lines};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{detached, raise};
use crate::record_batches::{self, MarkerReport, to_python};

/// Returns the lines of a block that aren't blank or, without `lines`, the one text by itself, each as
/// (offset, content).
pub fn contents(block: &[u8], lines: bool) -> Vec<(usize, &[u8])> {
    if !lines {
        return vec![(0, block)];
    }
    split_lines(block)
        .filter(|line| !line.is_blank())
        .map(|line| (line.offset, line.content))
        .collect()
}

/// Returns bytes as text.
pub fn utf8(text: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(text).map_err(|error| Error::InvalidUtf8 {
        offset: error.valid_up_to(),
    })
}

#[pyfunction]
#[pyo3(signature = (block, *, lines = true))]
pub fn markers<'py>(py: Python<'py>, block: &[u8], lines: bool) -> PyResult<Bound<'py, PyAny>> {
    markers_of(py, &contents(block, lines), lines, false)
}

/// The markers of records, or of one bare text, each with its offset.
pub fn markers_of<'py>(
    py: Python<'py>,
    contents: &[(usize, &[u8])],
    lines: bool,
    skip_broken: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let found = detached(py, || {
        let mut reports = Vec::new();
        for (offset, content) in contents.iter().copied() {
            let mut hashes = Vec::new();
            let listed = if lines {
                markers_in_record(content, &mut hashes)
            } else {
                utf8(content).and_then(|text| markers_in_text(text, &mut hashes))
            };
            match listed {
                Err(_) if skip_broken => continue,
                listed => listed?,
            }
            let length = content.len();
            reports.extend(hashes.into_iter().map(|hash| MarkerReport {
                offset,
                length,
                hash,
                kind: "",
                message: String::new(),
            }));
        }
        Ok(reports)
    })?;
    to_python(
        py,
        record_batches::markers(&found.map_err(|error| raise(py, &error))?),
    )
}

#[pyfunction]
#[pyo3(signature = (digest, size_bytes, hash_digits = 24))]
pub fn raw_marker(digest: [u8; 32], size_bytes: usize, hash_digits: usize) -> PyResult<String> {
    if hash_digits != 24 && hash_digits != 64 {
        return Err(PyValueError::new_err("hash_digits must be 24 or 64"));
    }
    Ok(marker::raw(&hash(&digest, hash_digits), size_bytes))
}
