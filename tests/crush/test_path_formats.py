"""Paths are named after the trace formats that have them, and formats that would find payloads are told."""

import functools
import json

import pytest

from headroom_beam import _core
from headroom_beam.crush.path_formats import PathFormats, matching_formats
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS, TraceFormat, named_formats

LOG = "a line of a log\n" * 40


def found_by(*records: object, **options: int) -> list[str]:
    lines = b"\n".join(json.dumps(record).encode() for record in records)
    return matching_formats(functools.partial(_core.crush_block, lines), **options)


def test_a_path_has_the_names_of_all_its_formats() -> None:
    formats = PathFormats([TraceFormat("a", (".x", ".y")), TraceFormat("b", (".y",))])
    assert [formats.names(path) for path in (".x", ".y", ".z")] == [["a"], ["a", "b"], []]


@pytest.mark.parametrize(
    ("path", "reason", "why"),
    [
        ("", "", "whole record"),
        (".y", "", "a/b"),
        (".z", "", "given path"),
        (".z", "its key says so", "by shape: its key says so"),
    ],
)
def test_a_payload_says_why_it_was_recognised(path: str, reason: str, why: str) -> None:
    formats = PathFormats([TraceFormat("a", (".x", ".y")), TraceFormat("b", (".y",))])
    assert formats.why_recognised(path, reason) == why


def test_files_of_some_formats_must_not_be_put_back() -> None:
    formats = PathFormats(named_formats(AUTO))
    (har, *_), (claude, *_) = TRACE_FORMATS["har"].paths, TRACE_FORMATS["claude-code"].paths
    assert formats.in_place([claude, har, ".other"]) == f"har: {TRACE_FORMATS['har'].in_place}"
    assert formats.in_place([claude, ".other"]) == ""


def test_formats_that_find_payloads_are_told_and_auto_stands_for_shapes() -> None:
    openai = {"role": "tool", "tool_call_id": "c1", "content": LOG}
    shaped = {"call_id": "c1", "tool": "ls", "result": LOG}
    assert found_by({"text": LOG}) == []
    assert found_by({"text": LOG}, openai) == ["openai"]
    assert found_by(shaped, openai) == ["openai", AUTO]
    assert found_by({"a": {"b": openai}}, max_depth=1) == []
