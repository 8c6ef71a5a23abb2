"""Parquet files through runs: what changes in them, what stays, and what can't be taken apart."""

import base64
import datetime as dt
import decimal
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import IntegrityError
from headroom_beam.files import parquet_files
from headroom_beam.files.check_parts import marker_hashes
from headroom_beam.files.crush_shard import crush_shard
from headroom_beam.files.detect import detect_all
from headroom_beam.files.manifest import CompactedPart, Manifest
from headroom_beam.files.parquet_files import row_batches, row_blocks
from headroom_beam.files.plan import RunSettings, start_run
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import finish_run, run_shards
from headroom_beam.files.shard_results import read_failures
from headroom_beam.files.shards import find_sources
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore

ROWS = [{"id": number, "name": f"row {number}", "state": "open"} for number in range(60)]
RESULT = json.dumps(ROWS)
LOG = "\n".join(f"12:00:{number % 60:02} line {number} of a build" for number in range(900))


def table(count: int = 5) -> pa.Table:
    """Columns of many types; `output` holds the payloads."""
    return pa.table(
        {
            "id": pa.array(range(count), pa.uint32()),
            "output": pa.array([[RESULT, None, "short", LOG, "<<ccr:x"][at % 5] for at in range(count)]),
            "messages": pa.array(
                [[{"role": "tool", "content": RESULT}, {"role": "user", "content": RESULT}], [], None]
                * count,
                pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())])),
            ).slice(0, count),
            "kind": pa.array(["TOOL", "SPAN", None, "TOOL", "TOOL"] * count)
            .slice(0, count)
            .dictionary_encode(),
            "when": pa.array(
                [dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.timezone.utc)] * count, pa.timestamp("us", tz="UTC")
            ),
            "cost": pa.array([decimal.Decimal("1.250"), None] * count).slice(0, count),
            "vector": pa.array([[0.5, None], None] * count, pa.list_(pa.float32())).slice(0, count),
            "raw": pa.array([b"\x00\xff", None] * count).slice(0, count),
            "day": pa.array([dt.date(2026, 1, 2), None] * count).slice(0, count),
            "tags": pa.array([[("k", "v")], None] * count, pa.map_(pa.string(), pa.string())).slice(0, count),
        },
        metadata={"made by": "a test"},
    )


PATHS = (".output", ".messages[*]{role=tool}.content")


def run(
    folder: Path, settings: RunSettings, trace_format: Any = PATHS, **config: Any
) -> tuple[Manifest, RunSettings]:
    """Crushes a folder or file, restores it, and compares every byte."""
    settings = RunSettings(
        output=settings.output,
        originals=settings.originals,
        trace_format=trace_format,
        config=SmartCrusherConfig(**config),
    )
    manifest = run_shards([str(folder)], settings)
    restored = Path(settings.output).parent / "restored"
    files, unresolved = restore_run(settings.output, settings.originals, str(restored))
    assert unresolved == []
    root = folder if folder.is_dir() else folder.parent
    for file in files:
        data = (root / file.name).read_bytes()
        assert (restored / file.name).read_bytes() == data
        assert file.digest == hashlib.sha256(data).hexdigest()
    assert len(files) == len(manifest.parts)
    return manifest, settings


