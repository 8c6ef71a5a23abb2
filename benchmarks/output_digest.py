"""Prints one SHA-256 over everything that crushing writes. A change that only moves code keeps it.

    python benchmarks/output_digest.py [DATA…]

Each line of the files is one record. Its payload is the whole record, what the payload paths of the two chat
formats find, or the `result` field. Each is crushed at the defaults, with `lossless_only`, and without
tables. The digest covers the compacted lines, each failure, and the digest, hash, kind and tool of each
original. Files are read block by block, and two blocks are crushed at a time. The output is one JSON object:
a digest for each file, and one over all of them.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from common import files_of, lines_of, show

from headroom_beam import _core

BLOCK_BYTES = 256 << 10
PATHS: tuple[list[str], ...] = (
    [],
    [".result @ .tool"],
    [
        f"{root}{path}"
        for root in (".messages[*]", "[*]", "", ".messages[*].message", ".message")
        for path in (
            "{role=tool}.content @ .name",
            ".content[*]{type=tool_result}.content:string",
            ".content[*]{type=tool_result}.content[*]{type=text}.text:string",
        )
    ],
)
MODES: tuple[dict[str, bool], ...] = ({}, {"lossless_only": True}, {"with_compaction": False})
OPTIONS = [_core.Options(paths=paths, **mode) for paths in PATHS for mode in MODES]


def blocks_of(path: Path) -> Iterator[bytes]:
    """Yields the lines of a file, joined into blocks of about 256 KiB."""
    lines: list[bytes] = []
    size_bytes = 0
    for line in lines_of(path):
        lines.append(line)
        size_bytes += len(line)
        if size_bytes >= BLOCK_BYTES:
            yield b"".join(lines)
            lines, size_bytes = [], 0
    if lines:
        yield b"".join(lines)


def digest_of(block: bytes) -> bytes:
    """Returns the SHA-256 over a block crushed with every combination of paths and mode."""
    digest = hashlib.sha256()
    for options in OPTIONS:
        crushed = _core.crush_block(block, options)
        digest.update(crushed.lines())
        originals = crushed.originals()
        for name in ("digest", "hash", "kind", "tool"):
            digest.update(repr(originals.column(name).to_pylist()).encode())
        digest.update(
            repr(crushed.failures().select(["index", "kind", "offset", "length"]).to_pylist()).encode()
        )
    return digest.digest()


def main() -> None:
    """Digests every file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="*", type=Path, help="*.jsonl[.zst]; examples/traces if none")
    files = {}
    total = hashlib.sha256()
    with ThreadPoolExecutor(2) as pool:
        for path in files_of(parser.parse_args().data):
            digest = hashlib.sha256()
            blocks = blocks_of(path)
            # `map` over all blocks at once would read the whole file into memory.
            while batch := list(islice(blocks, 8)):
                for each in pool.map(digest_of, batch):
                    digest.update(each)
            files[path.name] = digest.hexdigest()
            total.update(digest.digest())
    show({"files": files, "all": total.hexdigest()})


if __name__ == "__main__":
    main()
