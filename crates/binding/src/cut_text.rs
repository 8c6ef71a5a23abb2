//! Chunks of a large text → blocks of its elements, which are crushed and restored as blocks of lines are.

use std::collections::VecDeque;

use headroom_crusher::json::cut::{Cut, Cutter, Element, Opening, Reason};
use headroom_crusher::{Block, json, restore_record};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::crushed_block::{CallTable, CrushedBlock, with_calls};
use crate::errors::detached;
use crate::markers::markers_of;
use crate::options::Options;
use crate::restored_block::{RestoredBlock, restore_contents};

#[pyclass(module = "headroom_beam._core")]
pub struct JsonCutter {
    cutter: Cutter,
}

#[pymethods]
impl JsonCutter {
    #[new]
    #[pyo3(signature = (*, value_bytes, leaf_bytes, max_depth, block_bytes))]
    fn new(value_bytes: usize, leaf_bytes: usize, max_depth: usize, block_bytes: usize) -> Self {
        let opening = Opening::Longer {
            value_bytes,
            leaf_bytes,
            max_depth,
        };
        Self {
            cutter: Cutter::new(opening, block_bytes),
        }
    }
    #[staticmethod]
    fn at(opened: Vec<u64>, block_bytes: usize) -> Self {
        Self {
            cutter: Cutter::new(Opening::At(VecDeque::from(opened)), block_bytes),
        }
    }
    #[getter]
    fn is_whole(&self) -> bool {
        self.cutter.is_whole()
    }
    fn push(&mut self, py: Python<'_>, chunk: &[u8]) -> PyResult<Vec<Py<PyAny>>> {
        let cuts = detached(py, || self.cutter.push(chunk))?;
        to_objects(py, cuts)
    }
    fn finish(&mut self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let cuts = detached(py, || self.cutter.finish())?;
        to_objects(py, cuts)
    }
}

fn to_objects(py: Python<'_>, cuts: Vec<Cut>) -> PyResult<Vec<Py<PyAny>>> {
    cuts.into_iter()
        .map(|cut| match cut {
            Cut::Block(block) => Ok(Py::new(py, CutBlock { block })?.into_any()),
            Cut::Piece(piece) => Ok(Py::new(py, CutPiece { piece })?.into_any()),
        })
        .collect()
}

#[pyclass(frozen, module = "headroom_beam._core")]
pub struct CutBlock {
    block: json::cut::CutBlock,
}

impl CutBlock {
    fn contents(&self) -> Vec<(usize, &[u8])> {
        let bytes = |start, end| self.block.bytes.get(start..end).unwrap_or_default();
        let elements = self.block.elements.iter();
        elements.map(|at| (at.start, bytes(at.start, at.end))).collect()
    }

    /// A block of this element alone.
    fn alone(&self, element: &Element) -> Self {
        let bytes = self.block.bytes.get(element.start..element.end);
        let envelope = self.block.envelopes.get(element.envelope);
        let block = json::cut::CutBlock {
            offset: self.block.offset + element.start as u64,
            bytes: bytes.unwrap_or_default().to_vec(),
            elements: vec![Element {
                start: 0,
                end: element.end - element.start,
                envelope: 0,
            }],
            envelopes: vec![envelope.cloned().unwrap_or_default()],
            opened: Vec::new(),
        };
        Self { block }
    }
}

#[pymethods]
impl CutBlock {
    #[getter]
    fn offset(&self) -> u64 {
        self.block.offset
    }
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.block.bytes)
    }
    fn elements(&self) -> Vec<Self> {
        let elements = self.block.elements.iter();
        elements.map(|element| self.alone(element)).collect()
    }
    fn envelope<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyBytes>) {
        let envelope = self.block.elements.first();
        let envelope = envelope.and_then(|element| self.block.envelopes.get(element.envelope));
        let (before, after) = envelope.map_or((&[][..], &[][..]), |around| (&around.before, &around.after));
        (PyBytes::new(py, before), PyBytes::new(py, after))
    }
}

#[pyclass(frozen, module = "headroom_beam._core")]
pub struct CutPiece {
    piece: json::cut::CutPiece,
}

#[pymethods]
impl CutPiece {
    #[getter]
    fn offset(&self) -> u64 {
        self.piece.offset
    }
    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.piece.bytes)
    }
    #[getter]
    fn last(&self) -> bool {
        self.piece.last
    }
    #[getter]
    fn rest(&self) -> bool {
        self.piece.rest
    }
    #[getter]
    fn problem(&self) -> Option<&'static str> {
        match self.piece.reason {
            Reason::Broken(what) => Some(what),
            Reason::Long | Reason::Deep => None,
        }
    }
    #[getter]
    fn kind(&self) -> &'static str {
        match self.piece.reason {
            Reason::Long => "too_large",
            Reason::Deep => "too_deep",
            Reason::Broken(_) => "invalid_json",
        }
    }
}

#[pyfunction]
pub fn framing(head: &[u8], whole: bool) -> &'static str {
    json::framing::framing(head, whole).name()
}

#[pyfunction]
#[pyo3(signature = (block, options, calls = None))]
pub fn crush_elements(
    py: Python<'_>,
    block: &CutBlock,
    options: &Options,
    calls: Option<PyRefMut<'_, CallTable>>,
) -> PyResult<CrushedBlock> {
    let mut calls = calls;
    let crushed = with_calls(py, options, calls.as_deref_mut(), |crusher| {
        Block::crush_elements(crusher, &block.block)
    })?;
    Ok(CrushedBlock::new(crushed, true))
}

#[pyfunction]
#[pyo3(signature = (block, *, skip_broken = false))]
pub fn element_markers<'py>(
    py: Python<'py>,
    block: &CutBlock,
    skip_broken: bool,
) -> PyResult<Bound<'py, PyAny>> {
    markers_of(py, &block.contents(), true, skip_broken)
}

#[pyfunction]
pub fn restore_elements(
    py: Python<'_>,
    block: &CutBlock,
    originals: &Bound<'_, PyAny>,
) -> PyResult<RestoredBlock> {
    restore_contents(
        py,
        &block.block.bytes,
        &block.contents(),
        originals,
        restore_record,
    )
}
