//! `headroom_beam._core`: conversions only. `_core.pyi` is its documentation.

mod batches;
mod restore;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, make_array};
use arrow_pyarrow::{FromPyArrow, ToPyArrow};
use arrow_schema::{ArrowError, DataType};
use headroom_crusher::payload_path::Path;
use headroom_crusher::{
    Block, Crusher, Error, Originals, PayloadReport, TextKind, digest, hash, notation::marker, tokens,
};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

/// Crushing allocates much and frees all of it soon, which this allocator does in half the time. It serves this library's
/// own memory; Python's stays Python's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The Python error for an error of the crusher.
fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let name = match error {
        Error::InvalidPayload { .. } | Error::InvalidUtf8 { .. } => "InvalidPayload",
        Error::LimitExceeded { .. } => "LimitExceeded",
        Error::Format { .. } => "FormatError",
        Error::Missing { .. } => "OriginalNotFound",
        Error::Internal => return PyRuntimeError::new_err(error.to_string()),
        Error::Option { .. } | Error::PayloadPath { .. } => return PyValueError::new_err(error.to_string()),
    };
    let class = py
        .import("headroom_beam.errors")
        .and_then(|errors| errors.getattr(name));
    match class.and_then(|class| class.call1((error.to_string(),))) {
        Ok(instance) => PyErr::from_value(instance),
        Err(error) => error,
    }
}

fn to_python(
    py: Python<'_>,
    batch: Result<arrow_array::RecordBatch, ArrowError>,
) -> PyResult<Bound<'_, PyAny>> {
    batch
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?
        .to_pyarrow(py)
}

/// Runs native code without the GIL; a panic, which would be a defect, becomes an ordinary exception.
fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)))
        .map_err(|_| PyRuntimeError::new_err("internal error"))
}

/// The options, and crushers that aren't at work, whose memory is worth keeping from one call to the next.
#[pyclass(frozen, module = "headroom_beam._core")]
struct Options(Arc<headroom_crusher::Options>, Mutex<Vec<Crusher>>);

impl Options {
    fn with_crusher<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Crusher) -> T + Send,
    ) -> PyResult<T> {
        let idle = self.1.lock().ok().and_then(|mut idle| idle.pop());
        let crusher = idle.map_or_else(|| Crusher::new(self.0.clone()), Ok);
        let mut crusher = crusher.map_err(|error| raise(py, &error))?;
        let result = detached(py, || work(&mut crusher))?;
        if let Ok(mut idle) = self.1.lock() {
            idle.push(crusher);
        }
        Ok(result)
    }
}

/// Declares the constructor with one keyword argument for each option, so that names stand once.
macro_rules! options {
    ($($name:ident: $type:ty),* $(,)?) => {
        #[pymethods]
        impl Options {
            #[new]
            #[pyo3(signature = (*, paths = Vec::new(), $($name = None),*))]
            #[allow(clippy::too_many_arguments)]
            fn new(py: Python<'_>, paths: Vec<String>, $($name: Option<$type>),*) -> PyResult<Self> {
                let paths: Result<_, Error> = paths.iter().map(|path| Path::from_str(path)).collect();
                let mut options = headroom_crusher::Options {
                    paths: paths.map_err(|error| raise(py, &error))?,
                    ..headroom_crusher::Options::default()
                };
                $(if let Some(value) = $name { options.$name = value; })*
                options.validate().map_err(|error| raise(py, &error))?;
                Ok(Self(Arc::new(options), Mutex::default()))
            }

            /// Hex SHA-256 over every option.
            fn fingerprint(&self) -> String {
                hash(&digest(format!("{:?}", self.0).as_bytes()), 64)
            }
        }
    };
}

options! {
    max_record_bytes: usize, max_depth: usize, max_columns: usize, max_tokens: usize, max_items_after_crush: usize,
    min_items_to_analyze: usize, min_tokens_to_crush: usize, lossless_min_savings_ratio: f64, lossless_only: bool,
    with_compaction: bool, variance_threshold: f64, preserve_change_points: bool, dedup_identical_items: bool,
    first_fraction: f64, last_fraction: f64, blob_min_bytes: usize, excerpt_tokens: usize,
    keep_patterns: Vec<String>, hash_digits: usize, verify: bool, exact_tokens: bool,
}

#[pyclass(frozen, module = "headroom_beam._core")]
struct CrushedBlock {
    block: Block,
    options: Arc<headroom_crusher::Options>,
    has_lines: bool,
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
    fn lines<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if !self.has_lines {
            return Err(PyTypeError::new_err(
                "records by themselves have no lines: use records()",
            ));
        }
        Ok(PyBytes::new(py, &self.block.compacted))
    }
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::records(&self.block, &self.options))
    }
    fn originals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::originals(&self.block.originals, &self.block.tools))
    }
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::failures(&self.block))
    }
    fn totals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::totals(&self.block))
    }
}

#[pyfunction]
fn crush_block(py: Python<'_>, block: &[u8], options: &Options) -> PyResult<CrushedBlock> {
    let block = options.with_crusher(py, |crusher| Block::crush_lines(crusher, block))?;
    Ok(CrushedBlock {
        block,
        options: options.0.clone(),
        has_lines: true,
    })
}

