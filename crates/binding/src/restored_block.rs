//! Restores a compacted block from its originals.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::DataType;
use headroom_crusher::{
    Error, Limit, Lookup, digest, hash, restore_padded_record, restore_record, restore_text,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::detached;
use crate::markers::{contents, utf8};
use crate::record_batches::{self, MarkerReport, to_python};

/// The most bytes to which a block is restored. Callers give blocks and originals of some megabytes, so a
/// block that stands for more was made to exhaust memory.
const MAX_BLOCK_BYTES: usize = 1 << 30;

/// Originals by the first 24 digits of their hash. Each lookup compares the digest again.
struct OriginalsByHash<'a>(HashMap<&'a str, Vec<&'a [u8]>>);

impl Lookup for OriginalsByHash<'_> {
    fn get(&self, wanted: &str) -> Option<&[u8]> {
        let candidates = self.0.get(wanted.get(..24)?)?;
        candidates
            .iter()
            .copied()
            .find(|bytes| hash(&digest(bytes), wanted.len()) == wanted)
    }
}

/// Reads a batch with the columns `hash` and `original`.
fn originals_by_hash(batch: &RecordBatch) -> PyResult<OriginalsByHash<'_>> {
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
    Ok(OriginalsByHash(by_hash))
}

#[pyclass(frozen, module = "headroom_beam._core")]
pub struct RestoredBlock {
    bytes: Vec<u8>,
    #[pyo3(get)]
    restored_count: usize,
    reports: Vec<MarkerReport>,
}

#[pymethods]
impl RestoredBlock {
    #[getter]
    fn restored<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }
    fn unresolved<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::unresolved(&self.reports))
    }
}

#[pyfunction]
#[pyo3(signature = (block, originals, *, lines = true, padded = false))]
pub fn restore_block(
    py: Python<'_>,
    block: &[u8],
    originals: &Bound<'_, PyAny>,
    lines: bool,
    padded: bool,
) -> PyResult<RestoredBlock> {
    let contents = contents(block, lines);
    restore_contents(
        py,
        block,
        &contents,
        originals,
        |content, originals, out| match (lines, padded) {
            (true, true) => restore_padded_record(content, originals, out),
            (true, false) => restore_record(content, originals, out),
            (false, _) => utf8(content).and_then(|text| restore_text(text, originals, out)),
        },
    )
}

/// Restores the records of a block, or the one text by itself, with `restore`; everything between them is
/// copied.
pub fn restore_contents(
    py: Python<'_>,
    block: &[u8],
    contents: &[(usize, &[u8])],
    originals: &Bound<'_, PyAny>,
    restore: impl Fn(&[u8], &dyn Lookup, &mut Vec<u8>) -> Result<(), Error> + Sync,
) -> PyResult<RestoredBlock> {
    let batch = RecordBatch::from_pyarrow_bound(originals)?;
    let originals = originals_by_hash(&batch)?;
    detached(py, || {
        let mut result = RestoredBlock {
            bytes: Vec::with_capacity(block.len() * 2),
            restored_count: 0,
            reports: Vec::new(),
        };
        let mut copied = 0;
        for (offset, content) in contents.iter().copied() {
            result
                .bytes
                .extend_from_slice(block.get(copied..offset).unwrap_or_default());
            copied = offset + content.len();
            let restored = if result.bytes.len() > MAX_BLOCK_BYTES {
                Err(Error::LimitExceeded {
                    limit: Limit::RecordBytes,
                    maximum: MAX_BLOCK_BYTES,
                })
            } else {
                restore(content, &originals, &mut result.bytes)
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
                    result.reports.push(MarkerReport {
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
