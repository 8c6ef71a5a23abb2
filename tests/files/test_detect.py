"""What a file is: told by its first bytes, whatever it is called, and the same for any size of reads."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from helpers.generators import AWKWARD, lines_of, record
from helpers.mixed import document, packed_tar, packed_zip, parquet

from headroom_beam.errors import StoreError
from headroom_beam.files.blocks import Chunk, chunks_of
from headroom_beam.files.detect import DOCUMENT_BYTES, detect_all, detect_chunks, detected
from headroom_beam.files.shards import find_sources
from headroom_beam.files.sources import LeftOut, Source
from headroom_beam.objects.open import open_objects

LONG_LINE = json.dumps({"text": "x" * 200_000}).encode()


def look(root: str, name: str, data: bytes, *, named: bool = False) -> Source:
    objects = open_objects(root)
    objects.put_if_absent(name, data)
    info = objects.info(name)
    assert info is not None
    return detected(objects, Source(objects.root, name, info.size_bytes, info.version, named=named))


@pytest.mark.parametrize(
    ("data", "framing"),
    [
        (lines_of(2), "lines"),
        (AWKWARD, "lines"),
        (b"started\n" + lines_of(2), "lines"),
        (b"\xef\xbb\xbf" + lines_of(1), "lines"),
        (LONG_LINE + b"\n" + LONG_LINE, "lines"),
        (b" \n", "lines"),
        (document(1), "document"),
        (b"\xef\xbb\xbf\n" + document(1), "document"),
        (document(1) + document(2), "document"),
        (b'{"a":1}{"a":2}', "document"),
        (LONG_LINE, "lines"),
        (LONG_LINE[:-3], "document"),
        (b"{\n" + LONG_LINE[1:], "document"),
        (packed_tar({"a": b"x"}), "tar"),
        (packed_zip({"a": b"x"}), "zip"),
        (packed_zip({}), "zip"),
        (b"", "copied"),
        (b"Once upon a time\n", "copied"),
        (b"[section]\nkey = 1\n", "copied"),
        (b"1\n2\n", "copied"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100_000), "copied"),
    ],
)
@pytest.mark.parametrize("name", ["a.json", "a.log", "a"])
def test_the_first_bytes_tell_what_a_file_is(tmp_path: Path, name: str, data: bytes, framing: str) -> None:
    assert look(str(tmp_path), name, data).framing == framing


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b'{\n  "loss": NaN,\n  "id": 1234567\n}\n', "it isn't JSON: expected a value at line 2 column 11"),
        (b"\xef\xbb\xbf[info] one\n", "it isn't JSON: expected a value at line 1 column 2"),
        (b"Once upon a time\n", "it isn't JSON"),
    ],
)
def test_a_copied_file_says_where_it_stops_being_json(tmp_path: Path, data: bytes, note: str) -> None:
    """Inspect AI writes NaN for a score that isn't a number (findings/inspect_nan.sh)."""
    found = look(str(tmp_path), "log.json", data)
    assert (found.framing, found.note) == ("copied", note)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl.gz", "a"])
@pytest.mark.parametrize(
    ("data", "framing"), [(lines_of(3), "lines"), (document(1), "document"), (LONG_LINE + b"\n", "lines")]
)
def test_the_codec_is_told_by_its_bytes_in_a_bucket_too(
    root: str, name: str, data: bytes, framing: str
) -> None:
    source = look(root, name, zstandard.compress(data))
    assert (source.codec, source.framing) == ("zstd", framing)
    source = look(root, f"other/{name}", gzip.compress(data))
    assert (source.codec, source.framing) == ("gzip", framing)
    source = look(root, f"tar/{name}", gzip.compress(packed_tar({"a": data})))
    assert (source.codec, source.framing) == ("gzip", "tar")
    assert look(root, f"plain/{name}", data).codec == "plain"