#[pyfunction]
fn crush_records(py: Python<'_>, records: &Bound<'_, PyAny>, options: &Options) -> PyResult<CrushedBlock> {
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
    Ok(CrushedBlock {
        block,
        options: options.0.clone(),
        has_lines: false,
    })
}

#[pyclass(frozen, module = "headroom_beam._core")]
struct CrushedText {
    /// The text as it came, which most texts stay.
    source: Py<PyString>,
    compressed: Option<String>,
    kept_rows: Option<String>,
    rows_marker: String,
    table: bool,
    originals: Originals,
    report: PayloadReport,
}

#[pymethods]
impl CrushedText {
    #[getter]
    fn compressed<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        match &self.compressed {
            Some(compressed) => PyString::new(py, compressed),
            None => self.source.bind(py).clone(),
        }
    }
    #[getter]
    fn was_modified(&self) -> bool {
        self.compressed.is_some()
    }
    #[getter]
    fn strategy(&self) -> &'static str {
        self.report.decisions.strategy.name()
    }
    #[getter]
    fn explanation(&self) -> String {
        self.report.decisions.explain()
    }
    /// What `Crushed` holds, in one step: a look at each costs a tenth of crushing a short text.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let (before, after) = (self.tokens_before(), self.tokens_after());
        let told = (self.was_modified(), self.strategy(), self.explanation());
        (
            self.compressed(py),
            &self.source,
            told.0,
            told.1,
            told.2,
            before,
            after,
        )
            .into_pyobject(py)
    }
    #[getter]
    fn kept_rows(&self) -> Option<&str> {
        self.kept_rows.as_deref()
    }
    #[getter]
    fn rows_marker(&self) -> &str {
        &self.rows_marker
    }
    #[getter]
    fn table(&self) -> bool {
        self.table
    }
    #[getter]
    fn tokens_before(&self) -> u64 {
        self.report.tokens_before
    }
    #[getter]
    fn tokens_after(&self) -> u64 {
        self.report.tokens_after
    }
    #[getter]
    fn rows_hash(&self) -> Option<&str> {
        let decisions = &self.report.decisions;
        let last = decisions.keep.as_ref().and_then(|_| decisions.hashes.last());
        last.map(String::as_str)
    }
    #[getter]
    fn original_count(&self) -> usize {
        self.originals.entries.len()
    }
    fn originals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, batches::originals(&self.originals, &[]))
    }
    fn original_rows<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, String, Bound<'py, PyBytes>)> {
        let rows = self.originals.entries.iter().enumerate();
        rows.map(|(at, entry)| {
            let bytes = PyBytes::new(py, self.originals.bytes(at));
            (PyBytes::new(py, &entry.digest), hash(&entry.digest, 24), bytes)
        })
        .collect()
    }
}

#[pyfunction]
#[pyo3(signature = (text, options, *, kind = "any", query = "", bias = 1.0))]
fn crush_text(
    py: Python<'_>,
    text: &Bound<'_, PyString>,
    options: &Options,
    kind: &str,
    query: &str,
    bias: f64,
) -> PyResult<CrushedText> {
    let kind = match kind {
        "array" => TextKind::Array,
        "document" => TextKind::Document,
        "any" => TextKind::Any,
        _ => return Err(PyValueError::new_err("kind must be array, document or any")),
    };
    let source = text.clone().unbind();
    let text = text.to_str()?;
    let crushed = options
        .with_crusher(py, |crusher| crusher.crush_text(text, kind, query, bias))?
        .map_err(|error| raise(py, &error))?;
    Ok(CrushedText {
        source,
        compressed: match crushed.compressed {
            Cow::Borrowed(_) => None,
            Cow::Owned(compressed) => Some(compressed),
        },
        kept_rows: crushed.kept_rows,
        rows_marker: crushed.rows_marker,
        table: crushed.table,
        originals: crushed.originals,
        report: crushed.report,
    })
}

#[pyfunction]
fn count_tokens(py: Python<'_>, text: &str) -> PyResult<usize> {
    detached(py, || tokens::count(text))
}

#[pyfunction]
fn estimate_tokens(py: Python<'_>, text: &str) -> PyResult<usize> {
    detached(py, || tokens::estimate(text.as_bytes()))
}

#[pyfunction]
#[pyo3(signature = (digest, size_bytes, hash_digits = 24))]
fn raw_marker(digest: [u8; 32], size_bytes: usize, hash_digits: usize) -> PyResult<String> {
    if hash_digits != 24 && hash_digits != 64 {
        return Err(PyValueError::new_err("hash_digits must be 24 or 64"));
    }
    Ok(marker::raw(&hash(&digest, hash_digits), size_bytes))
}

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::restore::{RestoredBlock, markers, restore_block};
    #[pymodule_export]
    use super::{
        CrushedBlock, CrushedText, Options, count_tokens, crush_block, crush_records, crush_text,
        estimate_tokens, raw_marker,
    };
    #[pymodule_export]
    const NOTATION_VERSION: u32 = headroom_crusher::NOTATION_VERSION;
}
