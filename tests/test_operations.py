"""What docs/operations.md says is what the code does."""

import re
from pathlib import Path

from headroom_beam import errors
from headroom_beam.crush import memory
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.measure import KINDS
from headroom_beam.files.estimate import SAMPLE_BYTES, estimate_files
from headroom_beam.files.manifest import summarize
from headroom_beam.files.record_report import MOST_LINES
from headroom_beam.files.sample import plan_sample
from headroom_beam.files.shards import find_sources
from headroom_beam.serve import app as server

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("pipelines", "headroom_beam")
    for path in (ROOT / folder).rglob("*.py")
}


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def names_in(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_every_error_is_listed_with_its_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)`", section("Exit codes"), re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {
        name: getattr(errors, name).exit_code for name in errors.__all__
    }


def test_every_kind_of_failure_is_explained() -> None:
    listed = set(re.findall(r"^\| `(\w+)`", section("Failures"), re.MULTILINE))
    records = [b"{", b'"\xff"', b"[" * 9 + b"]" * 9, b'"' + b" " * 2000 + b'"']
    batch = crush_batch(records, options_for(SmartCrusherConfig(max_depth=8, max_record_bytes=1024)))
    # Nothing known brings about the last one.
    assert {row.kind for _, row in batch.failures} | {"internal"} == listed
    (described,) = re.findall(
        r'class Failure\(.*?    kind: str\n    """(.*?)"""', SOURCES["headroom_beam/records.py"], re.DOTALL
    )
    assert names_in(described) == listed


def test_limits_have_their_defaults() -> None:
    rows = re.findall(r"^\| `(max_\w+)`[^|]*\| (\d+)", section("Limits"), re.MULTILINE)
    found = {name: int(value) for name, value in rows}
    assert found.pop("max_memory_bytes") == memory.MAX_BYTES
    assert found == {name: getattr(SmartCrusherConfig(), name) for name in found}
    assert {"max_record_bytes", "max_depth", "max_columns", "max_tokens"} == set(found)
    assert f"bodies of up to {server.MAX_BODY_BYTES >> 10} KiB" in section("Limits")


def test_every_field_of_the_summary_is_explained() -> None:
    assert names_in(section("Run summary")) >= set(summarize([]))


def test_every_metric_is_listed() -> None:
    pattern = r"""\b(?:count|observe)\(\s*"(\w+)\""""
    metrics = {name for source in SOURCES.values() for name in re.findall(pattern, source)}
    assert {"records", "packs", "shard_ms", "restored_files"} <= metrics
    assert metrics <= names_in(section("Metrics"))


def test_every_status_of_the_server_is_listed() -> None:
    words = {*server.OUTCOMES, *server.WORDS.values(), "invalid_hash", "unauthorized", "forbidden", "store"}
    listed = names_in(section("Serving"))
    assert words - {"no_such_endpoint", "method_not_allowed"} <= listed


def test_every_field_of_an_estimate_and_every_kind_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"result": 1}\n')
    sources = find_sources([str(tmp_path)])
    estimate = estimate_files(sources, plan_sample(sources, None), trace_format=".result")
    (row,) = estimate["paths"]
    named = names_in(section("What would I save?"))
    assert named >= {*estimate, *row, *estimate["largest"][0], *KINDS}
    assert f"The sample is {SAMPLE_BYTES >> 20} MB." in section("What would I save?")
    assert f"cut after {MOST_LINES} lines" in section("What happened to this record?")
