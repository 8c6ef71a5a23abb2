//! Records → the tools' results that stand in them.

use arrow_array::cast::AsArray;
use arrow_array::make_array;
use arrow_data::ArrayData;
use arrow_pyarrow::FromPyArrow;
use headroom_crusher::json::scan::Tape;
use headroom_crusher::recognise::{Learned, Recognised, Recogniser as Finder};
use headroom_crusher::{Error, Options};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::errors::{detached, raise};
use crate::record_batches::{self, to_python};

#[pyclass(module = "headroom_beam._core")]
#[derive(Default)]
pub struct Recogniser {
    finder: Finder,
    learned: Learned,
    tape: Tape,
}

impl Recogniser {
    fn find(&mut self, record: &[u8]) -> Result<Recognised, Error> {
        let doc = self.tape.scan(record, Options::default().max_depth)?;
        let recognised = self.finder.recognise(&doc);
        self.learned.add(&recognised);
        Ok(recognised)
    }
}

#[pymethods]
impl Recogniser {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn recognise<'py>(&mut self, py: Python<'py>, record: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let found = detached(py, || self.find(record))?;
        let recognised = found.map_err(|error| raise(py, &error))?;
        to_python(py, record_batches::found(&recognised.found))
    }

    fn learn(&mut self, py: Python<'_>, records: &Bound<'_, PyAny>) -> PyResult<usize> {
        let array = make_array(ArrayData::from_pyarrow_bound(records)?);
        let Some(records) = array.as_binary_opt::<i64>() else {
            return Err(PyTypeError::new_err("records must be large_binary"));
        };
        detached(py, || {
            let mut learned = 0;
            for record in records.iter().flatten() {
                // What earlier records said must not decide, as in crushing.
                self.finder.forget();
                learned += usize::from(self.find(record).is_ok());
            }
            learned
        })
    }

    #[getter]
    fn unreachable_count(&self) -> u64 {
        self.learned.unreachable()
    }

    fn learned<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, record_batches::learned(&self.learned))
    }
}

#[pyfunction]
pub fn recognise<'py>(py: Python<'py>, record: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    Recogniser::default().recognise(py, record)
}
