"""Lines that are padded to their old length stay where they were in the file, and restore byte for byte."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
from helpers.generators import AWKWARD, compress, lines_of
from helpers.oracles import output_of, restored_digests

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import StoreError
from headroom_beam.files.check_parts import marker_hashes
from headroom_beam.files.codecs import SUFFIXES
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.objects.open import open_objects
from headroom_beam.store.check import Problem

# Blanks, tabs and carriage returns behind records, and records that get longer.
ODD = b'{"a": 1, "b": [1, 2]}  \n{"a": [broken   \r\nx \t \n[]\n\n  \n' + b'{"a":  "%s"}\t  \n' % (
    b"x" * 3000
)


def _crush(data: bytes, name: str, folder: Path, settings: RunSettings) -> RunSettings:
    (folder / name).write_bytes(data)
    settings = dataclasses.replace(settings, pad_lines=True)
    run_shards([str(folder / name)], settings)
    return settings


def _restored(settings: RunSettings, folder: Path) -> list[str]:
    return list(restored_digests(output_of(settings), Path(settings.originals), folder / "restored").values())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("data", [AWKWARD, ODD, lines_of(300)])
def test_padded_files_come_back(tmp_path: Path, settings: RunSettings, data: bytes, suffix: str) -> None:
    settings = _crush(compress(data, suffix), f"a{suffix}", tmp_path, settings)
    assert _restored(settings, tmp_path) == [hashlib.sha256(data).hexdigest()]


def test_each_line_is_at_least_as_long_as_it_was(tmp_path: Path, settings: RunSettings) -> None:
    data = lines_of(300) + ODD
    settings = _crush(data, "a.jsonl", tmp_path, settings)
    before = data.splitlines(keepends=True)
    after = (output_of(settings) / "a.jsonl").read_bytes().splitlines(keepends=True)
    assert len(before) == len(after)
    assert before != after
    longer = [new for old, new in zip(before, after, strict=True) if len(new) != len(old)]
    assert longer
    assert all(b",raw," in new for new in longer)


def test_lines_that_are_stored_in_pieces_are_padded(tmp_path: Path, settings: RunSettings) -> None:
    data = b'"' + b"x" * 5_000_000 + b'" \n{"a": 1}\n'
    settings = dataclasses.replace(settings, config=SmartCrusherConfig(max_record_bytes=1 << 20))
    settings = _crush(data, "a.jsonl", tmp_path, settings)
    assert (output_of(settings) / "a.jsonl").read_bytes().index(b"\n") == data.index(b"\n")
    assert _restored(settings, tmp_path) == [hashlib.sha256(data).hexdigest()]


def test_the_markers_of_padded_lines_are_listed(tmp_path: Path, settings: RunSettings) -> None:
    data = b'{"broken": ' + b"x" * 500 + b"\n"
    settings = _crush(data, "a.jsonl", tmp_path, settings)
    problems: list[Problem] = []
    hashes = list(marker_hashes(open_objects(settings.output), problems))
    assert (hashes, problems) == ([hashlib.sha256(data.rstrip()).hexdigest()[:24]], [])


def test_a_run_without_padding_isnt_resumed_with_it(tmp_path: Path, settings: RunSettings) -> None:
    run_shards([str(_file(tmp_path))], settings)
    with pytest.raises(StoreError, match="its pad_lines is False, this one's True"):
        run_shards([str(_file(tmp_path))], dataclasses.replace(settings, pad_lines=True))


def _file(folder: Path) -> Path:
    file = folder / "a.jsonl"
    file.write_bytes(b'{"a": 1}\n')
    return file
