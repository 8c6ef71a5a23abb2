"""Finds the input files of a run or an estimate, and tells what each of them is."""

from collections.abc import Sequence

from headroom_beam.files.detect import detect_all
from headroom_beam.files.shards import find_sources
from headroom_beam.files.side_files import with_side_files
from headroom_beam.files.sources import LeftOut, Source

__all__ = ["find_inputs"]


def find_inputs(
    patterns: Sequence[str], *, side_files: Sequence[str] = (), max_bytes: int, left_out: list[LeftOut]
) -> list[Source]:
    r"""Finds input files, and tells their codecs and framings.

    Args:
        patterns: as `headroom_beam.files.shards.find_sources` takes them.
        side_files: patterns of text files that hold a result each.
        max_bytes: a longer file isn't taken for a text file of a result.
        left_out: takes what stands in a directory and isn't taken.

    Returns:
        The files, sorted by relative path.

    Raises:
        StoreError: a pattern matches nothing, a file that was named can't be read, or the network fails.
        ValueError: there is no pattern, or two files have the same relative path.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.log").write_text('{"id": 1}\n{"id": 2}\n')
    >>> [(one.name, one.framing) for one in find_inputs([str(folder)], max_bytes=1 << 20, left_out=[])]
    [('a.log', 'lines')]
    """
    sources = detect_all(find_sources(patterns, left_out), left_out)
    return with_side_files(sources, side_files, max_bytes=max_bytes)
