"""The files that a run writes beside its parts: a done-record for each shard, and the manifest.

Restoring follows the manifest and never guesses from file names. The manifest is written last, so an output
without one is incomplete. Equal input, options and dates give equal done-records and manifests.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.codecs import Codec
from headroom_beam.objects.base import Objects

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST",
    "RUN",
    "SUMMARY",
    "CompactedPart",
    "Manifest",
    "PartMember",
    "ShardResult",
    "StoredPack",
    "Totals",
    "codec_of_part",
    "done_name",
    "dump_json",
    "explanations_name",
    "failures_name",
    "load_json",
    "read_manifest",
]

FORMAT_VERSION = 2
RUN = "_run.json"
MANIFEST = "_manifest.json"
SUMMARY = "_summary.json"

TOOLS = 1000
"""Number of tools that are counted one by one. All others are counted together, as `OTHER_TOOLS`."""
OTHER_TOOLS = "(other tools)"

_COUNTS = (
    "payloads",
    "bytes_before",
    "bytes_after",
    "tokens_before",
    "tokens_after",
    "rows_total",
    "rows_kept",
)


def done_name(shard_id: str) -> str:
    """Returns the name of a shard's done-record."""
    return f"_shards/{shard_id}.json"


def failures_name(shard_id: str) -> str:
    """Returns the name of the JSONL file with a shard's failures. Without failures there is no file."""
    return f"_failures/{shard_id}.jsonl"


def explanations_name(shard_id: str) -> str:
    """Returns the name of the JSONL file that explains each payload of a shard, if the run explains."""
    return f"_explanations/{shard_id}.jsonl"


class PartMember(NamedTuple):
    """A file of an archive, in the compacted archive."""

    name: str
    framing: str
    """As in `CompactedPart`."""
    size_bytes: int
    """Bytes of the file as it was."""
    source_digest: str
    """Hex SHA-256 of these."""
    compacted_digest: str
    compacted_bytes: int
    records: int
    failures: int
    opened: Sequence[int]
    tail: int | None
    wrapping_bytes: int
    """In a tar archive: bytes between the member before it and this one, as they were."""
    skip_bytes: int
    """The same in the compacted archive."""
    note: str
    payloads: int = 0
    unrecognised: int = 0
    likely: int = 0
    in_place: str = ""
    formats: Sequence[str] = ()


class CompactedPart(NamedTuple):
    """One compacted file: its source, its digests and its counts."""

    part: str
    """Its name below the output."""
    source: str
    """Relative path of the input file."""
    start: int
    """Bytes from the start of the input file (decompressed) to the part's first line."""
    stop: int
    """Bytes from the start of the input file (decompressed) to the end of the part's last line."""
    source_digest: str
    """Hex SHA-256 of the input's bytes (decompressed) from `start` to `stop`."""
    compacted_digest: str
    """Hex SHA-256 of the part's bytes, decompressed."""
    compacted_bytes: int
    """Bytes of the part, decompressed."""
    records: int
    """Records read, both compacted and failed."""
    failures: int
    packs: Sequence[str]
    """Names of the packs that its shard has written. They hold every original that the part names."""
    framing: str = "lines"
    """How it holds its records: `lines`; `document`, JSON texts of any layout; `elements`, such texts of
    which some were cut into their elements; `tar` or `zip`, in its members; `copied`, not at all."""
    codec: str = "plain"
    """How it is compressed: `plain`, `gzip` or `zstd`."""
    opened: Sequence[int] = ()
    """Where in the part (decompressed) the values begin that were cut into their elements."""
    tail: int | None = None
    """Where in the part the markers begin that stand for the rest of a broken or incomplete file."""
    members: Sequence[PartMember] = ()
    """Of an archive: what each of its files came to, in order."""
    kept: Sequence[str] = ()
    """Of an archive: digests of originals that, one behind the other, are what a restored archive is made of
    beside its members."""
    note: str = ""
    """What people should know about the file."""
    padded: bool = False
    """True if its lines were padded with blanks to their old length."""
    payloads: int = 0
    """Payloads of its records."""
    unrecognised: int = 0
    """Records in which no path selects or keeps anything, and no result is surely known by its shape."""
    likely: int = 0
    """Those of them in which something looks like a result."""
    in_place: str = ""
    """Why it must not take the place of the logged file; empty where it may."""
    formats: Sequence[str] = ()
    """If no payload was found: trace formats that find some in the first records."""


def _part_fields(part: CompactedPart) -> dict[str, Any]:
    return {**part._asdict(), "members": [member._asdict() for member in part.members]}


def _part(fields: Mapping[str, Any]) -> CompactedPart:
    return CompactedPart(**{**fields, "members": [PartMember(**member) for member in fields["members"]]})


def codec_of_part(part: CompactedPart) -> Codec:
    """Tells how a part is compressed.

    Raises:
        FormatError: in a way that this release doesn't know.
    """
    if part.codec not in ("plain", "gzip", "zstd"):
        raise FormatError(f"part {part.part} is compressed in a way that this release doesn't know")
    return part.codec  # type: ignore[return-value]


class StoredPack(NamedTuple):
    """A pack that a shard has written."""

    name: str
    """Its name below the root of the store."""
    originals: int
    original_bytes: int
    """Bytes of the originals in it."""
    pack_bytes: int


