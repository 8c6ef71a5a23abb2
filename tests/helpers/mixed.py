"""Folders as people have them: JSON of every layout under every name, archives, and files without JSON."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import warnings
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from helpers.generators import AWKWARD, lines_of, record

from headroom_beam.files.codecs import codec_by_magic


def document(number: int, *, indent: int | None = 2, messages: int = 4) -> bytes:
    """Returns a conversation as one JSON text, whose messages hold what `record` holds."""
    turns = [{"role": "tool", "content": json.loads(record(number + at))} for at in range(messages)]
    text = json.dumps({"id": number, "messages": turns, "tags": ["a", None, 1.50]}, indent=indent)
    return text.encode()


def packed_zip(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Returns a zip archive with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = b"a comment"
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def zstandard_zip(name: str, data: bytes) -> bytes:
    """Returns a zip archive with one member that is compressed with Zstandard, method 93."""
    packed = zstandard.compress(data)
    stored = bytearray(packed_zip({name: packed}, method=zipfile.ZIP_STORED))
    checksum = zlib.crc32(data).to_bytes(4, "little")
    for magic, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = stored.index(magic) + at
        stored[start : start + 2] = (93).to_bytes(2, "little")
        stored[start + 6 : start + 10] = checksum
        stored[start + 14 : start + 18] = len(data).to_bytes(4, "little")
    return bytes(stored)


def packed_tar(members: dict[str, bytes], *, style: int = tarfile.PAX_FORMAT) -> bytes:
    """Returns a tar archive with these members, a folder and a link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=style) as archive:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../../etc/passwd" if name == "link" else ""
            archive.addfile(info)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def packed_parquet(rows: pa.Table) -> bytes:
    """Returns a Parquet file with these rows."""
    file = io.BytesIO()
    pq.write_table(rows, file, row_group_size=2)
    return file.getvalue()


def parquet(number: int) -> bytes:
    """Returns a Parquet file with results in a column of text and in messages."""
    results = [record(number + at).decode() for at in range(3)]
    messages = [[{"role": "tool", "content": result}] for result in results]
    return packed_parquet(pa.table({"id": range(3), "output": results, "messages": messages}))


def many_members(number: int) -> dict[str, bytes]:
    """Returns members of every kind."""
    return {
        "header.json": b'{"version": 2}',
        "samples/1_epoch_1.json": document(number),
        "samples/2.jsonl": lines_of(3, first=number),
        "deep/" + "long name " * 20 + ".json": document(number + 7, indent=None),
        "../../outside.json": document(number + 3, messages=1),
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9,
        "broken.json": document(number)[:-40],
        "empty.txt": b"",
    }


def mixed_folder(folder: Path, count: int = 100) -> Path:
    """Makes a folder of about so many files."""
    for number in range(count // 20):
        below = folder / ("sub folder" if number % 2 else ".hidden") / f"part {number}"
        below.mkdir(parents=True)
        draw = random.Random(number)
        files = {
            "lines.jsonl": lines_of(3, first=number),
            "lines.ndjson": lines_of(2, first=number),
            "lines": lines_of(2, first=number + 1),
            "session.log.gz": gzip.compress(lines_of(2, first=number)),
            "no.suffix": zstandard.compress(document(number)),
            "awkward.traj": AWKWARD,
            "indented.json": document(number),
            "tabs.json": json.dumps(json.loads(document(number)), indent="\t").encode(),
            "one line.json": document(number, indent=None),
            "concatenated.json": document(number) + b"\n" + document(number + 1) + document(2, indent=None),
            "cut.json": document(number)[: draw.randrange(40, 4000)],
            "wrong.json": document(number).replace(b'"role": "tool",', b'"role": tool,', 1),
            "byte order mark.json": b"\xef\xbb\xbf" + document(number),
            "run.eval": packed_zip(many_members(number)),
            "zstd.eval": zstandard_zip("sample.json", document(number)),
            "logs.tar": packed_tar(many_members(number)),
            "logs.tar.gz": gzip.compress(packed_tar(many_members(number), style=tarfile.GNU_FORMAT)),
            "notes.md": b"# Notes\n\n[a link](x)\n",
            "picture.png": b"\x89PNG\r\n\x1a\n" + draw.randbytes(3000),
            "store.db": b"SQLite format 3\0" + bytes(1000),
            "rows.parquet": parquet(number),
            "cut.parquet": parquet(number)[:-90],
            "numbers.parquet": packed_parquet(pa.table({"id": [1, 2, 3]})),
            "empty": b"",
            "blank.json": b" \n\n",
            "cut.gz": gzip.compress(lines_of(3))[:-30],
            "named.jsonl.zst": zstandard.compress(lines_of(1)),
        }
        for name, data in files.items():
            (below / name).write_bytes(data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Returns every file below a folder; JSON and tar archives that are compressed are decompressed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".tmp-"):
            data = path.read_bytes()
            codec = codec_by_magic(data)
            if codec == "zstd":
                data = zstandard.ZstdDecompressor().stream_reader(data).read()
            elif codec == "gzip" and not path.name.startswith("cut"):
                data = gzip.decompress(data)
            found[str(path.relative_to(folder))] = data
    return found


def quietly_duplicated_zip() -> bytes:
    """Returns a zip archive with two members of one name."""
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.jsonl", record(1))
        archive.writestr("a.jsonl", record(2))
    return file.getvalue()
