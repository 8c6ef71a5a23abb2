r"""Tells what is found in files, path by path: by which format, or by its shape, and how sure that is.

Crushing with `auto` takes what the paths of a format select, and results whose shape is sure. What only looks
like a result is left, until somebody names its path.

>>> import pathlib, tempfile
>>> file = pathlib.Path(tempfile.mkdtemp(), "trace.jsonl")
>>> _ = file.write_text('{"role": "tool", "name": "ls", "content": "%s"}\n' % ("a.py b.py " * 60))
>>> (found,) = find_formats([str(file)])["files"]
>>> [(row["path"], row["formats"], row["tools"], row["results"]) for row in found["paths"]]
[('{role=(tool|function)}.content @ .name', ['openai'], ['ls'], 1)]
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.format_names import BY_SHAPE, FormatNames
from headroom_beam.crush.measure import Records, WholeText, crush_any
from headroom_beam.crush.trace_formats import AUTO, resolve, side_files_of
from headroom_beam.errors import InvalidPayload, LimitExceeded, PayloadNotFound
from headroom_beam.files.blocks import Block, Chunk
from headroom_beam.files.estimate_sums import TEXT_FILE, Sums
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.members import Refused
from headroom_beam.files.reading import Item, RecordPiece, SourceError, TextResult
from headroom_beam.files.sample import Piece, SampleSize, plan_sample, read_piece
from headroom_beam.files.sources import LeftOut, Source

__all__ = ["check_found", "find_formats"]

# Fewer tokens in the longest result are no reason to confirm a path.
_LEAST_TOKENS = 80

_TOOLS = 8


def find_formats(
    inputs: Sequence[str],
    *,
    size: SampleSize | int | None = None,
    on_progress: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Tells what is found in files.

    Args:
        inputs: files, directories and patterns, as `headroom_beam.files.shards.find_sources` takes them.
        size: how much to read, as for `headroom_beam.files.sample.plan_sample`; None for everything.
        on_progress: called after each block with the bytes, records and failures so far.

    Returns:
        The fields that `docs/operations.md` explains in "What is in this file?".

    Raises:
        StoreError: an input matches nothing, or a file can't be read.
        IntegrityError: a file that was named is truncated or damaged.
    """
    config = SmartCrusherConfig()
    left_out: list[LeftOut] = []
    sources = find_inputs(
        inputs, side_files=side_files_of(AUTO), max_bytes=config.max_record_bytes, left_out=left_out
    )
    pieces = {
        source: list(of_source)
        for source, of_source in itertools.groupby(plan_sample(sources, size), key=lambda one: one.source)
    }
    survey = _Survey(config, on_progress)
    return {
        "files": [survey.file(source, pieces[source]) for source in sources if source in pieces],
        "files_without_records": sum(source.framing == "copied" for source in sources),
        "left_out": [[one.name, one.note] for one in left_out],
    }


def check_found(found: Mapping[str, Any]) -> None:
    """Raises PayloadNotFound if no file has anything that may be a result. No records are no error."""
    records = sum(file["records"] for file in found["files"])
    if records and not any(file["paths"] for file in found["files"]):
        raise PayloadNotFound(
            f"nothing in {records:,} records looks like a result of a tool; "
            "say where results are with --select PATH, such as '.steps[*].output'"
        )


class _Survey:
    """Looks at files, one after another."""

    def __init__(
        self, config: SmartCrusherConfig, on_progress: Callable[[int, int, int], None] | None
    ) -> None:
        self.config = config
        self.formats = FormatNames(AUTO)
        # The whole record, where no path of a format leads to anything in it: these are the records in which
        # `auto` looks for results by their shape.
        paths = (*(path for path in resolve(AUTO) if not path.endswith(":results")), "$")
        self.options = options_for(
            SmartCrusherConfig(lossless_only=True, with_compaction=False, verify=False), paths
        )
        self._on_progress = on_progress
        self._so_far = np.zeros(3, np.int64)

    def file(self, source: Source, pieces: Sequence[Piece]) -> dict[str, Any]:
        """Describes what is found in one file."""
        found, notes = _FileFormats(self), [source.note] if source.note else []
        try:
            for piece in pieces:
                for content in read_piece(piece, self.config, notes):
                    found.begin()
                    for item in content.items:
                        found.add(item)
                        self._tell(found.counts)
        except (Refused, SourceError) as error:
            notes.append(error.note)
            found = _FileFormats(self)
        self._so_far += found.counts
        return {
            "file": source.name,
            "kind": source.framing,
            "codec": source.codec,
            "complete": list(pieces) == [Piece(source, 0, None)],
            **found.described(),
            "notes": notes,
        }

    def _tell(self, counts: Sequence[int]) -> None:
        if self._on_progress is not None:
            self._on_progress(*(self._so_far + np.array(counts)).tolist())


