"""Finds input files and divides them into shards, the units of work of a run.

A shard is one byte range of a big file, or several small files in sorted order, up to about 64 MB. Only JSON
Lines that aren't compressed can be read from their middle. Any other file is never divided, however big. The
plan depends only on the names, sizes and first bytes of the files.

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
from pathlib import PurePosixPath
from typing import NamedTuple

from headroom_beam.errors import StoreError
from headroom_beam.files.blocks import Block, LinePiece, cut_blocks, owned_lines
from headroom_beam.files.sources import LeftOut, Source, Span, check_version, read_chunks
from headroom_beam.objects.base import ObjectInfo, Objects, check_name
from headroom_beam.objects.open import is_local, open_objects

__all__ = [
    "COMPRESSION_RATIO",
    "SHARD_BYTES",
    "Shard",
    "Source",
    "Span",
    "find_sources",
    "matcher",
    "plan_shards",
    "read_span",
]

SHARD_BYTES = 64 << 20
"""Approximate input bytes of a shard."""

COMPRESSION_RATIO = 10
"""How many times its size a compressed file counts before it is read, since JSON logs shrink that much."""

# Every file counts as at least this size, since opening, writing and syncing even a small one takes time.
_FILE_BYTES = 16 << 10

# What a run writes beside its parts; `headroom_beam.files.manifest` has the names.
_OWN_FOLDERS = ("_shards/", "_failures/", "_explanations/")
_OWN_FILES = ("_run.json", "_manifest.json", "_summary.json")

_WILDCARD = re.compile(r"[*?\[]")


class Shard(NamedTuple):
    """One unit of work; `number` is its place in the plan."""

    number: int
    spans: tuple[Span, ...]

    @property
    def id(self) -> str:
        """The number as names of objects have it, with at least five digits."""
        return f"{self.number:05d}"


def find_sources(patterns: Sequence[str], left_out: list[LeftOut] | None = None) -> list[Source]:
    r"""Finds the input files.

    Args:
        patterns: files, directories and patterns, local or `gs://BUCKET/…`. A directory means all its files,
            at any depth. In a pattern, `*`, `?` and `[a-z]` stay within one folder, and `**` matches any
            number of folders. As in a shell, local wildcards don't match a leading dot. A file's relative
            path starts after the last folder before the first wildcard.
        left_out: a list to which everything is added that stands in a directory and isn't taken.

    Returns:
        The files, sorted by relative path.

    Raises:
        StoreError: a pattern matches nothing, or the file system or network fails.
        ValueError: there is no pattern, or two files have the same relative path.
    """
    left_out = [] if left_out is None else left_out
    if not patterns:
        raise ValueError("no input; name a file, a directory or a pattern such as 'logs/**/*.jsonl'")
    found: dict[str, Source] = {}
    for pattern in patterns:
        matches = list(_matches(pattern, left_out))
        if not matches:
            raise StoreError(f"input {pattern!r} matches no file")
        for source in matches:
            other = found.setdefault(source.name, source)
            if other is not source:
                raise ValueError(
                    f"two inputs have the relative path {source.name!r}, in {other.root} and in "
                    f"{source.root}; crush them in two runs, or name a folder above both"
                )
    return sorted(found.values(), key=lambda source: source.name)


def _matches(pattern: str, left_out: list[LeftOut]) -> Iterator[Source]:
    wildcard = _first_wildcard(pattern)
    if not wildcard:
        yield from _file_or_directory(pattern, left_out)
        return
    folder, slash, _ = pattern[: wildcard.start()].rpartition("/")
    objects = open_objects(folder or ("/" if slash else "."))
    below = pattern[len(folder) + len(slash) :]
    if is_local(pattern):
        names = sorted(set(glob.glob(below, root_dir=objects.root, recursive=True)))  # noqa: PTH207 (Path.glob has no root)
        found = (info for name in names if (info := objects.info(name)) is not None)
    else:
        matching = re.compile(_regular_expression(below)).fullmatch
        found = (info for info in objects.list(_WILDCARD.split(below, maxsplit=1)[0]) if matching(info.name))
    for info in found:
        yield _source(objects.root, info)


def _first_wildcard(pattern: str) -> re.Match[str] | None:
    """Returns the first wildcard of a pattern; none if it names a local file or directory as it stands."""
    if is_local(pattern) and os.path.lexists(pattern):
        return None
    return _WILDCARD.search(pattern)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Returns a function that tells whether `find_sources` would find a file with a given path.

    The path is absolute, or begins with `gs://BUCKET/`.

    >>> matches = matcher("gs://logs/*/a*.jsonl")
    >>> matches("gs://logs/out/a.jsonl"), matches("gs://logs/a.jsonl")
    (True, False)
    """
    wildcard = _first_wildcard(pattern)
    if not wildcard:
        root = open_objects(pattern).root
        return lambda path: f"{path}/".startswith(f"{root.rstrip('/')}/")
    folder, slash, _ = pattern[: wildcard.start()].rpartition("/")
    root = open_objects(folder or ("/" if slash else ".")).root.rstrip("/")
    expression = re.compile(re.escape(root) + "/" + _regular_expression(pattern[len(folder) + len(slash) :]))
    return lambda path: expression.fullmatch(path) is not None


