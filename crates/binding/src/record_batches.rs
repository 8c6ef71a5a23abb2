//! Converts results of the crusher into Arrow record batches, with the columns that `_core.pyi` lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeBinaryBuilder, Int64Builder, LargeBinaryBuilder, ListBuilder, StringBuilder, StructBuilder,
};
use arrow_array::{ArrayRef, LargeBinaryArray, RecordBatch};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_pyarrow::ToPyArrow;
use arrow_schema::{ArrowError, DataType, Field, Fields};
use headroom_crusher::recognise::{Evidence, Found, Learned, Reason};
use headroom_crusher::{Block, Originals, PayloadReport, Recognition, hash};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

type Batch = Result<RecordBatch, ArrowError>;

/// Converts a record batch into one of pyarrow.
pub fn to_python(py: Python<'_>, batch: Batch) -> PyResult<Bound<'_, PyAny>> {
    batch
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?
        .to_pyarrow(py)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Batch {
    RecordBatch::try_from_iter(columns)
}

fn int64(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(
        values
            .map(|value| value as i64)
            .collect::<arrow_array::Int64Array>(),
    )
}

fn booleans(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<arrow_array::BooleanArray>())
}

fn strings<T: AsRef<str>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(arrow_array::StringArray::from_iter_values(values))
}

/// Makes a batch with one row for each original.
pub fn originals(originals: &Originals, tools: &[String]) -> Batch {
    let entries = &originals.entries;
    let mut digests = FixedSizeBinaryBuilder::with_capacity(entries.len(), 32);
    for entry in entries {
        digests.append_value(entry.digest)?;
    }
    let ends = entries.iter().map(|entry| entry.end as i64);
    let offsets = OffsetBuffer::new(std::iter::once(0).chain(ends).collect::<ScalarBuffer<i64>>());
    let bytes = LargeBinaryArray::try_new(offsets, Buffer::from(originals.arena.as_slice()), None)?;
    let sizes = (0..entries.len()).map(|at| originals.bytes(at).len() as u64);
    let tool = |number: u32| tools.get(number as usize).map_or("", String::as_str);
    batch(vec![
        (
            "hash",
            strings(entries.iter().map(|entry| hash(&entry.digest, 24))),
        ),
        ("digest", Arc::new(digests.finish())),
        ("kind", strings(entries.iter().map(|entry| entry.kind))),
        ("size_bytes", int64(sizes)),
        ("item_count", int64(entries.iter().map(|entry| entry.item_count))),
        ("original", Arc::new(bytes)),
        ("tool", strings(entries.iter().map(|entry| tool(entry.tool)))),
    ])
}

/// Makes a batch with one row for each failure.
pub fn failures(block: &Block) -> Batch {
    let failures = &block.failures;
    batch(vec![
        (
            "index",
            int64(failures.iter().map(|failure| failure.index as u64)),
        ),
        (
            "kind",
            strings(failures.iter().map(|failure| failure.error.kind())),
        ),
        (
            "message",
            strings(failures.iter().map(|failure| failure.error.to_string())),
        ),
        (
            "offset",
            int64(failures.iter().map(|failure| failure.offset as u64)),
        ),
        (
            "length",
            int64(failures.iter().map(|failure| failure.length as u64)),
        ),
        (
            "hash",
            strings(failures.iter().map(|failure| failure.hash.as_str())),
        ),
    ])
}

/// Makes a batch with one row for each record in which nothing is recognised.
pub fn unrecognised(block: &Block) -> Batch {
    let records = block.records.iter();
    let unknown: Vec<_> = records
        .filter(|record| record.recognition != Recognition::Known)
        .collect();
    batch(vec![
        ("offset", int64(unknown.iter().map(|record| record.offset as u64))),
        (
            "is_likely",
            booleans(
                unknown
                    .iter()
                    .map(|record| record.recognition == Recognition::Likely),
            ),
        ),
    ])
}

/// Sums over the payloads of one tool and strategy.
#[derive(Default)]
struct Total {
    payloads: u64,
    bytes: (u64, u64),
    tokens: (u64, u64),
    rows: (u64, u64),
}