class _FileFormats:
    """What is found in one file."""

    def __init__(self, survey: _Survey) -> None:
        self._survey = survey
        self._contents = self._bytes = self._records = self._failures = self._tokens = self._searched = 0
        self._sums = Sums(2)
        self._tools: dict[str, set[str]] = {}
        self._recogniser = _core.Recogniser()

    @property
    def counts(self) -> tuple[int, int, int]:
        """Bytes, records and failures so far."""
        return self._bytes, self._records, self._failures

    def begin(self) -> None:
        """Begins with the file, a range of it, or a member of an archive."""
        self._contents += 1
        self._calls = _core.CallTable()

    def add(self, item: Item) -> None:
        """Adds the next bytes."""
        self._bytes += len(item.data)
        if isinstance(item, Chunk):
            return
        self._tokens += _core.estimate_tokens(item.data.decode(errors="replace"))
        if isinstance(item, RecordPiece):
            self._records += item.end is not None
            self._failures += item.end is not None
        elif isinstance(item, TextResult):
            self._add_text(item)
        else:
            self._add_records(item, item.data if isinstance(item, Block) else item)

    def _add_text(self, item: TextResult) -> None:
        try:
            crushed = crush_any(WholeText(item.data), self._survey.options)
        except (InvalidPayload, LimitExceeded) as error:
            raise Refused(f"it is a result of a tool, but {error}; it is copied") from None
        self._records += 1
        tokens = crushed.records().column("tokens_before").to_numpy()
        self._add_results(pa.array([TEXT_FILE]), pa.array([""]), tokens)

    def _add_records(self, item: Block | _core.CutBlock, block: Records) -> None:
        crushed = crush_any(block, self._survey.options, self._calls)
        self._records += crushed.record_count
        self._failures += crushed.failure_count
        rows = crushed.records()
        parents = pc.list_parent_indices(rows.column("payloads"))
        payloads = rows.column("payloads").flatten()
        paths, tools, tokens = (payloads.field(name) for name in ("path", "tool", "tokens_before"))
        # An element that stands alone in its text has the path of that text, which is empty.
        is_open = pc.is_in(paths, pa.array(["$", ""]))
        named = pc.invert(is_open)
        self._add_results(paths.filter(named), tools.filter(named), tokens.filter(named).to_numpy())
        searched = rows.take(parents.filter(is_open))
        if searched.num_rows:
            records = list(_records(item, searched))
            self._searched += self._recogniser.learn(pa.array(records, pa.large_binary()))

    def _add_results(self, paths: pa.Array, tools: pa.Array, tokens: Any) -> None:
        self._sums.add(paths, np.column_stack([np.ones_like(tokens), tokens]))
        pairs = pa.table({"path": paths, "tool": tools}).group_by(["path", "tool"]).aggregate([])
        for row in pairs.to_pylist():
            names = self._tools.setdefault(row["path"], set())
            if row["tool"] and len(names) < _TOOLS:
                names.add(row["tool"])

    def described(self) -> dict[str, Any]:
        """Returns what was found, without what the caller knows."""
        paths = [*self._by_format(), *map(self._by_shape, self._recogniser.learned().to_pylist())]
        paths.sort(key=lambda row: (not row["is_sure"], -row["tokens"], row["path"]))
        return {
            "contents": self._contents,
            "bytes_read": self._bytes,
            "records": self._records,
            "failures": self._failures,
            "tokens": self._tokens,
            "records_by_shape": self._searched,
            "paths": paths,
            "unreachable": self._recogniser.unreachable_count,
        }

    def _by_format(self) -> Iterator[dict[str, Any]]:
        for path, (results, tokens) in self._sums.rows():
            formats = [] if path == TEXT_FILE else self._survey.formats.of(path)
            what = "the file holds the text of one result" if path == TEXT_FILE else "a path of the format"
            yield {
                "path": path,
                "formats": formats,
                "is_sure": True,
                "reason": what,
                "tools": sorted(self._tools.get(path, ())),
                "results": int(results),
                "tokens": int(tokens),
                "share": self._share(int(tokens)),
                "select": None,
            }

    def _by_shape(self, row: Mapping[str, Any]) -> dict[str, Any]:
        is_sure = row["is_sure"]
        may_select = not is_sure and not row["against"] and row["longest"] >= _LEAST_TOKENS
        return {
            "path": row["path"],
            "formats": [BY_SHAPE],
            "is_sure": is_sure,
            "reason": row["reason"] if not row["against"] else "its path selects what must stay, too",
            "tools": row["tools"],
            "results": row["sure"] + row["likely"],
            "tokens": row["tokens"],
            "share": self._share(row["tokens"]),
            "select": row["path"] if may_select else None,
        }

    def _share(self, tokens: int) -> float:
        # The tokens of a whole are estimated a little lower than those of its parts.
        return round(min(tokens / self._tokens, 1.0), 4) if self._tokens else 0.0


def _records(item: Block | _core.CutBlock, rows: pa.RecordBatch) -> Iterable[bytes]:
    """Yields records as their text has them; an element stands within the brackets of its text."""
    offsets, sizes = (rows.column(name).to_pylist() for name in ("offset", "bytes_before"))
    if isinstance(item, Block):
        for offset, size_bytes in zip(offsets, sizes, strict=True):
            yield item.data[offset : offset + size_bytes]
        return
    elements = {element.offset - item.offset: element for element in item.elements()}
    for offset in offsets:
        before, after = elements[offset].envelope()
        yield before + elements[offset].data + after