def part_of(manifest: Manifest, name: str = "a.parquet") -> CompactedPart:
    (part,) = (part for part in manifest.parts if part.source == name)
    return part


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    return path


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "brotli", "lz4", "none"])
def test_texts_change_and_all_else_stays(folder: Path, settings: RunSettings, compression: str) -> None:
    before = table(11)
    pq.write_table(before, folder / "a.parquet", row_group_size=4, compression=compression)
    manifest, settings = run(folder, settings)
    part = part_of(manifest)
    assert (part.framing, part.records, part.failures, part.note) == ("parquet", 11, 0, "")
    assert manifest.summary["tokens_after"] < manifest.summary["tokens_before"] / 2
    source, compacted = (pq.ParquetFile(root / "a.parquet") for root in (folder, Path(settings.output)))
    assert compacted.schema.equals(source.schema)
    assert compacted.schema_arrow.equals(source.schema_arrow, check_metadata=True)
    assert compacted.metadata.metadata == source.metadata.metadata
    for group in range(3):
        ours, theirs = (file.metadata.row_group(group) for file in (compacted, source))
        assert ours.num_rows == theirs.num_rows
        for at in range(theirs.num_columns):
            assert ours.column(at).compression == theirs.column(at).compression
            assert ours.column(at).has_dictionary_page == theirs.column(at).has_dictionary_page
    after = compacted.read()
    changed = {"output", "messages"}
    for name in set(before.schema.names) - changed:
        assert after[name].equals(before[name]), name
    outputs = after["output"].to_pylist()
    assert outputs[0].startswith("[60ps]{id,name,state=open}")
    assert outputs[1:3] == [None, "short"]
    assert outputs[3].startswith("<<ccr:")
    assert outputs[4] == "<<ccr:lit>><<ccr:x"
    first, second = after["messages"].to_pylist()[0]
    assert first["content"].startswith("[60ps]")
    assert second == {"role": "user", "content": RESULT}


def test_other_readers_read_the_compacted_file(folder: Path, settings: RunSettings) -> None:
    pq.write_table(table(), folder / "a.parquet")
    _, settings = run(folder, settings)
    query = "SELECT * EXCLUDE (output, messages) FROM read_parquet(?) ORDER BY id"
    ours, theirs = (
        duckdb.execute(query, [str(root / "a.parquet")]).fetchall()
        for root in (folder, Path(settings.output))
    )
    assert ours == theirs
    texts = duckdb.execute("SELECT output FROM read_parquet(?)", [f"{settings.output}/a.parquet"]).fetchall()
    assert texts[0][0].startswith("[60ps]")


def test_a_file_of_another_writer_keeps_its_schema(folder: Path, settings: RunSettings) -> None:
    duckdb.execute(
        "CREATE OR REPLACE TABLE t"
        " (id HUGEINT, made TIMESTAMP_NS, log JSON, who ENUM ('a', 'b'), s STRUCT(o TEXT), n DECIMAL(9, 2))"
    )
    duckdb.execute(
        "INSERT INTO t VALUES (1, TIMESTAMP '2026-01-02', ?, 'a', {'o': ?}, 1.5),"
        " (NULL, NULL, NULL, NULL, NULL, NULL)",
        [json.dumps({"output": RESULT}), RESULT],
    )
    duckdb.execute(f"COPY t TO '{folder}/a.parquet' (FORMAT parquet, COMPRESSION zstd)")
    manifest, settings = run(folder, settings, [".log.output", ".s.o"])
    assert (part_of(manifest).framing, part_of(manifest).note) == ("parquet", "")
    rows = duckdb.execute(
        "SELECT id, made, log->>'output', who, s.o FROM read_parquet(?)", [f"{settings.output}/a.parquet"]
    ).fetchall()
    assert rows[0][0] == 1
    assert rows[0][3] == "a"
    assert rows[0][2].startswith("[60ps]")
    assert rows[0][4] == rows[0][2]
    assert rows[1] == (None,) * 5


@pytest.mark.parametrize(
    "options",
    [
        {"version": "1.0"},
        {"version": "2.4", "data_page_version": "2.0"},
        {"use_compliant_nested_type": False},
        {"use_deprecated_int96_timestamps": True},
        {"store_decimal_as_integer": True},
        {"store_schema": False, "use_dictionary": False, "write_statistics": False},
        {"write_page_index": True, "use_byte_stream_split": ["vector.list.element"], "use_dictionary": False},
    ],
    ids=str,
)
def test_files_as_older_and_newer_writers_leave_them(
    folder: Path, settings: RunSettings, options: dict[str, Any]
) -> None:
    pq.write_table(table(), folder / "a.parquet", **options)
    manifest, settings = run(folder, settings)
    assert (part_of(manifest).framing, part_of(manifest).note) == ("parquet", "")
    source, compacted = (pq.ParquetFile(root / "a.parquet") for root in (folder, Path(settings.output)))
    assert compacted.schema.equals(source.schema)
    assert compacted.metadata.metadata == source.metadata.metadata


