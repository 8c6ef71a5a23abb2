"""Side files: text files beside a session that hold one result of a tool each.

Agents cut a long result before they log it, and write the whole one to a file beside the session. Such a file
is crushed as one text, so that it is as small as the results in the session.
"""

from __future__ import annotations

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
        All of them, in the same order, side files with the framing `text`.

    >>> from headroom_beam.files.sources import Source
    >>> names = ["s1.jsonl", "s1/tool-results/a.txt", "s1/notes/a.txt"]
    >>> sources = [Source("/logs", name, 10, "1", framing="copied") for name in names]
    >>> [source.framing for source in with_side_files(sources, ["tool-results/*"], max_bytes=100)]
    ['copied', 'text', 'copied']
    """
    return [
        source._replace(framing="text", note="")
        if source.codec == "plain"
        and 0 < source.size_bytes <= max_bytes
        and source.framing in ("lines", "document", "copied")
        and any(PurePosixPath(source.name).match(pattern) for pattern in patterns)
        else source
        for source in sources
    ]
