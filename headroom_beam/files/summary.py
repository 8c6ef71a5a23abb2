"""Adds up what the shards of a run have come to: the content of `_summary.json`."""

from collections.abc import Iterable, Sequence
from typing import Any

from headroom_beam.files.manifest import CompactedPart, ShardResult, Totals

__all__ = ["DOUBTFUL_FILES", "summarize"]

DOUBTFUL_FILES = 20
"""How many files with failures or unrecognised records a summary names."""

_NOTES = 1000
"""How many files with a note a summary names; the manifest names all."""


def summarize(results: Sequence[ShardResult], left_out: Sequence[Sequence[str]] = ()) -> dict[str, Any]:
    """Adds up the shards of a run.

    Args:
        results: of every shard.
        left_out: what stood in an input folder and isn't in the output, name and why.

    Returns:
        The fields of `_summary.json`, which `docs/operations.md` explains. Sizes are in bytes, decompressed.
    """
    totals = Totals(row for result in results for row in result.totals)
    parts = [part for result in results for part in result.parts]
    packs = {pack.name: pack for result in results for pack in result.packs}
    failures: dict[str, int] = {}
    for result in results:
        for kind, count in result.failures.items():
            failures[kind] = failures.get(kind, 0) + count
    records = sum(part.records for part in parts)
    notes = [[name, f"{note}; left out"] for name, note in left_out]
    notes += [[part.source, part.note] for part in parts if part.note]
    return {
        "files": len({part.source for part in parts}),
        "parts": len(parts),
        "records": records,
        "compacted": records - sum(failures.values()),
        "failures": dict(sorted(failures.items())),
        "bytes_before": sum(part.stop - part.start for part in parts),
        "bytes_after": sum(part.compacted_bytes for part in parts),
        "copied": sum(part.framing == "copied" for part in parts),
        "copied_bytes": sum(part.compacted_bytes for part in parts if part.framing == "copied"),
        "left_out": len(left_out),
        "notes": _first(notes),
        "unrecognised": sum(part.unrecognised for part in parts),
        "likely": sum(part.likely for part in parts),
        "doubtful_files": _doubtful_files(parts),
        "in_place": _in_place(parts),
        "tokens_before": totals.sum("tokens_before"),
        "tokens_after": totals.sum("tokens_after"),
        "payloads": totals.sum("payloads"),
        "rows_dropped": totals.sum("rows_total") - totals.sum("rows_kept"),
        "packs": len(packs),
        "originals": sum(pack.originals for pack in packs.values()),
        "original_bytes": sum(pack.original_bytes for pack in packs.values()),
        "pack_bytes": sum(pack.pack_bytes for pack in packs.values()),
        "duplicates": sum(result.duplicates for result in results),
        "refused": sum(result.refused for result in results),
        "unproved": sum(result.unproved for result in results),
        "tools": totals.rows(),
    }


def _first(rows: list[list[str]]) -> list[list[str]]:
    more = len(rows) - _NOTES
    return [*rows[:_NOTES], *([["…", f"{more} more"]] if more > 0 else [])]


def _doubtful_files(parts: Iterable[CompactedPart]) -> list[dict[str, Any]]:
    """Returns the files with the most failures and unrecognised records, and counts of each."""
    files: dict[str, dict[str, Any]] = {}
    for part in parts:
        file = files.setdefault(part.source, {"file": part.source, **dict.fromkeys(_FILE_COUNTS, 0)})
        for name in _FILE_COUNTS:
            file[name] += getattr(part, name)
        file["formats"] = list(dict.fromkeys([*file.get("formats", ()), *part.formats]))
    for file in files.values():
        if file["payloads"]:
            file["formats"] = []
    doubts = [(-file["failures"] - file["unrecognised"], name) for name, file in files.items()]
    return [files[name] for count, name in sorted(doubts)[:DOUBTFUL_FILES] if count]


_FILE_COUNTS = ("records", "failures", "payloads", "unrecognised", "likely")


def _in_place(parts: Iterable[CompactedPart]) -> list[list[str]]:
    """Returns the changed files that must not take the place of the logged ones, and why."""
    changed = (part for part in parts if part.compacted_digest != part.source_digest)
    files = {part.source: part.in_place for part in changed if part.in_place}
    return _first([[file, why] for file, why in files.items()])