def test_langfuse_observations_are_found(folder: Path, settings: RunSettings) -> None:
    messages = [{"role": "user", "content": "list them"}, {"role": "tool", "content": RESULT}]
    columns = {
        "id": ["o1", "o2", "o3"],
        "trace_id": ["t1", "t1", "t1"],
        "type": ["TOOL", "GENERATION", "SPAN"],
        "name": ["list_rows", "chat", "agent"],
        "start_time": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)] * 3, pa.timestamp("ms")),
        "input": ['{"page": 1}', json.dumps(messages), RESULT],
        "output": [RESULT, '{"role": "assistant", "content": "done"}', "done"],
        "metadata": pa.array([[("k", "v")]] * 3, pa.map_(pa.string(), pa.string())),
    }
    pq.write_table(pa.table(columns), folder / "a.parquet")
    for trace_format, found in (("langfuse", 2), ("auto", 2)):
        manifest, once = run(folder, fresh(settings, trace_format), trace_format)
        after = pq.read_table(Path(once.output) / "a.parquet").to_pydict()
        assert manifest.summary["payloads"] == found
        assert after["output"][0].startswith("[60ps]")
        assert after["input"][1] != columns["input"][1]
        assert after["input"][2] == RESULT
        assert manifest.summary["tools"][0]["tool"] in ("", "list_rows")


def test_langsmith_runs_are_found(folder: Path, settings: RunSettings) -> None:
    message = {"type": "tool", "content": RESULT, "name": "list_rows", "tool_call_id": "c1"}
    columns = {
        "id": ["r1", "r2"],
        "trace_id": ["r1", "r1"],
        "name": ["list_rows", "ChatModel"],
        "run_type": ["tool", "llm"],
        "inputs": [
            '{"input": "{}"}',
            json.dumps({"messages": [[{"type": "constructor", "kwargs": message}]]}),
        ],
        "outputs": [json.dumps({"output": RESULT}), '{"generations": []}'],
        "tags": pa.array([["a"], []], pa.list_(pa.string())),
    }
    pq.write_table(pa.table(columns), folder / "a.parquet")
    for trace_format in ("langsmith", "auto"):
        manifest, once = run(folder, fresh(settings, trace_format), trace_format)
        after = pq.read_table(Path(once.output) / "a.parquet").to_pydict()
        assert manifest.summary["payloads"] == 2
        assert "[60ps]" in after["outputs"][0]
        assert "[60ps]" in after["inputs"][1]
        assert after["inputs"][0] == columns["inputs"][0]


def fresh(settings: RunSettings, name: str) -> RunSettings:
    """Returns the settings of another run."""
    return RunSettings(output=f"{settings.output}-{name}/out", originals=f"{settings.originals}-{name}")


def test_a_file_in_which_nothing_changes_is_the_same_and_is_not_kept(
    folder: Path, settings: RunSettings
) -> None:
    pq.write_table(table().slice(0, 4), folder / "a.parquet")
    manifest, settings = run(folder, settings, ".nothing")
    part = part_of(manifest)
    assert (part.framing, part.records, list(part.kept)) == ("parquet", 4, [])
    assert (Path(settings.output) / "a.parquet").read_bytes() == (folder / "a.parquet").read_bytes()
    assert manifest.summary["originals"] == 0


