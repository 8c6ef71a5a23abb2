"""Writes an object of JSON Lines that is made only when it gets a line."""

import io
import tempfile
from collections.abc import Callable
from contextlib import ExitStack

from headroom_beam.objects.base import Objects, ObjectWriter

__all__ = ["RowsWriter"]


class RowsWriter:
    """An object of JSON Lines that is made when its first line is written.

    Args:
        output: where the object will be.
        name: its name there.
        stack: closes it, so that what isn't committed is dropped.
    """

    def __init__(self, output: Objects, name: str, stack: ExitStack) -> None:
        self._make: Callable[[], ObjectWriter] = lambda: output.create(name)
        self._stack = stack
        self._writer: ObjectWriter | None = None
        self._held: tempfile.SpooledTemporaryFile[bytes] | None = None

    def hold(self) -> None:
        """Lets what is written from now on wait until it is settled."""
        self._held = tempfile.SpooledTemporaryFile(8 << 20)  # noqa: SIM115

    def settle(self, *, keep: bool) -> None:
        """Keeps or drops what has waited."""
        held, self._held = self._held, None
        if held is not None:
            with held:
                if keep and held.tell():
                    held.seek(0)
                    while data := held.read(io.DEFAULT_BUFFER_SIZE):
                        self.write(data)

    def write(self, data: bytes) -> None:
        """Takes the next bytes."""
        if self._held is not None:
            self._held.write(data)
            return
        if self._writer is None:
            self._writer = self._make()
            self._stack.callback(self._writer.close)
        self._writer.write(data)

    def commit(self) -> None:
        """Makes the object visible, if it has a line."""
        if self._writer is not None:
            self._writer.commit()
