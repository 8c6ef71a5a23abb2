r"""Numbers the lines on which records begin, while the items of a file pass.

>>> lines = RecordLines()
>>> block = Block(0, b'{"id": 1}\n\n{"id": 2}\n')
>>> lines.line_of(block, 11), lines.line_of(block, 0)
(3, 1)
>>> lines.leave(block)
>>> lines.line_of(Block(21, b"{}"), 0)
4
"""

from headroom_beam import _core
from headroom_beam.files.blocks import Block, Chunk
from headroom_beam.files.reading import Item, RecordPiece, TextResult

__all__ = ["RecordLines"]


class RecordLines:
    """The lines of a file, counted from 1, up to the item at hand."""

    def __init__(self) -> None:
        self._line = 1
        self._has_record = False

    def line_of(self, item: Block | _core.CutBlock | TextResult, offset: int) -> int | None:
        """Returns the line on which a record begins; None if another record before it begins there, too.

        Args:
            item: the item at hand.
            offset: where the record begins, in bytes from the start of the item.
        """
        data = item.data
        line = self._line + data.count(b"\n", 0, offset)
        if not isinstance(item, _core.CutBlock):
            return line
        start_of_line = data.rfind(b"\n", 0, offset) + 1
        is_first = all(start >= offset or start < start_of_line for start in _starts(item))
        return line if is_first and not (self._has_record and start_of_line == 0) else None

    def leave(self, item: Item) -> None:
        """Goes on behind an item."""
        data = item.data
        start_of_line = data.rfind(b"\n") + 1
        self._line += data.count(b"\n")
        if start_of_line:
            self._has_record = False
        if isinstance(item, _core.CutBlock):
            self._has_record |= any(start >= start_of_line for start in _starts(item))
        elif isinstance(item, RecordPiece):
            self._has_record |= not start_of_line or item.end is None
            if item.end and b"\n" in item.end:
                self._line += 1
                self._has_record = False
        elif not isinstance(item, Chunk):
            self._has_record = False


def _starts(block: _core.CutBlock) -> list[int]:
    """Returns where each element begins, in bytes from the start of the block."""
    return [element.offset - block.offset for element in block.elements()]
