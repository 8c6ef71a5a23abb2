#!/usr/bin/env bash
# Parquet's new type VARIANT, as DuckDB writes it: polars can't open such a file at all, pyarrow and
# DataFusion give its inner parts, and the numbers and keys in it aren't those that were written.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0 datafusion==55.0.0

run_python >seen <<'PY'
import datafusion
import duckdb
import polars
import pyarrow.parquet

RECORD = (
    '{"tool": "list", "id": 9007199254740993, "price": 1.10, "limit": 1e2,'
    ' "digits": 12345678901234567890123}'
)
connection = duckdb.connect()
connection.execute("create table trace (step integer, record json)")
connection.execute("insert into trace values (1, ?)", [RECORD])
connection.execute("copy (select step, record::variant as record from trace) to 'trace.parquet'")
print("DuckDB:", connection.execute("select record::json from 'trace.parquet'").fetchone()[0])


def shape(record):
    return f"a {type(record).__name__} with {', '.join(record)}" if isinstance(record, dict) else repr(record)


readers = {
    "pyarrow": lambda: shape(pyarrow.parquet.read_table("trace.parquet").to_pylist()[0]["record"]),
    "DataFusion": lambda: shape(
        datafusion.SessionContext().read_parquet("trace.parquet").to_pylist()[0]["record"]
    ),
    "polars, all columns": lambda: polars.read_parquet("trace.parquet").columns,
    "polars, the column step alone": lambda: (
        polars.read_parquet("trace.parquet", columns=["step"]).columns
    ),
}
for name, read in readers.items():
    try:
        print(f"{name}: {read()}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
try:
    connection.execute(
        """copy (select '{"id": 18446744073709551615}'::json::variant as record) to 'b.parquet'"""
    )
except duckdb.Error as error:
    print(f"DuckDB, an unsigned 64-bit id: {type(error).__name__}")
PY
expect <<'TEXT'
DuckDB: {"digits":1.2345678901234568e22,"id":9007199254740993,"limit":100.0,"price":1.1,"tool":"list"}
pyarrow: a dict with metadata, value, typed_value
DataFusion: a dict with metadata, value, typed_value
polars, all columns: ComputeError: parquet: File out of specification: LogicalType union has no variant set
polars, the column step alone: ComputeError: parquet: File out of specification: LogicalType union has no variant set
DuckDB, an unsigned 64-bit id: InvalidInputException
TEXT
means "a trace in a VARIANT column is read by the engine that wrote it and by few others, and never as it" \
    "was. Keep records as text."
