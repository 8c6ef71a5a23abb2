"""Documents, cut: any text joins again, and a long one takes little memory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.effort import LONG, tries
from helpers.generators import record
from helpers.mixed import document
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.blocks import Chunk, chunks_of
from headroom_beam.files.content import MAX_OPENED, Content, cut_document

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=30,
)


@hypothesis_settings(max_examples=tries(100, 20_000))
@given(
    values=st.lists(VALUES, min_size=1, max_size=3),
    indent=st.none() | st.integers(0, 3),
    limit=st.integers(64, 2000),
    size=st.integers(1, 500),
    damage=st.none() | st.integers(0, 500),
)
def test_cuts_of_any_text_join_to_it(
    values: list[object], indent: int | None, limit: int, size: int, damage: int | None
) -> None:
    text = "\n".join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values).encode(
        errors="replace"
    )
    text = text if damage is None else text[:damage]
    notes: list[str] = []
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    cuts = list(cut_document(chunks_of(chunks), SmartCrusherConfig(max_record_bytes=limit), notes))
    assert b"".join(cut.data for cut in cuts) == text
    at = 0
    for cut in cuts:
        assert cut.offset == at
        at += len(cut.data)
    if damage is None:
        assert notes == []


def test_a_text_within_the_limits_is_one_value() -> None:
    notes: list[str] = []
    (block,) = cut_document([Chunk(0, document(1))], SmartCrusherConfig(), notes)
    assert isinstance(block, _core.CutBlock)
    assert _core.crush_elements(block, _core.Options()).record_count == 1
    assert notes == []


def test_deep_texts_are_opened_so_far_and_no_further() -> None:
    notes: list[str] = []
    text = b"[" * 500 + b"1" * 100 + b"]" * 500
    cuts = list(cut_document([Chunk(0, text)], SmartCrusherConfig(max_record_bytes=1024), notes))
    assert [type(cut) for cut in cuts] == [_core.CutBlock]
    text = b"[" * 5000 + b"]" * 5000
    block, piece = cut_document([Chunk(0, text)], SmartCrusherConfig(max_record_bytes=1024), notes)
    assert isinstance(piece, _core.CutPiece)
    assert (len(block.data), piece.kind) == (MAX_OPENED, "too_deep")
    assert len(notes) == 1


def test_content_counts_what_passes() -> None:
    class Kept(Content):
        def put(self, compacted: bytes) -> None:
            passed.append(compacted)

    passed: list[bytes] = []
    content = Kept("source", "part")
    content.write(b"ab", source=b"abcd", offset=7)
    content.write(b"c", source=b"", offset=0)
    assert (content.start, content.source_bytes, content.size_bytes, passed) == (7, 4, 3, [b"ab", b"c"])
    with pytest.raises(NotImplementedError):
        Content("source", "part").write(b"", source=b"", offset=0)


MEASURE = """
import sys
from pathlib import Path
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.files.run import run_shards
folder = Path(sys.argv[1])
paths = [".messages[*]{role=tool}.content"]
settings = RunSettings(str(folder / "out"), str(folder / "originals"), paths)
manifest = run_shards([str(folder / "long.json")], settings)
assert manifest.parts[0].framing == "elements" and not manifest.summary["failures"]
_, unresolved = restore_run(settings.output, settings.originals, str(folder / "restored"))
assert unresolved == []
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""


def messages(size_bytes: int) -> Iterator[bytes]:
    size, number = 0, 0
    texts = [
        json.dumps({"role": "tool", "content": record(number).decode()}, indent=1).encode()
        for number in range(500)
    ]
    while size < size_bytes:
        yield texts[number % 500]
        size += len(texts[number % 500])
        number += 1


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the memory of a process is Linux's to tell"
)
def test_a_large_text_takes_little_memory_and_comes_back(tmp_path: Path) -> None:
    size_bytes = 2 << 30 if LONG else 40 << 20
    with (tmp_path / "long.json").open("wb") as file:
        file.write(b'{"id": 1,\n"messages": [\n')
        for number, message in enumerate(messages(size_bytes)):
            file.write(b",\n" + message if number else message)
        file.write(b'\n], "end": true}\n')
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path], check=True, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert int(done.stdout) * 1024 < 1 << 30
    assert subprocess.run(["cmp", tmp_path / "long.json", tmp_path / "restored/long.json"]).returncode == 0