/// Makes a batch with one row for each tool and strategy.
pub fn totals(block: &Block) -> Batch {
    let mut totals: BTreeMap<(&str, &str), Total> = BTreeMap::new();
    for payload in &block.payloads {
        let total = totals
            .entry((payload.tool.as_str(), payload.decisions.strategy.name()))
            .or_default();
        total.payloads += 1;
        total.bytes = (
            total.bytes.0 + payload.bytes_before,
            total.bytes.1 + payload.bytes_after,
        );
        total.tokens = (
            total.tokens.0 + payload.tokens_before,
            total.tokens.1 + payload.tokens_after,
        );
        total.rows = (
            total.rows.0 + payload.decisions.rows_total,
            total.rows.1 + payload.decisions.rows_kept,
        );
    }
    let sums = |value: fn(&Total) -> u64| int64(totals.values().map(value));
    batch(vec![
        ("tool", strings(totals.keys().map(|key| key.0))),
        ("strategy", strings(totals.keys().map(|key| key.1))),
        ("payloads", sums(|total| total.payloads)),
        ("bytes_before", sums(|total| total.bytes.0)),
        ("bytes_after", sums(|total| total.bytes.1)),
        ("tokens_before", sums(|total| total.tokens.0)),
        ("tokens_after", sums(|total| total.tokens.1)),
        ("rows_total", sums(|total| total.rows.0)),
        ("rows_kept", sums(|total| total.rows.1)),
    ])
}

/// Makes a batch with one row for each record that didn't fail.
pub fn records(block: &Block) -> Batch {
    let mut record = LargeBinaryBuilder::new();
    let mut payloads = ListBuilder::new(StructBuilder::from_fields(payload_fields(), block.payloads.len()));
    let mut numbers: [Vec<u64>; 6] = Default::default();
    let mut first = 0;
    for (index, place) in block.records.iter().enumerate() {
        let reports = block.payloads.get(first..place.payloads_end).unwrap_or_default();
        first = place.payloads_end;
        if place.failed {
            continue;
        }
        let compacted = block.compacted.get(place.start..place.end).unwrap_or_default();
        let tokens = |value: fn(&PayloadReport) -> u64| reports.iter().map(value).sum();
        let row = [
            index as u64,
            place.offset as u64,
            place.length as u64,
            compacted.len() as u64,
            tokens(|report| report.tokens_before),
            tokens(|report| report.tokens_after),
        ];
        for (column, value) in numbers.iter_mut().zip(row) {
            column.push(value);
        }
        record.append_value(compacted);
        for report in reports {
            payload(payloads.values(), report);
        }
        payloads.append(true);
    }
    let [index, offset, before, after, tokens_before, tokens_after] =
        numbers.map(|column| int64(column.into_iter()));
    batch(vec![
        ("index", index),
        ("offset", offset),
        ("record", Arc::new(record.finish())),
        ("bytes_before", before),
        ("bytes_after", after),
        ("tokens_before", tokens_before),
        ("tokens_after", tokens_after),
        ("payloads", Arc::new(payloads.finish())),
    ])
}

fn payload_fields() -> Fields {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let number = |name| Field::new(name, DataType::Int64, true);
    Fields::from(vec![
        text("path"),
        text("tool"),
        text("strategy"),
        Field::new_list("hashes", Field::new_list_field(DataType::Utf8, true), true),
        number("rows_total"),
        number("rows_kept"),
        number("tokens_before"),
        number("tokens_after"),
        number("over_budget"),
        text("explanation"),
        text("recognised_by"),
    ])
}

