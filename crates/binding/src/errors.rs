//! Converts errors of the crusher, and panics, into Python exceptions.

use headroom_crusher::Error;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

/// Returns the Python exception for an error of the crusher.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
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

/// Runs native code without the GIL. A panic would be a defect; it becomes a `RuntimeError`.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)))
        .map_err(|_| PyRuntimeError::new_err("internal error"))
}
