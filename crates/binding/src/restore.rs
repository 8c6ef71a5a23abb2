//! The way back: markers of a block, and the block with its originals.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::DataType;
use headroom_crusher::{
    Error, Limit, Lookup, digest, hash, markers_in_record, markers_in_text, restore_record, restore_text,
    split_lines,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batches::{self, Finding};
use crate::{detached, raise, to_python};

/// A block that restores to more than this was made to exhaust memory: callers give blocks and originals of some megabytes.
const MAX_BLOCK_BYTES: usize = 1 << 30;

/// The lines of a block that hold records, or the one bare text: (offset, content).
fn contents(block: &[u8], lines: bool) -> Vec<(usize, &[u8])> {
    if !lines {
        return vec![(0, block)];
    }
    split_lines(block)
        .filter(|line| !line.is_blank())
        .map(|line| (line.offset, line.content))
        .collect()
}

fn utf8(text: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(text).map_err(|error| Error::InvalidUtf8 {
        offset: error.valid_up_to(),
    })
}

#[pyfunction]
#[pyo3(signature = (block, *, lines = true))]
pub fn markers<'py>(py: Python<'py>, block: &[u8], lines: bool) -> PyResult<Bound<'py, PyAny>> {
    let found = detached(py, || {
        let mut findings = Vec::new();
        for (offset, content) in contents(block, lines) {
            let mut hashes = Vec::new();
            if lines {
                markers_in_record(content, &mut hashes)?;
            } else {
                markers_in_text(utf8(content)?, &mut hashes)?;
            }
            let length = content.len();
            findings.extend(hashes.into_iter().map(|hash| Finding {
                offset,
                length,
                hash,
                kind: "",
                message: String::new(),
            }));
        }
        Ok(findings)
    })?;
    to_python(py, batches::markers(&found.map_err(|error| raise(py, &error))?))
}

/// Originals by the first 24 digits of their hash; each use compares the digest again.
struct Given<'a>(HashMap<&'a str, Vec<&'a [u8]>>);

impl Lookup for Given<'_> {
    fn get(&self, wanted: &str) -> Option<&[u8]> {
        let candidates = self.0.get(wanted.get(..24)?)?;
        candidates
            .iter()
            .copied()
            .find(|bytes| hash(&digest(bytes), wanted.len()) == wanted)
    }
}

fn given(batch: &RecordBatch) -> PyResult<Given<'_>> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| PyTypeError::new_err("originals need the columns hash and original"))
    };
    let (hashes, originals) = (column("hash")?, column("original")?);
    let Some(hashes) = hashes.as_string_opt::<i32>() else {
        return Err(PyTypeError::new_err("the column hash must be string"));
    };
    let bytes: Vec<Option<&[u8]>> = match originals.data_type() {
        DataType::LargeBinary => originals.as_binary::<i64>().iter().collect(),
        DataType::Binary => originals.as_binary::<i32>().iter().collect(),
        _ => {
            return Err(PyTypeError::new_err(
                "the column original must be binary or large_binary",
            ));
        }
    };
    let mut by_hash: HashMap<&str, Vec<&[u8]>> = HashMap::with_capacity(hashes.len());
    for (hash, bytes) in hashes.iter().zip(bytes) {
        if let (Some(hash), Some(bytes)) = (hash.and_then(|hash| hash.get(..24)), bytes) {
            by_hash.entry(hash).or_default().push(bytes);
        }
    }
    Ok(Given(by_hash))
}

#[pyclass(frozen, module = "headroom_beam._core")]
pub struct RestoredBlock {
    bytes: Vec<u8>,
    #[pyo3(get)]
    restored_count: usize,
    findings: Vec<Finding>,
}

#[pymethods]
impl RestoredBlock {
    #[getter]
    fn restored<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }
    fn unresolved<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::unresolved(&self.findings))
    }
}

#[pyfunction]
#[pyo3(signature = (block, originals, *, lines = true))]
pub fn restore_block(
    py: Python<'_>,
    block: &[u8],
    originals: &Bound<'_, PyAny>,
    lines: bool,
) -> PyResult<RestoredBlock> {
    let batch = RecordBatch::from_pyarrow_bound(originals)?;
    let given = given(&batch)?;
    detached(py, || {
        let mut result = RestoredBlock {
            bytes: Vec::with_capacity(block.len() * 2),
            restored_count: 0,
            findings: Vec::new(),
        };
        let mut copied = 0;
        for (offset, content) in contents(block, lines) {
            result
                .bytes
                .extend_from_slice(block.get(copied..offset).unwrap_or_default());
            copied = offset + content.len();
            let restored = if result.bytes.len() > MAX_BLOCK_BYTES {
                Err(Error::LimitExceeded {
                    limit: Limit::RecordBytes,
                    maximum: MAX_BLOCK_BYTES,
                })
            } else if lines {
                restore_record(content, &given, &mut result.bytes)
            } else {
                utf8(content).and_then(|text| restore_text(text, &given, &mut result.bytes))
            };
            match restored {
                Ok(()) => result.restored_count += 1,
                Err(error) => {
                    result.bytes.extend_from_slice(content);
                    let (hash, kind) = match &error {
                        Error::Missing { hash } => (hash.clone(), "missing"),
                        _ => (String::new(), "format"),
                    };
                    let length = content.len();
                    result.findings.push(Finding {
                        offset,
                        length,
                        hash,
                        kind,
                        message: error.to_string(),
                    });
                }
            }
        }
        result
            .bytes
            .extend_from_slice(block.get(copied..).unwrap_or_default());
        result
    })
}