/// Appends a payload to the list of its record.
fn payload(row: &mut StructBuilder, report: &PayloadReport) {
    for (at, value) in [&*report.path, &report.tool, report.decisions.strategy.name()]
        .into_iter()
        .enumerate()
    {
        if let Some(column) = row.field_builder::<StringBuilder>(at) {
            column.append_value(value);
        }
    }
    if let Some(hashes) = row.field_builder::<ListBuilder<Box<dyn arrow_array::builder::ArrayBuilder>>>(3) {
        if let Some(values) = hashes.values().as_any_mut().downcast_mut::<StringBuilder>() {
            report
                .decisions
                .hashes
                .iter()
                .for_each(|hash| values.append_value(hash));
        }
        hashes.append(true);
    }
    let decisions = &report.decisions;
    let numbers = [
        decisions.rows_total,
        decisions.rows_kept,
        report.tokens_before,
        report.tokens_after,
        decisions.over_budget,
    ];
    for (at, value) in numbers.into_iter().enumerate() {
        if let Some(column) = row.field_builder::<Int64Builder>(at + 4) {
            column.append_value(value as i64);
        }
    }
    let explanation = decisions.explain();
    let recognised_by = report.recognised_by.map_or("", Reason::words);
    for (at, value) in [explanation.as_str(), recognised_by].into_iter().enumerate() {
        if let Some(column) = row.field_builder::<StringBuilder>(at + numbers.len() + 4) {
            column.append_value(value);
        }
    }
    row.append(true);
}

/// A marker in a line of a block, or the error that kept the line from being restored.
pub struct MarkerReport {
    /// Bytes from the start of the block to the line.
    pub offset: usize,
    /// Length of the line in bytes.
    pub length: usize,
    pub hash: String,
    /// `missing` or `format`; empty without an error.
    pub kind: &'static str,
    pub message: String,
}

/// Makes a batch with one row for each marker.
pub fn markers(reports: &[MarkerReport]) -> Batch {
    batch(vec![
        ("offset", int64(reports.iter().map(|report| report.offset as u64))),
        ("length", int64(reports.iter().map(|report| report.length as u64))),
        ("hash", strings(reports.iter().map(|report| &report.hash))),
    ])
}

/// Makes a batch with one row for each line that wasn't restored.
pub fn unresolved(reports: &[MarkerReport]) -> Batch {
    let places = markers(reports)?;
    let mut columns: Vec<(&str, ArrayRef)> = ["offset", "length", "hash"]
        .into_iter()
        .zip(places.columns().iter().cloned())
        .collect();
    columns.push(("kind", strings(reports.iter().map(|report| report.kind))));
    columns.push(("message", strings(reports.iter().map(|report| &report.message))));
    batch(columns)
}

pub fn found(found: &[Found]) -> Batch {
    batch(vec![
        ("path", strings(found.iter().map(Found::full_path))),
        ("tool", strings(found.iter().map(|found| &found.tool))),
        ("sure", booleans(found.iter().map(|found| found.sure))),
        ("reason", strings(found.iter().map(|found| found.reason.words()))),
        ("tokens", int64(found.iter().map(|found| found.tokens))),
        ("offset", int64(found.iter().map(|found| found.offset as u64))),
        ("length", int64(found.iter().map(|found| found.length as u64))),
    ])
}

pub fn learned(learned: &Learned) -> Batch {
    let paths: Vec<(String, &Evidence)> = learned.paths().collect();
    let numbers = |value: fn(&Evidence) -> u64| int64(paths.iter().map(|(_, evidence)| value(evidence)));
    let mut tools = ListBuilder::new(StringBuilder::new());
    for (_, evidence) in &paths {
        evidence
            .tools
            .iter()
            .for_each(|tool| tools.values().append_value(tool));
        tools.append(true);
    }
    batch(vec![
        ("path", strings(paths.iter().map(|(path, _)| path))),
        (
            "is_sure",
            booleans(paths.iter().map(|(_, evidence)| evidence.is_sure())),
        ),
        (
            "reason",
            strings(paths.iter().map(|(_, evidence)| evidence.reason.words())),
        ),
        ("records", numbers(|evidence| evidence.records)),
        ("sure", numbers(|evidence| evidence.sure)),
        ("likely", numbers(|evidence| evidence.likely)),
        ("against", numbers(|evidence| evidence.against)),
        ("retrieved", numbers(|evidence| evidence.retrieved)),
        ("tokens", numbers(|evidence| evidence.tokens)),
        ("longest", numbers(|evidence| evidence.longest)),
        ("tools", Arc::new(tools.finish())),
    ])
}