def test_a_row_that_fails_is_named_and_stays(folder: Path, settings: RunSettings) -> None:
    rows = pa.table({"output": [RESULT, "x" * 9000, RESULT]})
    pq.write_table(rows, folder / "a.parquet", row_group_size=1)
    settings = RunSettings(
        output=settings.output,
        originals=settings.originals,
        trace_format=PATHS,
        config=SmartCrusherConfig(max_record_bytes=8000),
    )
    planned, shards = start_run([str(folder)], settings)
    store = OriginalStore.open(settings.originals)
    result = crush_shard(planned, shards[0], store)
    (failure,) = read_failures(planned, result)
    assert (failure.kind, failure.source, failure.offset) == ("too_large", "a.parquet", 1)
    assert store.get(failure.hashes[0]) == json.dumps({"output": "x" * 9000}, separators=(",", ":")).encode()
    finish_run(planned, [result])
    after = pq.read_table(Path(settings.output) / "a.parquet")["output"].to_pylist()
    assert after[1] == "x" * 9000
    assert after[0] == after[2] != RESULT


def test_every_marker_of_a_run_is_listed(folder: Path, settings: RunSettings) -> None:
    pq.write_table(table(), folder / "a.parquet")
    manifest, settings = run(folder, settings)
    problems: list[Any] = []
    hashes = set(marker_hashes(open_objects(settings.output), problems))
    assert problems == []
    assert hashes > set(part_of(manifest).kept)
    store = OriginalStore.open(settings.originals)
    assert LOG.encode() in [store.get(hash_) for hash_ in hashes]


class Keys(pe.KmsClient):
    """A key service that hides nothing."""

    def __init__(self, _config: object) -> None:
        super().__init__()

    def wrap_key(self, key_bytes: bytes, _master: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, _master: str) -> bytes:
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_files_are_copied_with_a_note(
    folder: Path, settings: RunSettings, *, plaintext_footer: bool
) -> None:
    properties = pe.CryptoFactory(Keys).file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(
            footer_key="f", column_keys={"k": ["output"]}, plaintext_footer=plaintext_footer
        ),
    )
    rows = pa.table({"id": [1], "output": [RESULT]})
    with pq.ParquetWriter(folder / "a.parquet", rows.schema, encryption_properties=properties) as writer:
        writer.write_table(rows)
    for place in (folder, folder / "a.parquet"):
        manifest, _ = run(place, fresh(settings, place.name))
        part = part_of(manifest)
        assert part.framing == "copied"
        assert "it is encrypted" in part.note


