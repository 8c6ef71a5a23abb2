//! Counts and estimates the tokens of a text.

use headroom_crusher::tokens;
use pyo3::prelude::*;

use crate::errors::detached;

#[pyfunction]
pub fn count_tokens(py: Python<'_>, text: &str) -> PyResult<usize> {
    detached(py, || tokens::count(text))
}

#[pyfunction]
pub fn estimate_tokens(py: Python<'_>, text: &str) -> PyResult<usize> {
    detached(py, || tokens::estimate(text.as_bytes()))
}
