"""Input files, planned as shards: the units of work of a run over files.

A shard is one byte range of a big file, or a run of small files in sorted order, up to about 64 MB. A
compressed file can't be read from its middle, so it is never divided, however big. The plan follows from the
names and sizes of the files alone.

>>> sources = [Source("/logs", "a.jsonl", 10, "1"), Source("/logs", "b.jsonl", 150_000_000, "1")]
>>> for shard in plan_shards(sources, shard_bytes=100_000_000):
...     print(shard.id, [(span.start, span.stop, span.part) for span in shard.spans])
00000 [(0, 10, 'a.jsonl')]
00001 [(0, 75000000, 'b.00000-of-00002.jsonl')]
00002 [(75000000, 150000000, 'b.00001-of-00002.jsonl')]
"""

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from headroom_beam.errors import StoreError
from headroom_beam.files.blocks import Block, LinePiece, chunks_of, cut_blocks, owned_lines
from headroom_beam.files.codecs import SUFFIXES, Codec, codec_of, decompressed
from headroom_beam.objects.base import ObjectInfo
from headroom_beam.objects.open import open_objects

__all__ = ["SHARD_BYTES", "Shard", "Source", "Span", "find_sources", "matcher", "plan_shards", "read_span"]

SHARD_BYTES = 64 << 20
"""Input bytes of a shard, about."""

# A compressed file counts as so many times its size when small files are put together: JSON logs shrink about
# so much.
_COMPRESSION_RATIO = 10

# What a file counts at least, because opening, writing and syncing one costs time however small it is.
_FILE_BYTES = 16 << 10

_WILDCARD = re.compile(r"[*?\[]")


class Source(NamedTuple):
    """An input file."""

    root: str
    """The folder or bucket prefix that its relative path starts from."""
    name: str
    """Its path below `root`, with `/`; the output mirrors it."""
    size_bytes: int
    version: str
    """What changes when its bytes do: GCS generation, or modification time in nanoseconds."""

    @property
    def codec(self) -> Codec:
        """How it is compressed."""
        return codec_of(self.name)


class Span(NamedTuple):
    """A whole file, or the lines of one that start in a byte range."""

    source: Source
    start: int
    stop: int
    """The byte behind the range; for a compressed file, its size as it is stored."""
    part: str
    """Name of the compacted part that is made of it."""


class Shard(NamedTuple):
    """One unit of work; `number` is its place in the plan."""

    number: int
    spans: tuple[Span, ...]

    @property
    def id(self) -> str:
        """The number as it stands in names of objects."""
        return f"{self.number:05d}"


def find_sources(patterns: Sequence[str]) -> list[Source]:
    r"""Finds the input files.

    Args:
        patterns: each a file, a directory (its `.jsonl`, `.jsonl.gz` and `.jsonl.zst` files at any depth), or
            a pattern with `*`, `?`, `[a-z]` within one folder and `**` for any number of folders; local, or
            `gs://BUCKET/…`. As in a shell, local wildcards don't match a leading dot. A file's relative path
            is what follows the longest folder before the first wildcard.

    Returns:
        The files, sorted by relative path.

    Raises:
        StoreError: a pattern matches nothing, or the file system or network fails.
        ValueError: two files have one relative path, or a file has another suffix.
    """
    if not patterns:
        raise ValueError("no input; name a file, a directory or a pattern such as 'logs/**/*.jsonl'")
    found: dict[str, Source] = {}
    for pattern in patterns:
        matches = list(_matches(pattern))
        if not matches:
            raise StoreError(f"input {pattern!r} matches no file")
        for source in matches:
            codec_of(source.name)
            other = found.setdefault(source.name, source)
            if other is not source:
                raise ValueError(
                    f"two inputs have the relative path {source.name!r}, in {other.root} and in "
                    f"{source.root}; crush them in two runs, or name a folder above both"
                )
    return sorted(found.values(), key=lambda source: source.name)