def _file_or_directory(path: str, left_out: list[LeftOut]) -> Iterator[Source]:
    folder, slash, name = path.rstrip("/").rpartition("/")
    if name not in ("", ".", "..") and not path.endswith("/"):
        objects = open_objects(folder or ("/" if slash else "."))
        if (info := objects.info(name)) is not None:
            yield _source(objects.root, info)
            return
    yield from _directory(open_objects(path), left_out)


def _directory(objects: Objects, left_out: list[LeftOut]) -> Iterator[Source]:
    links = {}
    for irregular in objects.irregular():
        if irregular.taken:
            links[irregular.name] = irregular.what
        else:
            left_out.append(LeftOut(irregular.name, irregular.what))
    for info in objects.list():
        try:
            check_name(info.name)
        except ValueError:
            left_out.append(LeftOut(info.name, "its name has a part or a character that no output may have"))
            continue
        yield _source(objects.root, info)._replace(named=False, note=links.get(info.name, ""))


def _source(root: str, info: ObjectInfo) -> Source:
    return Source(root, info.name, info.size_bytes, info.version)


def _regular_expression(pattern: str) -> str:
    """Returns a pattern as a regular expression: `*` and `?` stay within a folder, `**/` is any folders."""
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


def plan_shards(
    sources: Iterable[Source], *, shard_bytes: int = SHARD_BYTES, whole_files: bool = False
) -> list[Shard]:
    """Divides files into shards.

    Args:
        sources: the files, in the order of the plan.
        shard_bytes: approximate size of a shard. A larger file of JSON Lines that isn't compressed is divided
            evenly into ranges of at most this size. Smaller files share shards of up to this size, and a
            compressed file counts with its estimated decompressed size.
        whole_files: divide no file, however large.

    Returns:
        The shards, numbered from 0.

    Raises:
        ValueError: two parts would have the same name, a part would be in a folder that runs use themselves,
            or `shard_bytes` is below 1.
    """
    if shard_bytes < 1:
        raise ValueError(f"shard_bytes is {shard_bytes}; it must be at least 1")
    runs: list[tuple[Span, ...]] = []
    run: list[Span] = []
    run_bytes = 0
    for source in sources:
        plain = source.codec == "plain" and source.framing not in ("zip", "parquet")
        is_divided = plain and source.framing == "lines" and not whole_files
        if is_divided and source.size_bytes > shard_bytes:
            runs += [tuple(run)] if run else []
            run, run_bytes = [], 0
            runs += [(span,) for span in _ranges(source, shard_bytes)]
            continue
        size_bytes = max(source.size_bytes * (1 if plain else COMPRESSION_RATIO), _FILE_BYTES)
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
    suffix = PurePosixPath(source.name).suffix
    stem = source.name.removesuffix(suffix)
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
            if span.part.startswith(_OWN_FOLDERS) or span.part in _OWN_FILES:
                raise ValueError(
                    f"input {span.source.name!r} is named like what a run writes itself; rename it or its "
                    "folder"
                )
            names.add(span.part)


def read_span(
    span: Span,
    *,
    max_record_bytes: int | None = None,
    block_bytes: int | None = None,
    notes: list[str] | None = None,
) -> Iterator[Block | LinePiece]:
    """Yields the lines of a span. Offsets are in decompressed bytes from the start of the file.

    Args:
        span: a span from `plan_shards`.
        max_record_bytes: longer lines come in pieces; see `cut_blocks`.
        block_bytes: see `cut_blocks`; None for its default.
        notes: takes what has happened to a file that was found in a folder.

    Raises:
        IntegrityError: a compressed file is truncated or damaged.
        StoreError: the file can't be read. Or it was named, and has changed since the plan: that is noticed
            only after the last block, so the caller must publish nothing before.
    """
    is_plain = span.source.codec == "plain"
    # Only the byte before a range tells whether a line starts where the range does.
    first = span.start - 1 if is_plain and span.start else 0
    chunks = read_chunks(span.source, first=first)
    if is_plain:
        chunks = owned_lines(chunks, start=span.start, stop=span.stop)
    sizes = {} if block_bytes is None else {"block_bytes": block_bytes}
    yield from cut_blocks(chunks, max_record_bytes=max_record_bytes, **sizes)
    check_version(span.source, [] if notes is None else notes)
