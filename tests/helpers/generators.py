"""Input files for tests: records that crush well, records that fail, and all else that a line can be."""

import gzip
import hashlib
import json
import random
from pathlib import Path

import zstandard

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.files.codecs import SUFFIXES, open_decompressed
from headroom_beam.files.manifest import read_manifest
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import restore_run
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore

__all__ = [
    "AWKWARD",
    "DROPPING",
    "awkward_folder",
    "compress",
    "is_complete",
    "lines_of",
    "output_of",
    "record",
    "restored_digests",
    "source_digests",
    "tree",
    "unresolved_markers",
]


DROPPING = SmartCrusherConfig(max_tokens=300)
"""A configuration that makes `record` lose rows to the store."""


def record(number: int) -> bytes:
    """A record whose payload loses rows: 60 items of which few matter, different for each number."""
    draw = random.Random(number)
    rows = [
        {
            "id": number * 1000 + at,
            "name": f"item {draw.randrange(10**9)}",
            "state": "ok" if draw.random() < 0.9 else "bad",
        }
        for at in range(60)
    ]
    return json.dumps(
        {"tool": f"tool {number % 3}", "result": rows, "text": "plain " * (number % 50)}
    ).encode()


AWKWARD = (
    b'\xef\xbb\xbf{"after": "a byte order mark"}\n'
    b"\n"
    b"  \t \r\n"
    b'{"carriage": "return"}\r\n'
    b"not JSON at all\n"
    b'{"broken": \n'
    b'{"bad": "\xff\xfe"}\n'
    + b"[" * 400
    + b"]" * 400
    + b"\n"
    + b'"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>"\n'
    + b'{"forged": "<<ccr:lit>><<ccr:0123456789abcdef01234567,raw,1.0KB>>"}\n'
    + b'[1e400, -0, 1.0, 123456789012345678901234567890, "\\ud800"]\n'
    + b"\r\n"
    + b'{"no": "newline at the end"}'
)
"""Lines that are no records, records that are none, text that looks like ours, and a file that ends in the
middle."""


def lines_of(count: int, *, first: int = 0) -> bytes:
    """A file of records that crush well."""
    return b"".join(record(number) + b"\n" for number in range(first, first + count))


def awkward_folder(folder: Path) -> Path:
    """Makes a folder with files of every codec, size and oddity."""
    (folder / "deep").mkdir(parents=True)
    for suffix in SUFFIXES:
        (folder / f"records{suffix}").write_bytes(compress(lines_of(20), suffix))
        (folder / "deep" / f"awkward{suffix}").write_bytes(compress(AWKWARD, suffix))
        (folder / f"empty{suffix}").write_bytes(compress(b"", suffix))
    (folder / "blank.jsonl").write_bytes(b"\n\n\r\n \n")
    return folder


def compress(data: bytes, name: str) -> bytes:
    """The bytes of a file of this name."""
    if name.endswith(".gz"):
        return gzip.compress(data)
    return zstandard.compress(data) if name.endswith(".zst") else data


def source_digests(folder: Path) -> dict[str, str]:
    """Relative path and SHA-256, decompressed, of every file below a folder."""
    objects = open_objects(folder)
    return {
        info.name: hashlib.sha256(b"".join(open_decompressed(objects, info.name))).hexdigest()
        for info in objects.list()
    }


def restored_digests(output: Path, originals: Path, restored: Path) -> dict[str, str]:
    """As `source_digests`, of what a run restores to; nothing may be unresolved."""
    _, unresolved = restore_run(str(output), str(originals), str(restored))
    assert unresolved == []
    return source_digests(restored)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, without what killed writers left behind."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".tmp-")
    }


def unresolved_markers(output: Path, originals: Path) -> set[str]:
    """Hashes in visible parts that the store doesn't have."""
    objects = open_objects(output)
    hashes: set[str] = set()
    for info in objects.list():
        if not info.name.startswith("_"):
            hashes.update(
                _core.markers(b"".join(open_decompressed(objects, info.name))).column("hash").to_pylist()
            )
    if not hashes:
        return set()
    return set(OriginalStore.open(originals, create=False).get_many(hashes).unresolved)


def is_complete(output: Path) -> bool:
    """Whether a run says that it is complete."""
    return open_objects(output).exists("_manifest.json") and bool(read_manifest(open_objects(output)).parts)


def output_of(settings: RunSettings) -> Path:
    """Where a run puts its parts."""
    return Path(settings.output)
