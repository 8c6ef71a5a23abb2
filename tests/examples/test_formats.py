"""Each sample of a trace format is crushed wherever a result stands in it, and comes back byte for byte."""

import hashlib
import importlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from helpers.json_values import values_as_lines
from helpers.repository import EXAMPLES

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards

RECORDED = EXAMPLES / "sessions" / "recorded"
FORMATS = EXAMPLES / "formats"
SAMPLES = [path for folder in (RECORDED, FORMATS) for path in sorted(folder.iterdir()) if path.is_file()]
SAMPLES = [path for path in SAMPLES if path.suffix != ".md"]

NOT_FOUND = {
    # Attachments hold prompts too, and only a reference elsewhere says what each is.
    "inspect.json": {".samples[*].attachments.": 1},
}
"""The copies that `docs/formats.md` names as not found: the beginning of their place, and how often."""


def format_of(path: Path) -> str:
    """Returns the format of a sample: its name up to the first dot."""
    return path.name.partition(".")[0]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_comes_back_byte_for_byte(path: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(path, tmp_path / "in")
    settings = RunSettings(
        output=str(tmp_path / "out"),
        originals=str(tmp_path / "originals"),
        trace_format=format_of(path),
        config=SmartCrusherConfig(max_tokens=64),
    )
    manifest = run_shards([str(tmp_path / "in")], settings)
    assert manifest.summary["failures"] == {}
    assert manifest.summary["unproved"] == 0
    assert sum(row["tokens_after"] for row in manifest.summary["tools"]) < sum(
        row["tokens_before"] for row in manifest.summary["tools"]
    )
    _, unresolved = restore_run(settings.output, settings.originals, str(tmp_path / "restored"))
    assert unresolved == []
    (restored,) = (tmp_path / "restored").rglob(path.name)
    assert hashlib.sha256(restored.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_auto_makes_of_a_sample_what_its_format_makes(path: Path) -> None:
    block = values_as_lines(path.read_text(encoding="utf-8"))
    config = SmartCrusherConfig(max_tokens=64)
    named, auto = (
        _core.crush_block(block, options_for(config, name)).records() for name in (format_of(path), "auto")
    )
    assert auto.column("record").to_pylist() == named.column("record").to_pylist()
    assert sum(len(payloads) for payloads in named.column("payloads").to_pylist()) >= 2


@pytest.mark.parametrize(
    "path", [path for path in SAMPLES if path.parent == FORMATS], ids=lambda path: path.name
)
def test_every_copy_of_a_result_is_found(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / "sessions"))
    monkeypatch.syspath_prepend(str(FORMATS / "recorders"))
    places, project, shop = (importlib.import_module(name) for name in ("places", "project", "shop"))
    outputs = []
    for rows in (4, 5, 6, 8, 10):
        project.make_project(tmp_path / str(rows), rows=rows)
        outputs += places.outputs_of(shop.SCRIPT, tmp_path / str(rows))
    block = values_as_lines(path.read_text(encoding="utf-8"))
    before = places.places_in([json.loads(line) for line in block.splitlines()], outputs)
    assert sum(before.values()) >= 2
    # So few tokens, and no excerpt: of a result that is found, nothing that is looked for stays.
    config = SmartCrusherConfig(max_tokens=32, min_tokens_to_crush=0, excerpt_tokens=0, blob_min_bytes=128)
    records = _core.crush_block(block, options_for(config, format_of(path))).records().column("record")
    left: Counter[str] = Counter()
    for place, count in places.places_in([json.loads(one) for one in records.to_pylist()], outputs).items():
        known = (begin for begin in NOT_FOUND.get(path.name, ()) if place.path.startswith(begin))
        left[next(known, place.path)] += count
    assert dict(left) == NOT_FOUND.get(path.name, {})


@pytest.mark.parametrize("trace_format", ["openinference", "auto"])
@pytest.mark.parametrize("lost", ["", "input.value"])
def test_spans_are_crushed_alike_as_objects_and_as_pairs(trace_format: str, lost: str) -> None:
    lines = (FORMATS / "openinference.spans.jsonl").read_text(encoding="utf-8").splitlines()
    attributes = [
        {key: value for key, value in json.loads(line)["attributes"].items() if key != lost} for line in lines
    ]
    objects = [{"name": "a span", "attributes": one} for one in attributes]
    pairs = [
        [
            {"key": key, "value": {"stringValue": value}}
            for key, value in one.items()
            if isinstance(value, str)
        ]
        for one in attributes
    ]
    spans = [{"name": "a span", "attributes": one} for one in pairs]
    otlp = [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]} for span in spans]
    options = options_for(SmartCrusherConfig(max_tokens=64), trace_format)
    of_objects, of_pairs = (
        _core.crush_block(b"\n".join(json.dumps(one).encode() for one in records), options).records()
        for records in (objects, otlp)
    )
    changed = 0
    rows = zip(
        attributes, *(rows.column("record").to_pylist() for rows in (of_objects, of_pairs)), strict=True
    )
    for before, span, record in rows:
        after = json.loads(span)["attributes"]
        ((scope,),) = [one["scopeSpans"] for one in json.loads(record)["resourceSpans"]]
        for pair in scope["spans"][0]["attributes"]:
            assert pair["value"]["stringValue"] == after[pair["key"]], pair["key"]
        changed += sum(after[key] != value for key, value in before.items())
        tools = [key for key, value in before.items() if key.endswith(".role") and value == "tool"]
        assert all(after[f"{key[:-4]}content"] != before[f"{key[:-4]}content"] for key in tools)
    # Two results in the span of a tool, three copies spread over members, and two inputs with copies.
    assert changed == (5 if lost else 7)
    assert of_pairs.column("payloads").to_pylist()[4][-1]["tool"] == "bash"


TOOLS = {
    "claude-code": "Bash",
    "cline": "run_commands",
    "codex": "exec_command",
    "cursor": "run_terminal_cmd",
    "gemini-cli": "run_shell_command",
    "goose": "developer__shell",
    "openhands": "terminal",
    "qwen-code": "run_shell_command",
    "zed": "terminal",
}
"""The tool of a sample's results, where it isn't `bash`."""


def tools_found(path: Path, block: bytes) -> Counter[str]:
    """Counts the payloads of a sample by the names of their tools."""
    options = options_for(SmartCrusherConfig(), format_of(path))
    rows = _core.crush_block(block, options, _core.CallTable()).records()
    return Counter(
        payload["tool"] for payloads in rows.column("payloads").to_pylist() for payload in payloads
    )


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_result_has_the_name_of_its_tool(path: Path) -> None:
    tools = set(tools_found(path, values_as_lines(path.read_text(encoding="utf-8"))))
    # A resource of MCP is no tool's.
    expected = {"bash", "orders", ""} if path.name == "mcp.jsonl" else {TOOLS.get(format_of(path), "bash")}
    assert tools == expected


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_no_copy_of_what_was_looked_up_is_crushed(path: Path) -> None:
    text = values_as_lines(path.read_text(encoding="utf-8"))
    for tool in {TOOLS.get(format_of(path), "bash"), "orders"}:
        text = re.sub(rb'(\"|")%s(\\*")' % tool.encode(), rb"\1mcp__h__headroom_retrieve\2", text)
    left = {"": 1} if path.name == "mcp.jsonl" else {}
    assert dict(tools_found(path, text)) == left
