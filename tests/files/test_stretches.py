"""Compacted parts, taken apart: stretches join to the part, and list the markers that restoring needs."""

import pytest

from headroom_beam import _core
from headroom_beam.errors import FormatError
from headroom_beam.files.blocks import chunks_of, cut_blocks
from headroom_beam.files.stretches import element_stretches, line_stretches
from headroom_beam.restore.found_originals import NO_ORIGINALS

HASHES = [f"{number:024x}" for number in range(3)]
RAW = [f"<<ccr:{hash_},raw,8.0MB>>" for hash_ in HASHES]


def test_a_line_in_pieces_is_a_stretch_of_its_own() -> None:
    data = f'{{"a": 1}}\n"{RAW[0]}{RAW[1]}"\n"{RAW[2]}"\n'.encode()
    stretches = list(line_stretches(cut_blocks(chunks_of([data]))))
    assert b"".join(stretch.data for stretch in stretches) == data
    assert [(stretch.in_pieces, list(stretch.hashes)) for stretch in stretches] == [
        (False, []),
        (True, HASHES[:2]),
        (False, HASHES[2:]),
    ]


def elements(text: str, tail: str = "", **options: bool) -> list[tuple[bytes, list[str], bool]]:
    opened = [at for at, letter in enumerate(text) if letter == "["][:1]
    data = (text + tail).encode()
    chunks = (data[at : at + 7] for at in range(0, len(data), 7))
    stretches = list(element_stretches(chunks, opened, len(text) if tail else None, 1 << 20, **options))
    assert b"".join(stretch.data for stretch in stretches) == data
    return [(stretch.data, list(stretch.hashes), stretch.in_pieces) for stretch in stretches]


def test_an_element_in_pieces_is_a_stretch_of_its_own() -> None:
    pieces = f'"{RAW[0]}{RAW[1]}"'
    found = elements(f'[1, {pieces}, "{RAW[2]}", 2]')
    assert found == [
        (b"[1, ", [], False),
        (pieces.encode(), HASHES[:2], True),
        (f', "{RAW[2]}", 2]'.encode(), HASHES[2:], False),
    ]
    literal = f'"<<ccr:lit>>{RAW[0]}"'
    assert [hashes for _, hashes, _ in elements(f"[1, {literal}, 2]")] == [[], [], []]


def test_a_tail_of_markers_stands_for_the_rest_wherever_chunks_end() -> None:
    for text in ("[1, ", '[{"a": 1}', "[1, 2]\n", ""):
        found = elements(text, f'"{RAW[0]}{RAW[1]}"')
        assert found[-1] == (f'"{RAW[0]}{RAW[1]}"'.encode(), HASHES[:2], True)
        assert len(found) == 1 + bool(text)


def test_an_element_of_an_unknown_form_lists_no_markers_or_is_an_error() -> None:
    text = f'["<<ccr:unknown {HASHES[0]}>>", "{RAW[1]}"]'
    assert [hashes for _, hashes, _ in elements(text)] == [[HASHES[1]]]
    with pytest.raises(FormatError):
        elements(text, skip_broken=False)


def test_elements_restore_with_what_stands_between_them() -> None:
    cutter = _core.JsonCutter.at([0], 1 << 20)
    cuts = [*cutter.push(b'[1, "<<ccr:lit>><<ccr:x", {"k" :2} ]'), *cutter.finish()]
    restored = b""
    for cut in cuts:
        assert isinstance(cut, _core.CutBlock)
        restored += _core.restore_elements(cut, NO_ORIGINALS).restored
    assert restored == b'[1, "<<ccr:x", {"k" :2} ]'
