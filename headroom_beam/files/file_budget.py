r"""A budget for all payloads of a file, measured before the file is crushed.

Where each line is one message, the file is the conversation. Which of its payloads give way is known only at
its end, so it is read several times. Nothing but a few numbers for each payload stays in memory.

>>> from headroom_beam.crush.config import SmartCrusherConfig, options_for
>>> options = options_for(SmartCrusherConfig(), ".result")
>>> lines = b'{"result": "%s"}\n' % (b"the first words and many more " * 200) * 2
>>> budget = measure_file(lambda: [Block(0, lines)], options, 1000)
>>> crushed = _core.crush_block(lines, options, budget=budget)
>>> budget.excess, len(crushed.lines()) < len(lines)
(0, True)
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator

from headroom_beam import _core
from headroom_beam.files.blocks import Block, Chunk
from headroom_beam.files.reading import Item

__all__ = ["budget_note", "measure_file", "rereadable"]

# A longer member of an archive waits on disk between two readings.
_MEMORY_BYTES = 8 << 20

_CHUNK_BYTES = 1 << 20


def measure_file(
    read: Callable[[], Iterable[Item]], options: _core.Options, max_tokens: int
) -> _core.FileBudget:
    """Reads a file until it is known which of its payloads give way to its budget.

    Args:
        read: gives the blocks of the file, the same at each call.
        options: how to crush.
        max_tokens: the budget of all payloads together.
    """
    budget = _core.FileBudget(options, max_tokens)
    while not budget.is_measured:
        calls = _core.CallTable()
        for item in read():
            if isinstance(item, Block):
                _core.crush_block(item.data, options, calls, budget)
            elif isinstance(item, _core.CutBlock):
                _core.crush_elements(item, options, calls, budget)
        budget.end_reading()
    return budget


def budget_note(budget: _core.FileBudget) -> str:
    """Says in what a file differs from its budget; empty if it keeps to it."""
    if budget.is_too_long:
        return "it has too many payloads for max_file_tokens, which doesn't act"
    if budget.excess:
        return f"its payloads exceed max_file_tokens by {budget.excess} tokens, since each keeps its excerpt"
    return ""


def rereadable(chunks: Iterable[Chunk]) -> Callable[[], Iterator[Chunk]]:
    """Keeps what can be read only once, so that it can be read again. Large content waits on disk.

    >>> read = rereadable([Chunk(5, b"ab"), Chunk(7, b"c")])
    >>> list(read()) == list(read()) == [Chunk(5, b"abc")]
    True
    """
    file = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115
    first = 0
    for number, chunk in enumerate(chunks):
        first = chunk.offset if number == 0 else first
        file.write(chunk.data)

    def read() -> Iterator[Chunk]:
        file.seek(0)
        offset = first
        while data := file.read(_CHUNK_BYTES):
            yield Chunk(offset, data)
            offset += len(data)

    return read
