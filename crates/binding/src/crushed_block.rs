//! Crushes blocks of lines and arrays of records.

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, make_array};
use arrow_pyarrow::FromPyArrow;
use arrow_schema::DataType;
use headroom_crusher::{Block, Crusher};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::raise;
use crate::markers::utf8;
use crate::options::Options;
use crate::record_batches::{self, to_python};

#[pyclass(frozen, module = "headroom_beam._core")]
pub struct CrushedBlock {
    block: Block,
    has_lines: bool,
}

impl CrushedBlock {
    pub fn new(block: Block, has_lines: bool) -> Self {
        Self { block, has_lines }
    }
}

#[pymethods]
impl CrushedBlock {
    #[getter]
    fn record_count(&self) -> usize {
        self.block.records.len()
    }
    #[getter]
    fn failure_count(&self) -> usize {
        self.block.failures.len()
    }
    #[getter]
    fn unproved_count(&self) -> usize {
        self.block
            .payloads
            .iter()
            .filter(|payload| payload.unproved)
            .count()
    }
    #[getter]
    fn unrecognised_count(&self) -> usize {
        self.block.unrecognised
    }
    #[getter]
    fn likely_count(&self) -> usize {
        self.block.likely
    }
    fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = self.block.payloads.iter().map(|payload| &*payload.path).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
    fn unrecognised<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::unrecognised(&self.block))
    }
    #[pyo3(signature = (*, padded = false))]
    fn lines<'py>(&self, py: Python<'py>, padded: bool) -> PyResult<Bound<'py, PyBytes>> {
        if !self.has_lines {
            return Err(PyTypeError::new_err(
                "records by themselves have no lines: use records()",
            ));
        }
        if padded {
            return Ok(PyBytes::new(py, &self.block.padded()));
        }
        Ok(PyBytes::new(py, &self.block.compacted))
    }
    fn opened(&self) -> Vec<usize> {
        self.block.opened.clone()
    }
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::records(&self.block))
    }
    fn originals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(
            py,
            record_batches::originals(&self.block.originals, &self.block.tools),
        )
    }
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::failures(&self.block))
    }
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::totals(&self.block))
    }
}

/// The calls of a file so far.
#[pyclass(module = "headroom_beam._core")]
#[derive(Default)]
pub struct CallTable {
    calls: headroom_crusher::CallTable,
}

#[pymethods]
impl CallTable {
    #[new]
    fn new() -> Self {
        Self::default()
    }
}

/// Crushes with the calls of the file so far, if there is such a table, and adds to it.
pub fn with_calls<T: Send>(
    py: Python<'_>,
    options: &Options,
    calls: Option<&mut CallTable>,
    work: impl FnOnce(&mut Crusher) -> T + Send,
) -> PyResult<T> {
    let Some(table) = calls else {
        return options.with_crusher(py, work);
    };
    let calls = std::mem::take(&mut table.calls);
    let (result, calls) = options.with_crusher(py, |crusher| {
        *crusher.calls() = Some(calls);
        (work(crusher), crusher.calls().take())
    })?;
    table.calls = calls.unwrap_or_default();
    Ok(result)
}

#[pyfunction]
#[pyo3(signature = (block, options, calls = None))]
pub fn crush_block(
    py: Python<'_>,
    block: &[u8],
    options: &Options,
    calls: Option<PyRefMut<'_, CallTable>>,
) -> PyResult<CrushedBlock> {
    let mut calls = calls;
    let block = with_calls(py, options, calls.as_deref_mut(), |crusher| {
        Block::crush_lines(crusher, block)
    })?;
    Ok(CrushedBlock::new(block, true))
}

#[pyfunction]
pub fn crush_text_file(py: Python<'_>, text: &[u8], options: &Options) -> PyResult<CrushedBlock> {
    let block = options
        .with_crusher(py, |crusher| {
            utf8(text).and_then(|text| Block::crush_text(crusher, text))
        })?
        .map_err(|error| raise(py, &error))?;
    Ok(CrushedBlock::new(block, true))
}

#[pyfunction]
pub fn crush_records(
    py: Python<'_>,
    records: &Bound<'_, PyAny>,
    options: &Options,
) -> PyResult<CrushedBlock> {
    let array: ArrayRef = make_array(arrow_data::ArrayData::from_pyarrow_bound(records)?);
    if array.null_count() > 0 {
        return Err(PyValueError::new_err("records must not be null"));
    }
    let slices: Vec<&[u8]> = match array.data_type() {
        DataType::Binary => array.as_binary::<i32>().iter().flatten().collect(),
        DataType::LargeBinary => array.as_binary::<i64>().iter().flatten().collect(),
        DataType::Utf8 => array
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::as_bytes)
            .collect(),
        DataType::LargeUtf8 => array
            .as_string::<i64>()
            .iter()
            .flatten()
            .map(str::as_bytes)
            .collect(),
        _ => {
            return Err(PyTypeError::new_err(
                "records must be binary, large_binary, string or large_string",
            ));
        }
    };
    let block = options.with_crusher(py, |crusher| Block::crush_records(crusher, slices.into_iter()))?;
    Ok(CrushedBlock::new(block, false))
}
