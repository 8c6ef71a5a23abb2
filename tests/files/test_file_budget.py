"""A budget for a whole file: its older and larger payloads give way, however it is stored and read."""

import dataclasses
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.generators import compress
from helpers.oracles import tree

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.errors import StoreError
from headroom_beam.files.blocks import Block, Chunk
from headroom_beam.files.file_budget import budget_note, measure_file, rereadable
from headroom_beam.files.find_record import parse_place
from headroom_beam.files.manifest import Manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.record_view import view_record
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards

BUDGET = 3000


def log(word: str, lines: int) -> str:
    return "\n".join(f"{word}{at} step {at * 7919 % 1009} is done" for at in range(lines))


MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "What happened?"},
    {"role": "tool", "tool_call_id": "1", "content": log("a", 120)},
    {"role": "tool", "tool_call_id": "2", "content": log("b", 10)},
    {"role": "assistant", "content": "More, please."},
    {"role": "tool", "tool_call_id": "3", "content": log("c", 240)},
    {"role": "tool", "tool_call_id": "4", "content": log("d", 100)},
]
LINES = b"".join(json.dumps(message).encode() + b"\n" for message in MESSAGES)
WHOLE = [_core.count_tokens(message["content"]) for message in MESSAGES if message["role"] == "tool"]


def with_budget(settings: RunSettings, **changes: Any) -> RunSettings:
    config = SmartCrusherConfig(**changes.pop("config", {}))
    changes = {"trace_format": "openai", "max_file_tokens": BUDGET, "explain": True, **changes}
    return dataclasses.replace(settings, config=config, **changes)


def contents(folder: Path) -> dict[str, bytes]:
    found = tree(folder)
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in found.items()}


def run(folder: Path, settings: RunSettings) -> Manifest:
    """Crushes a folder, restores it and compares."""
    manifest = run_shards([str(folder)], settings)
    restored = folder.parent / "restored"
    _, unresolved = restore_run(settings.output, settings.originals, str(restored))
    assert not unresolved
    assert contents(restored) == contents(folder)
    return manifest


def payload_tokens(messages: list[dict[str, Any]]) -> list[int]:
    return [_core.count_tokens(message["content"]) for message in messages if message["role"] == "tool"]


def of_lines(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def in_lines(folder: Path) -> Callable[[Path], list[dict[str, Any]]]:
    (folder / "a.jsonl").write_bytes(LINES)
    return lambda out: of_lines((out / "a.jsonl").read_bytes())


def in_compressed_lines(folder: Path) -> Callable[[Path], list[dict[str, Any]]]:
    (folder / "a.jsonl.gz").write_bytes(compress(LINES, ".gz"))
    return lambda out: of_lines(gzip.decompress((out / "a.jsonl.gz").read_bytes()))


def in_values(folder: Path) -> Callable[[Path], list[dict[str, Any]]]:
    texts = [json.dumps(message, indent=1) for message in MESSAGES]
    (folder / "a.json").write_text("\n".join(texts))

    def read(out: Path) -> list[dict[str, Any]]:
        decoder, text = json.JSONDecoder(), (out / "a.json").read_text()
        found: list[dict[str, Any]] = []
        while text:
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:].lstrip()
        return found

    return read


def in_a_zip(folder: Path) -> Callable[[Path], list[dict[str, Any]]]:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("b/a.jsonl", LINES)

    def read(out: Path) -> list[dict[str, Any]]:
        with zipfile.ZipFile(out / "a.zip") as archive:
            return of_lines(archive.read("b/a.jsonl"))

    return read


def in_a_tar(folder: Path) -> Callable[[Path], list[dict[str, Any]]]:
    with tarfile.open(folder / "a.tar", "w") as archive:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(LINES)
        archive.addfile(member, io.BytesIO(LINES))

    def read(out: Path) -> list[dict[str, Any]]:
        with tarfile.open(out / "a.tar") as archive:
            (member,) = archive.getmembers()
            file = archive.extractfile(member)
            assert file is not None
            return of_lines(file.read())

    return read


@pytest.mark.parametrize("store", [in_lines, in_compressed_lines, in_values, in_a_zip, in_a_tar])
def test_older_and_larger_payloads_give_way_however_the_file_is_stored(
    tmp_path: Path, settings: RunSettings, store: Callable[[Path], Callable[[Path], list[dict[str, Any]]]]
) -> None:
    (tmp_path / "in").mkdir()
    read = store(tmp_path / "in")
    run(tmp_path / "in", with_budget(settings))
    tokens = payload_tokens(read(tmp_path / "out"))
    assert sum(tokens) <= BUDGET < sum(WHOLE)
    assert (tokens[1], tokens[3]) == (WHOLE[1], WHOLE[3])
    assert tokens[0] < WHOLE[0]
    assert tokens[0] < tokens[2] < WHOLE[2]
    (explained,) = (tmp_path / "out" / "_explanations").iterdir()
    rows = [row for row in of_lines(explained.read_bytes()) if row["recognised_by"] != "nothing"]
    assert [bool(row["share"]) for row in rows] == [True, False, True, False]
    assert rows[0]["explanation"].endswith(f"share {rows[0]['share']} of the file's budget")