@pytest.mark.parametrize("data", [b"not JSON\n", b'{"cut": ', LONG_LINE, b"1\n2\n", b"", b"\n"])
@pytest.mark.parametrize("named", [True, False])
def test_a_name_that_promises_lines_is_never_taken_for_anything_but_json(
    tmp_path: Path, data: bytes, named: bool
) -> None:
    assert look(str(tmp_path), "a.jsonl", data, named=named).framing == "lines"
    assert look(str(tmp_path), "b.jsonl", document(1), named=named).framing == "document"


def test_a_named_file_keeps_its_codec_and_one_in_a_folder_is_what_it_is(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert look(root, "a.jsonl.gz", record(1), named=True).codec == "gzip"
    assert look(root, "b.jsonl.gz", record(1)).codec == "plain"
    assert look(root, "c.jsonl.gz", b"", named=True).codec == "gzip"
    damaged = look(root, "d.gz", b"\x1f\x8b damaged")
    assert (damaged.framing, damaged.note) == ("copied", "it is no whole gzip file")
    assert look(root, "e.gz", b"\x1f\x8b damaged", named=True).framing == "lines"


def test_a_first_line_beyond_the_limit_makes_a_document(tmp_path: Path) -> None:
    line = b'{"text": "' + b"x" * (DOCUMENT_BYTES + 10) + b'"}\n'
    assert look(str(tmp_path), "a.log", line + line).framing == "document"
    # A bomb is read as far as that and no further.
    bomb = zstandard.compress(b'{"text": "' + b"x" * (40 * DOCUMENT_BYTES))
    assert look(str(tmp_path), "b.log", bomb).framing == "document"


def test_files_that_cannot_be_read_are_left_out_unless_they_were_named(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(record(1))
    sources = find_sources([str(tmp_path)])
    (tmp_path / "b.json").unlink()
    left_out: list[LeftOut] = []
    assert [source.name for source in detect_all(sources, left_out)] == ["a.json"]
    assert left_out == [LeftOut("b.json", "it can't be read")]
    with pytest.raises(StoreError, match=r"b\.json"):
        detect_all([source._replace(named=True) for source in sources], left_out)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("name", "data", "framing"),
    [
        ("a", lines_of(3), "lines"),
        ("a", document(1), "document"),
        ("a", LONG_LINE + b"\n", "lines"),
        ("a", LONG_LINE, "lines"),
        ("a", LONG_LINE[:-3], "document"),
        ("a.jsonl", LONG_LINE, "lines"),
        ("a.jsonl", b"text", "lines"),
        ("a", b"text", "copied"),
        ("a", b"", "lines"),
    ],
)
def test_members_are_told_from_their_chunks_which_come_again(
    name: str, data: bytes, framing: str, size: int
) -> None:
    if len(data) > 100_000 and size < 100:
        size = 50_000

    def chunks() -> Iterator[Chunk]:
        file = io.BytesIO(data)
        return chunks_of(iter(lambda: file.read(size), b""))

    found, again = detect_chunks(name, chunks())
    assert found == framing
    assert list(again) == list(chunks())


@pytest.mark.parametrize("named", [True, False])
def test_parquet_and_stores_are_told_by_their_first_bytes(tmp_path: Path, named: bool) -> None:
    root = str(tmp_path)
    assert look(root, "a.bin", parquet(1), named=named).framing == "parquet"
    encrypted = look(root, "b.parquet", b"PARE" + bytes(100), named=named)
    assert (encrypted.framing, encrypted.note) == ("copied", "it is encrypted")
    store = look(root, "c", b"SQLite format 3\0" + bytes(100), named=named)
    assert store.framing == "copied"
    assert "headroom-beam export" in store.note
    # What is compressed around it, or a member of an archive, isn't taken apart.
    assert look(root, "d.gz", gzip.compress(parquet(1)), named=named).framing == "copied"
    assert detect_chunks("e.parquet", iter([Chunk(0, parquet(1))]))[0] == "copied"
