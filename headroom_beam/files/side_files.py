"""Side files: text files beside a session that hold one result of a tool each.

Agents cut a long result before they log it, and write the whole one to a file beside the session. Such a file
is crushed as one text, so that it is as small as the results in the session. Of a session with such files, a
note says how many of its results are cut ones.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from headroom_beam.files.sources import Source

__all__ = ["with_side_files"]


def with_side_files(sources: Iterable[Source], patterns: Sequence[str], *, max_bytes: int) -> list[Source]:
    """Tells the side files among the input files by their names.

    Args:
        sources: the input files, with codec and framing.
        patterns: as `pathlib.PurePath.match` takes them; a relative one matches from the right.
        max_bytes: a longer file isn't taken for a side file.

    Returns:
        All of them, in the same order: side files with the framing `text`, and with a note the session whose
        name the folder around their folder has.

    >>> from headroom_beam.files.sources import Source
    >>> names = ["s1.jsonl", "s1/tool-results/a.txt", "s1/notes/a.txt"]
    >>> sources = [Source("/logs", name, 10, "1", framing="copied") for name in names]
    >>> for source in with_side_files(sources, ["tool-results/*"], max_bytes=100):
    ...     print(source.framing, "-", source.note or "no note")
    copied - a result in it may be cut: the whole one is in s1/tool-results
    text - no note
    copied - no note
    """
    marked = [
        source._replace(framing="text", note="") if _is_side_file(source, patterns, max_bytes) else source
        for source in sources
    ]
    folders = Counter(PurePosixPath(source.name).parent for source in marked if source.framing == "text")
    notes = {folder.parent: _note(folder, count) for folder, count in folders.items()}
    for at, source in enumerate(marked):
        note = notes.get(PurePosixPath(source.name).with_suffix(""))
        if note and source.framing != "text":
            marked[at] = source._replace(note="; ".join(filter(None, [source.note, note])))
    return marked


def _is_side_file(source: Source, patterns: Sequence[str], max_bytes: int) -> bool:
    return (
        source.codec == "plain"
        and 0 < source.size_bytes <= max_bytes
        and source.framing in ("lines", "document", "copied")
        and any(PurePosixPath(source.name).match(pattern) for pattern in patterns)
    )


def _note(folder: PurePosixPath, count: int) -> str:
    if count == 1:
        return f"a result in it may be cut: the whole one is in {folder}"
    return f"{count} results in it may be cut: the whole ones are in {folder}"