def test_a_file_is_not_divided_and_small_shards_change_nothing(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / "in" / name).write_bytes(LINES)
    settings = with_budget(settings, explain=False)
    one = run(tmp_path / "in", settings)
    others = {"output": str(tmp_path / "out2"), "originals": str(tmp_path / "originals2")}
    many = run_shards([str(tmp_path / "in")], dataclasses.replace(settings, shard_bytes=100, **others))
    assert [part.part for part in many.parts] == [part.part for part in one.parts] == ["a.jsonl", "b.jsonl"]
    assert [part.compacted_digest for part in many.parts] == [part.compacted_digest for part in one.parts]


def test_elements_of_a_text_that_is_too_long_share_the_budget(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps({"messages": MESSAGES}, indent=2))
    run(tmp_path / "in", with_budget(settings, config={"max_record_bytes": 9000}))
    out = json.loads((tmp_path / "out" / "a.json").read_bytes())
    tokens = payload_tokens(out["messages"])
    assert sum(tokens) <= BUDGET
    assert (tokens[1], tokens[3]) == (WHOLE[1], WHOLE[3])


def test_a_budget_that_excerpts_exceed_is_noted(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "in").mkdir()
    read = in_lines(tmp_path / "in")
    manifest = run(tmp_path / "in", with_budget(settings, max_file_tokens=300))
    excess = sum(payload_tokens(read(tmp_path / "out"))) - 300
    assert excess > 0
    (part,) = manifest.parts
    assert (
        part.note == f"its payloads exceed max_file_tokens by {excess} tokens, since each keeps its excerpt"
    )


def test_a_file_within_its_budget_is_what_it_is_without_one(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "in").mkdir()
    in_lines(tmp_path / "in")
    within = run(tmp_path / "in", with_budget(settings, max_file_tokens=100_000))
    others = {"output": str(tmp_path / "out2"), "originals": str(tmp_path / "originals2")}
    without = run_shards([str(tmp_path / "in")], with_budget(settings, max_file_tokens=0, **others))
    assert [part.compacted_digest for part in within.parts] == [
        part.compacted_digest for part in without.parts
    ]


def test_a_record_that_gave_way_to_its_file_is_not_explained_alone(
    tmp_path: Path, settings: RunSettings
) -> None:
    (tmp_path / "in").mkdir()
    in_lines(tmp_path / "in")
    run(tmp_path / "in", with_budget(settings))
    with pytest.raises(StoreError, match="max_file_tokens"):
        view_record(settings.output, parse_place("a.jsonl:2"))
    assert view_record(settings.output, parse_place("a.jsonl:3")).payloads


@pytest.mark.parametrize("tokens", [-1, 31, 1 << 32])
def test_a_budget_out_of_its_range_is_refused(settings: RunSettings, tokens: int) -> None:
    with pytest.raises(ValueError, match="max_file_tokens"):
        dataclasses.replace(settings, max_file_tokens=tokens)
    if tokens > 0:
        with pytest.raises(ValueError, match="max_tokens"):
            _core.FileBudget(options_for(SmartCrusherConfig()), tokens)


def test_a_file_is_measured_in_blocks_of_any_size() -> None:
    options = options_for(SmartCrusherConfig(), "openai")
    lines = LINES.splitlines(keepends=True)
    outputs = []
    for blocks in ([LINES], lines):
        read = [Block(0, block) for block in blocks]
        budget = measure_file(lambda read=read: read, options, BUDGET)
        crushed = [_core.crush_block(block.data, options, None, budget).lines() for block in read]
        outputs.append(b"".join(crushed))
        assert (budget.excess, budget.is_too_long, budget_note(budget)) == (0, False, "")
    assert outputs[0] == outputs[1]
    assert sum(payload_tokens(of_lines(outputs[0]))) <= BUDGET


def test_content_that_is_read_once_can_be_read_again_from_disk() -> None:
    data = b"0123456789" * (1 << 20)
    read = rereadable(Chunk(7 + at, data[at : at + 99_999]) for at in range(0, len(data), 99_999))
    for _ in range(2):
        chunks = list(read())
        assert b"".join(chunk.data for chunk in chunks) == data
        assert chunks[1].offset == 7 + len(chunks[0].data)
