"""docs/operations.md lists the errors, limits, fields, metrics and statuses that the code has."""

import ast
import re
from pathlib import Path

import pytest
from helpers.repository import REPOSITORY

from headroom_beam import errors
from headroom_beam.crush import memory
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.measure import KINDS
from headroom_beam.files.estimate import SAMPLE_BYTES, estimate_files
from headroom_beam.files.found_formats import find_formats
from headroom_beam.files.record_report import MOST_LINES
from headroom_beam.files.sample import plan_sample
from headroom_beam.files.shards import find_sources
from headroom_beam.files.summary import summarize
from headroom_beam.serve import app as server

TEXT = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
METRICS_MODULE = "headroom_beam.transforms.metrics"
SOURCES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
    for folder in ("pipelines", "headroom_beam")
    for path in (REPOSITORY / folder).rglob("*.py")
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
    batch = crush_batch(records, options_for(SmartCrusherConfig(max_depth=8, max_record_bytes=1024), "json"))
    # No known input causes a failure of the last kind.
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
    assert {"max_record_bytes", "max_depth", "max_columns", "max_tokens", "max_record_tokens"} == set(found)
    assert f"bodies of up to {server.MAX_BODY_BYTES >> 10} KiB" in section("Limits")


def test_every_field_of_the_summary_is_explained() -> None:
    assert names_in(section("Run summary")) >= set(summarize([]))


def metrics_of(source: str) -> set[str]:
    """Returns patterns for the names of all metrics that a module counts or observes.

    A part of a name that is known only at run time is in capitals, as in the document.
    """
    nodes = list(ast.walk(ast.parse(source)))
    functions = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == METRICS_MODULE
        for alias in node.names
        if alias.name in ("count", "observe")
    }
    loops = [node for node in nodes if isinstance(node, ast.For)]
    patterns = set()
    for call in nodes:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in functions:
            around = {ast.unparse(loop.target): loop.iter for loop in loops if call in ast.walk(loop)}
            patterns |= _patterns(call.args[0], around)
    return patterns


def _patterns(name: ast.expr, loops: dict[str, ast.expr]) -> set[str]:
    if isinstance(name, ast.Constant):
        return {re.escape(name.value)}
    if isinstance(name, ast.IfExp):
        return _patterns(name.body, loops) | _patterns(name.orelse, loops)
    if isinstance(name, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else None for part in name.values)
        return {"".join("[A-Z]+" if part is None else re.escape(part) for part in parts)}
    if isinstance(name, ast.Name) and isinstance(loops.get(name.id), ast.Tuple):
        return set().union(*(_patterns(one, loops) for one in loops[name.id].elts))
    raise AssertionError(f"line {name.lineno}: the name of this metric can't be read off the source")


def unlisted(source: str) -> set[str]:
    """Returns the metrics of a module that the document doesn't list."""
    listed = names_in(section("Metrics"))
    return {
        pattern for pattern in metrics_of(source) if not any(re.fullmatch(pattern, name) for name in listed)
    }


def test_every_metric_is_listed() -> None:
    assert {name for source in SOURCES.values() for name in unlisted(source)} == set()


def test_every_listed_metric_is_counted() -> None:
    patterns = {pattern for source in SOURCES.values() for pattern in metrics_of(source)}
    counters = re.findall(r"^\|(.*?)\|", section("Metrics"), re.MULTILINE)
    distributions = section("Metrics").partition("The distributions are")[2].partition(".")[0]
    listed = names_in("".join(counters) + distributions) - {"CrushFiles", "CrushRecords"}
    assert {"records", "packs", "shard_ms", "restored_files", "failures_KIND", "lookups_join"} <= listed
    assert {name for name in listed if not any(re.fullmatch(pattern, name) for pattern in patterns)} == set()


def test_every_metric_goes_through_the_module_of_metrics() -> None:
    counting = {name for name, source in SOURCES.items() if re.search(r"\bMetrics\.\w+\(", source)}
    assert counting == {f"{METRICS_MODULE.replace('.', '/')}.py"}


def test_a_metric_that_is_not_listed_is_found() -> None:
    source = f"""
from {METRICS_MODULE} import count, observe as note
def work(kind, found):
    count("records", 7)
    count("new_a")
    note(
        "new_b", 1)
    count(f"new_{{kind}}")
    count("new_c" if found else "packs")
    for name in ("originals", "new_d"):
        count(name)
    for name in found:
        text.append(name)
    text.count("no_metric")
"""
    assert unlisted(source) == {"new_a", "new_b", "new_[A-Z]+", "new_c", "new_d"}
    with pytest.raises(AssertionError, match="line 4"):
        metrics_of(f"from {METRICS_MODULE} import count\n\n\ncount(name)")


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


def test_every_field_of_what_is_found_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"role": "tool", "content": "a result"}\n')
    found = find_formats([str(tmp_path)])
    (file,) = found["files"]
    text = section("What is in this file?")
    assert names_in(text) >= {*found, *file, *file["paths"][0]}
    assert f"sample of {SAMPLE_BYTES >> 20} MB" in text.replace("\n", " ")
