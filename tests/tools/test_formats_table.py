"""The tables of `docs/formats.md` are those of the samples and of the list of formats."""

import importlib
import json
import sys
from pathlib import Path

import pytest
from helpers.repository import REPOSITORY

from headroom_beam.crush.trace_formats import TRACE_FORMATS

DOCUMENT = REPOSITORY / "docs" / "formats.md"


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "tools"))
    monkeypatch.delitem(sys.modules, "formats_table", raising=False)
    return importlib.import_module("formats_table")


def test_the_document_is_up_to_date(table):
    document = DOCUMENT.read_text(encoding="utf-8")
    assert table.with_parts(document) == document, "run: make formats"


def test_every_format_with_paths_has_a_sample(table):
    found = {sample.format_name for sample in table.samples()}
    assert found == {name for name, one in TRACE_FORMATS.items() if one.paths}


def test_a_file_without_a_format_and_a_format_without_a_file_are_errors(table, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "FOLDERS", (tmp_path,))
    (tmp_path / "codex.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="without a sample: anthropic, atif"):
        table.samples()
    (tmp_path / "codexx.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"codexx\.jsonl begins with the name of no trace format"):
        table.samples()


def test_a_sample_is_measured(table, tmp_path: Path):
    rows = json.dumps([{"id": number, "state": "sent"} for number in range(60)])
    message = {"role": "tool", "tool_call_id": "c1", "content": rows}
    (tmp_path / "openai.json").write_text(json.dumps({"messages": [message, message]}, indent=1))
    found = table.measure(tmp_path / "openai.json", "openai")
    assert (found.kind, found.results, found.paths) == ("JSON", 2, 1)
    assert found.copied == 0.5
    assert 0.5 < found.saved_without_loss < 1
    assert found.share > 0.9


def test_a_document_without_a_place_is_an_error(table):
    with pytest.raises(ValueError, match="0 places for the part formats"):
        table.with_parts("# Formats\n")