def damaged_files() -> dict[str, bytes]:
    file = io.BytesIO()
    pq.write_table(table(), file)
    data = file.getvalue()
    at = len(data) // 3
    return {
        "cut": data[: len(data) // 2],
        "footer": data[:-600] + bytes(592) + data[-8:],
        "pages": data[:at] + bytes(200) + data[at + 200 :],
        "magic": b"PAR1",
        "long footer": data[:-8] + b"\xff\xff\xff\x7fPAR1",
    }


@pytest.mark.parametrize("name", list(damaged_files()))
def test_a_damaged_file_fails_the_run_if_it_was_named_and_else_is_copied(
    folder: Path, settings: RunSettings, name: str
) -> None:
    (folder / "a.parquet").write_bytes(damaged_files()[name])
    with pytest.raises(IntegrityError, match=r"a\.parquet is damaged, or isn't Parquet$"):
        run(folder / "a.parquet", fresh(settings, "named"))
    manifest, _ = run(folder, fresh(settings, "found"))
    part = part_of(manifest)
    assert (part.framing, part.note) == ("copied", "it is damaged, so it is copied")
    assert manifest.summary["records"] == 0


def test_files_that_can_not_be_crushed_are_copied_and_say_why(folder: Path, settings: RunSettings) -> None:
    pq.write_table(pa.table({"id": [1, 2]}), folder / "numbers.parquet")
    pq.write_table(pa.table([[1], ["a"]], names=["a", "a"]), folder / "twice.parquet")
    manifest, _ = run(folder, settings)
    assert {part.source: part.note for part in manifest.parts} == {
        "numbers.parquet": "none of its columns holds texts, so it is copied",
        "twice.parquet": "two of its columns have one name, so it is copied",
    }
    assert {part.framing for part in manifest.parts} == {"copied"}


def test_a_file_that_holds_far_more_than_its_size_is_copied(
    folder: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated(folder / "a.parquet", "x" * 100_000, 2000)
    monkeypatch.setattr(parquet_files, "_FREE_BYTES", 8 << 20)
    manifest, _ = run(folder, settings)
    assert part_of(manifest).framing == "copied"
    assert "it holds over" in part_of(manifest).note


def repeated(path: Path, text: str, count: int) -> None:
    """Writes a file of one long text, named by each of many rows."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [text])
    with pq.ParquetWriter(
        path, pa.schema({"output": texts.type}), store_schema=False, dictionary_pagesize_limit=4 << 20
    ) as writer:
        writer.write_table(pa.table({"output": texts}))


def test_batches_are_small_where_a_dictionary_has_long_texts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a.parquet"
    repeated(path, "x" * 1_000_000, 1000)
    monkeypatch.setattr(parquet_files, "_FREE_BYTES", 16 << 20)
    (source,) = detect_all(find_sources([str(path)]), [])
    batch = next(row_batches(source))
    assert batch.rows.schema.field("output").type == pa.string()
    assert batch.rows.num_rows == 16


def test_a_large_row_group_waits_on_the_disk(
    folder: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_MEMORY_BYTES", 1000)
    monkeypatch.setattr(parquet_files, "_BATCH_ROWS", 2)
    pq.write_table(table(23), folder / "a.parquet", row_group_size=10)
    _, spilled = run(folder, fresh(settings, "spilled"))
    monkeypatch.undo()
    _, kept = run(folder, fresh(settings, "kept"))
    ours, theirs = (pq.read_table(Path(once.output) / "a.parquet") for once in (spilled, kept))
    assert ours.equals(theirs)
    assert pq.ParquetFile(Path(spilled.output) / "a.parquet").metadata.num_row_groups == 3


def test_a_file_without_rows_or_row_groups_stays(folder: Path, settings: RunSettings) -> None:
    pq.write_table(table().slice(0, 0), folder / "a.parquet")
    with pq.ParquetWriter(folder / "b.parquet", table().schema):
        pass
    manifest, settings = run(folder, settings)
    for name in ("a.parquet", "b.parquet"):
        assert part_of(manifest, name).framing == "parquet"
        assert (Path(settings.output) / name).read_bytes() == (folder / name).read_bytes()


def test_texts_in_lists_forty_deep_are_crushed(folder: Path, settings: RunSettings) -> None:
    kind: pa.DataType = pa.string()
    value: Any = RESULT
    for _ in range(40):
        kind, value = pa.list_(kind), [value]
    pq.write_table(pa.table({"output": pa.array([value, None], kind)}), folder / "a.parquet")
    manifest, settings = run(folder, settings, "json")
    assert part_of(manifest).framing == "parquet"
    after = pq.read_table(Path(settings.output) / "a.parquet")["output"]
    assert after.type == kind
    crushed, missing = after.to_pylist()
    for _ in range(40):
        (crushed,) = crushed
    assert crushed.startswith("[60")
    assert missing is None


def test_arrays_and_structs_keep_their_type(folder: Path, settings: RunSettings) -> None:
    rows = pa.table({"output": [ROWS], "other": [{"log": RESULT}]})
    pq.write_table(rows, folder / "a.parquet")
    _, settings = run(folder, settings, "json")
    after = pq.read_table(Path(settings.output) / "a.parquet")
    assert after.schema.equals(rows.schema)
    assert after["output"].equals(rows["output"])
    assert after["other"].to_pylist()[0]["log"].startswith("[60ps]")


def test_rows_are_blocks_of_lines(folder: Path) -> None:
    path = folder / "a.parquet"
    pq.write_table(pa.table({"a": ["x", None, "z"], "n": [1, 2, 3]}), path, row_group_size=2)
    (source,) = detect_all(find_sources([str(path)]), [])
    assert source.framing == "parquet"
    assert [tuple(block) for block in row_blocks(source)] == [
        (0, b'{"a":"x","n":1}\n{"n":2}\n'),
        (24, b'{"a":"z","n":3}\n'),
    ]
    assert [batch.first for batch in row_batches(source)] == [0, 2]
