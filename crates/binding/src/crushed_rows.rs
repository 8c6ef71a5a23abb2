//! Crushes the rows of a table: each row as a JSON record, and its texts back into their columns.

use arrow_array::RecordBatch;
use arrow_pyarrow::FromPyArrow;
use headroom_crusher::json::scan::Tape;
use headroom_crusher::json::spelling;
use headroom_crusher::json::tape::Kind;
use headroom_crusher::{Block, Crusher, Error};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::crushed_block::{CallTable, CrushedBlock, with_file};
use crate::errors::detached;
use crate::options::Options;
use crate::record_batches::to_python;
use crate::row_json::{MAX_DEPTH, Place, Rows, Writer};
use crate::texts::Changes;

#[pyfunction]
#[pyo3(signature = (rows, options, calls = None))]
pub fn crush_rows<'py>(
    py: Python<'py>,
    rows: &Bound<'py, PyAny>,
    options: &Options,
    calls: Option<PyRefMut<'_, CallTable>>,
) -> PyResult<(CrushedBlock, Bound<'py, PyAny>)> {
    if !options.options.keep_types {
        return Err(PyValueError::new_err(
            "rows of a table need the option keep_types",
        ));
    }
    let batch = RecordBatch::from_pyarrow_bound(rows)?;
    let (block, changed) = with_file(py, options, calls, None, |crusher| {
        let rows = Rows::new(batch);
        let mut changes = rows.no_changes();
        let block = crush(crusher, &rows, &mut changes)?;
        Ok::<_, Error>((block, rows.changed(&changes)))
    })?
    .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let changed = changed.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok((CrushedBlock::new(block, false), to_python(py, Ok(changed))?))
}

#[pyfunction]
pub fn row_lines<'py>(py: Python<'py>, rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let batch = RecordBatch::from_pyarrow_bound(rows)?;
    let lines = detached(py, || {
        let rows = Rows::new(batch);
        let (mut lines, mut places, mut tape) = (Vec::new(), Vec::new(), Tape::default());
        for row in 0..rows.len() {
            let start = lines.len();
            places.clear();
            rows.write(
                row,
                &mut Writer::new(&mut lines, &mut places, &mut tape, MAX_DEPTH),
            );
            // Outside strings, JSON in a column may have line breaks.
            for byte in lines.iter_mut().skip(start) {
                if matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
            lines.push(b'\n');
        }
        lines
    })?;
    Ok(PyBytes::new(py, &lines))
}

/// Crushes each row, and notes the texts that have changed. In a row that failed, none has.
fn crush(crusher: &mut Crusher, rows: &Rows, changes: &mut [Changes]) -> Result<Block, Error> {
    let max_depth = crusher.options().max_depth;
    let (mut block, mut record, mut places) = (Block::default(), Vec::new(), Vec::new());
    let (mut tape, mut decoded) = (Tape::default(), Vec::new());
    for row in 0..rows.len() {
        record.clear();
        places.clear();
        rows.write(
            row,
            &mut Writer::new(&mut record, &mut places, &mut tape, max_depth),
        );
        block.crush_record(crusher, &record, row);
        let Some(found) = block.records.last().filter(|found| !found.failed) else {
            continue;
        };
        let compacted = block.compacted.get(found.start..found.end).unwrap_or_default();
        if compacted == record {
            continue;
        }
        let doc = tape.scan(compacted, max_depth)?;
        for place in &places {
            let node = doc.node(place.node);
            let token = doc.raw(node);
            if record.get(place.start..place.end) == Some(token) {
                continue;
            }
            decoded.clear();
            if place.is_json {
                around(rows.text(place), token, &mut decoded);
            } else if node.kind != Kind::String || !spelling::decode(doc.inner(node), &mut decoded) {
                return Err(Error::Internal);
            }
            let text = std::str::from_utf8(&decoded).map_err(|_| Error::Internal)?;
            note(changes, place, text)?;
        }
    }
    Ok(block)
}

/// Puts a JSON value into the whitespace in which the old one stood.
fn around(before: &str, token: &[u8], out: &mut Vec<u8>) {
    let is_space = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r');
    let behind = before.trim_start_matches(is_space);
    let (lead, rest) = before.split_at(before.len() - behind.len());
    let (_, trail) = rest.split_at(rest.trim_end_matches(is_space).len());
    out.extend_from_slice(lead.as_bytes());
    out.extend_from_slice(token);
    out.extend_from_slice(trail.as_bytes());
}

fn note(changes: &mut [Changes], place: &Place, text: &str) -> Result<(), Error> {
    let changes = changes.get_mut(place.column).ok_or(Error::Internal)?;
    changes.push(place.row, text);
    Ok(())
}
