"""The line of a record is where people count it, and is told only for the first record on it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.blocks import Chunk
from headroom_beam.files.reading import read_items
from headroom_beam.files.record_lines import RecordLines


@given(
    st.lists(st.sampled_from(["{}", '{"a":\n1}', "[1,\n\n2]", '"x"']), min_size=1, max_size=30),
    st.lists(st.sampled_from(["", " ", "\n", "\n\n "]), min_size=30, max_size=30),
    st.integers(1, 20),
)
def test_elements_have_the_line_on_which_they_are_the_first(
    values: list[str], gaps: list[str], block_bytes: int
) -> None:
    text = "[" + ",".join(gap + value for gap, value in zip(gaps, values, strict=False)) + "\n]"
    cutter = _core.JsonCutter(value_bytes=9, leaf_bytes=99, max_depth=1, block_bytes=block_bytes)
    lines = RecordLines()
    seen: set[int] = set()
    for cut in [*cutter.push(text.encode()), *cutter.finish()]:
        assert isinstance(cut, _core.CutBlock)
        for element in cut.elements():
            line = text.count("\n", 0, element.offset) + 1
            assert lines.line_of(cut, element.offset - cut.offset) == (None if line in seen else line)
            seen.add(line)
        lines.leave(cut)


@pytest.mark.parametrize("long", [b"x" * 300_000, b"x" * (9 << 20)])
def test_lines_are_counted_across_one_that_is_too_long(long: bytes) -> None:
    data = b"[1]\n\n" + json.dumps(long.decode()).encode() + b"\n[2]"
    lines, found = RecordLines(), []
    for item in read_items([Chunk(0, data)], "lines", SmartCrusherConfig(max_record_bytes=1000), []):
        if not hasattr(item, "end"):
            found.append(lines.line_of(item, 0))  # type: ignore[arg-type]
        lines.leave(item)
    assert found == [1, 4]