def _matches(pattern: str) -> Iterator[Source]:
    wildcard = _WILDCARD.search(pattern)
    if not wildcard or os.path.lexists(pattern):
        yield from _file_or_directory(pattern)
        return
    folder, slash, _ = pattern[: wildcard.start()].rpartition("/")
    objects = open_objects(folder or ("/" if slash else "."))
    below = pattern[len(folder) + len(slash) :]
    if pattern.startswith("gs://"):
        matching = re.compile(_regular_expression(below)).fullmatch
        found = (info for info in objects.list(_WILDCARD.split(below, maxsplit=1)[0]) if matching(info.name))
    else:
        names = sorted(set(glob.glob(below, root_dir=objects.root, recursive=True)))  # noqa: PTH207 (Path.glob has no root)
        found = (info for name in names if (info := objects.info(name)) is not None)
    for info in found:
        yield _source(objects.root, info)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Tells for paths (absolute, or `gs://BUCKET/…`) whether `find_sources` would find files there.

    >>> matches = matcher("gs://logs/*/a*.jsonl")
    >>> matches("gs://logs/out/a.jsonl"), matches("gs://logs/a.jsonl")
    (True, False)
    """
    wildcard = _WILDCARD.search(pattern)
    if not wildcard or os.path.lexists(pattern):
        root = open_objects(pattern).root
        return lambda path: f"{path}/".startswith(f"{root.rstrip('/')}/")
    folder, slash, _ = pattern[: wildcard.start()].rpartition("/")
    root = open_objects(folder or ("/" if slash else ".")).root.rstrip("/")
    expression = re.compile(re.escape(root) + "/" + _regular_expression(pattern[len(folder) + len(slash) :]))
    return lambda path: expression.fullmatch(path) is not None


def _file_or_directory(path: str) -> Iterator[Source]:
    folder, slash, name = path.rstrip("/").rpartition("/")
    if name not in ("", ".", "..") and not path.endswith("/"):
        objects = open_objects(folder or ("/" if slash else "."))
        if (info := objects.info(name)) is not None:
            yield _source(objects.root, info)
            return
    objects = open_objects(path)
    for info in objects.list():
        if info.name.endswith(tuple(SUFFIXES)):
            yield _source(objects.root, info)


def _source(root: str, info: ObjectInfo) -> Source:
    return Source(root, info.name, info.size_bytes, info.version)


def _regular_expression(pattern: str) -> str:
    """The pattern's regular expression; `*` and `?` stay within a folder, `**/` is any number of folders."""
    pieces = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]|.", pattern, flags=re.DOTALL):
        if token in pieces:
            expression += pieces[token]
        elif len(token) > 1:
            inner = token[1:-1].replace("\\", "\\\\")
            expression += "[" + ("^" + inner[1:] if inner.startswith("!") else inner) + "]"
        else:
            expression += re.escape(token)
    return expression


def plan_shards(sources: Iterable[Source], *, shard_bytes: int = SHARD_BYTES) -> list[Shard]:
    """Divides files into shards.

    Args:
        sources: the files, in the order of the plan.
        shard_bytes: a larger file that isn't compressed is divided evenly into ranges of at most so many
            bytes; smaller files are put together up to so many, where a compressed file counts as what it may
            decompress to.

    Raises:
        ValueError: two parts would have one name, or one of those that a run uses itself.
    """
    if shard_bytes < 1:
        raise ValueError(f"shard_bytes is {shard_bytes}; it must be at least 1")
    runs: list[tuple[Span, ...]] = []
    run: list[Span] = []
    run_bytes = 0
    for source in sources:
        if source.codec == "plain" and source.size_bytes > shard_bytes:
            runs += [tuple(run)] if run else []
            run, run_bytes = [], 0
            runs += [(span,) for span in _ranges(source, shard_bytes)]
            continue
        size_bytes = max(
            source.size_bytes * (1 if source.codec == "plain" else _COMPRESSION_RATIO), _FILE_BYTES
        )
        if run and run_bytes + size_bytes > shard_bytes:
            runs.append(tuple(run))
            run, run_bytes = [], 0
        run.append(Span(source, 0, source.size_bytes, source.name))
        run_bytes += size_bytes
    runs += [tuple(run)] if run else []
    shards = [Shard(number, spans) for number, spans in enumerate(runs)]
    _check_part_names(shards)
    return shards


def _ranges(source: Source, shard_bytes: int) -> Iterator[Span]:
    count = -(-source.size_bytes // shard_bytes)
    stem, suffix = source.name.removesuffix(".jsonl"), ".jsonl"
    for index in range(count):
        start, stop = (source.size_bytes * border // count for border in (index, index + 1))
        yield Span(source, start, stop, f"{stem}.{index:05d}-of-{count:05d}{suffix}")


def _check_part_names(shards: Iterable[Shard]) -> None:
    names: set[str] = set()
    for shard in shards:
        for span in shard.spans:
            if span.part in names:
                raise ValueError(
                    f"two parts would be called {span.part!r}; rename the input {span.source.name!r}"
                )
            if span.part.startswith(("_shards/", "_failures/")):
                raise ValueError(
                    f"input {span.source.name!r} is in a folder named like one of a run's own; rename it"
                )
            names.add(span.part)


def read_span(
    span: Span, *, max_record_bytes: int | None = None, block_bytes: int | None = None
) -> Iterator[Block | LinePiece]:
    """Reads the lines of a span; offsets count decompressed bytes from the start of the file.

    Args:
        span: from `plan_shards`.
        max_record_bytes: longer lines come in pieces; see `cut_blocks`.
        block_bytes: see `cut_blocks`; None for its default.

    Raises:
        IntegrityError: a compressed file is truncated or damaged.
        StoreError: the file can't be read, or isn't the planned version any more; that is known when the last
            block has been taken, so the caller publishes nothing before.
    """
    source = span.source
    objects = open_objects(source.root)
    with objects.open(source.name) as file:
        first = 0
        if source.codec == "plain" and span.start:
            first = span.start - 1
            file.seek(first)
        chunks = chunks_of(
            decompressed(file, source.codec, name=f"{source.root}/{source.name}"), offset=first
        )
        if source.codec == "plain":
            chunks = owned_lines(chunks, start=span.start, stop=span.stop)
        sizes = {} if block_bytes is None else {"block_bytes": block_bytes}
        yield from cut_blocks(chunks, max_record_bytes=max_record_bytes, **sizes)
    info = objects.info(source.name)
    if info is None or (info.size_bytes, info.version) != (source.size_bytes, source.version):
        raise StoreError(
            f"{source.root}/{source.name} has changed since the run was planned; "
            "start a new run with another output"
        )