class Totals:
    """Counts by tool and strategy, for a block, a shard or a run.

    >>> totals = Totals()
    >>> totals.add(
    ...     {"tool": "ls", "strategy": "table", "payloads": 1, "tokens_before": 90, "tokens_after": 30}
    ... )
    >>> totals.add({"tool": "ls", "strategy": "table", "payloads": 2, "tokens_before": 10, "tokens_after": 5})
    >>> totals.rows()[0]["payloads"], totals.rows()[0]["tokens_before"], totals.sum("tokens_after")
    (3, 100, 35)
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self._tools: set[str] = set()
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds one row, as `_core.CrushedBlock.totals` or `rows` returns it."""
        tool = row["tool"]
        # Tool names come from the input. An input that never repeats one must not fill the memory.
        if tool not in self._tools:
            if len(self._tools) < TOOLS:
                self._tools.add(tool)
            else:
                tool = OTHER_TOOLS
        counts = self._counts.setdefault((tool, row["strategy"]), [0] * len(_COUNTS))
        for index, name in enumerate(_COUNTS):
            counts[index] += row.get(name, 0)

    def rows(self) -> list[dict[str, Any]]:
        """Returns one row for each tool and strategy, sorted."""
        return [
            {"tool": tool, "strategy": strategy, **dict(zip(_COUNTS, counts, strict=True))}
            for (tool, strategy), counts in sorted(self._counts.items())
        ]

    def sum(self, name: str) -> int:
        """Returns the sum of one count over all rows."""
        index = _COUNTS.index(name)
        return sum(counts[index] for counts in self._counts.values())


class ShardResult(NamedTuple):
    """The result of a shard, all of it durable."""

    shard: int
    parts: Sequence[CompactedPart]
    packs: Sequence[StoredPack]
    totals: Sequence[Mapping[str, Any]]
    """Rows of `Totals`."""
    failures: Mapping[str, int]
    """Failures by kind."""
    duplicates: int
    """Repeats of originals in the shard's input that its packs don't hold again."""
    refused: int
    """Originals that weren't stored because they have been erased."""
    unproved: int
    """Payloads left as they were, because their compacted form didn't restore. Nothing is lost, but this is a
    defect of the crusher."""
    left_out: Sequence[Sequence[str]] = ()
    """Files of a folder that could no longer be read: name and why."""

    def to_json(self) -> bytes:
        """Returns the shard's done-record."""
        return dump_json(
            {
                "format_version": FORMAT_VERSION,
                **self._asdict(),
                "parts": [_part_fields(part) for part in self.parts],
                "packs": [pack._asdict() for pack in self.packs],
            }
        )

    @classmethod
    def from_json(cls, data: bytes, name: str) -> "ShardResult":
        """Reads a done-record. Its name is for messages. Raises FormatError."""
        fields = load_json(data, name)
        try:
            return cls(
                **{
                    **{field: fields[field] for field in cls._fields},
                    "parts": [_part(part) for part in fields["parts"]],
                    "packs": [StoredPack(**pack) for pack in fields["packs"]],
                }
            )
        except (KeyError, TypeError) as error:
            raise FormatError(f"{name} isn't the done-record of a shard") from error


class Manifest(NamedTuple):
    """The manifest of a complete run."""

    run_date: str
    """The date stored with the run's originals, such as `2026-01-31`."""
    parts: Sequence[CompactedPart]
    """In the order of the input: by source, then by range."""
    summary: Mapping[str, Any]
    """Counts of the whole run, as `headroom_beam.files.summary.summarize` gives them."""
    left_out: Sequence[Sequence[str]] = ()
    """What stood in an input folder and isn't in the output: name and why."""

    def to_json(self) -> bytes:
        """Returns the manifest as JSON, with one part on each line."""
        opening = dump_json(
            {
                "format_version": FORMAT_VERSION,
                "run_date": self.run_date,
                "summary": self.summary,
                "left_out": self.left_out,
            }
        )
        parts = b",\n".join(dump_json(_part_fields(part)).rstrip() for part in self.parts)
        return opening.rstrip().removesuffix(b"}") + b',"parts":[\n' + parts + b"\n]}\n"


def read_manifest(output: Objects) -> Manifest:
    """Reads the manifest of a run from its output.

    Raises:
        StoreError: the run is incomplete, so there is no manifest, or it can't be read.
        FormatError: the manifest is damaged, or of an unknown version.
    """
    if not output.exists(MANIFEST):
        what = (
            "the run is incomplete; run it again to finish it"
            if output.exists(RUN)
            else "no run has written there"
        )
        raise StoreError(f"{output.root} has no {MANIFEST}: {what}")
    name = f"{output.root}/{MANIFEST}"
    fields = load_json(output.get(MANIFEST), name)
    try:
        parts = [_part(part) for part in fields["parts"]]
        return Manifest(fields["run_date"], parts, fields["summary"], fields["left_out"])
    except (KeyError, TypeError) as error:
        raise FormatError(f"{name} isn't a manifest") from error


def dump_json(value: object) -> bytes:
    """Writes a value as one line of JSON. It is ASCII, which keeps file names that aren't UTF-8."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def load_json(data: bytes, name: str) -> dict[str, Any]:
    """Reads an object of `FORMAT_VERSION` that `dump_json` wrote. Its name is for messages.

    Raises FormatError.
    """
    try:
        fields = json.loads(data)
        version = fields["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(f"{name} is damaged, or was written by another program") from error
    if version != FORMAT_VERSION:
        raise FormatError(f"{name} has format version {version}; this release reads version {FORMAT_VERSION}")
    return dict(fields)
