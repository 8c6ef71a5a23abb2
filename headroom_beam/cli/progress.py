"""Shows the progress of a run over files, as a line on a terminal.

`RunProgress` reads the done-records in the output, so it works with every runner. Without a terminal, nothing
is read or written.
"""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from headroom_beam.errors import HeadroomBeamError
from headroom_beam.files.manifest import RUN, ShardResult, load_json
from headroom_beam.files.report import format_bytes
from headroom_beam.objects.open import open_objects

__all__ = ["ProgressLine", "RunProgress"]

_INTERVAL_S = 1.0


class ProgressLine:
    """A line of progress on a terminal. Anything else than a terminal gets no output.

    Args:
        total_bytes: bytes of the whole input; 0 if unknown.
        stream: where to write; None for standard error.
        interval_s: shortest time between two updates of the line, in seconds.
        clock: returns the seconds since a fixed moment.

    >>> with ProgressLine(100) as progress:
    ...     progress.update(50, records=3)
    """

    def __init__(
        self,
        total_bytes: int,
        *,
        stream: TextIO | None = None,
        interval_s: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total_bytes = total_bytes
        self._stream = sys.stderr if stream is None else stream
        self._interval_s = interval_s
        self._clock = clock
        self._start_s = clock()
        self._written_s = self._start_s - interval_s
        self._shown = self._stream.isatty()

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def update(self, done_bytes: int, *, records: int, failures: int = 0) -> None:
        """Updates the line, unless the last update is too recent.

        Args:
            done_bytes: input bytes done so far.
            records: records read so far.
            failures: failures so far.
        """
        now_s = self._clock()
        if not self._shown or now_s - self._written_s < self._interval_s:
            return
        self._written_s = now_s
        line = _progress(done_bytes, self._total_bytes, now_s - self._start_s, records, failures)
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()


def _progress(done_bytes: int, total_bytes: int, elapsed_s: float, records: int, failures: int) -> str:
    speed = done_bytes / elapsed_s if elapsed_s > 0 else 0.0
    parts = [f"{records:,} records", f"{format_bytes(done_bytes)}", f"{format_bytes(int(speed))}/s"]
    if failures:
        parts.append(f"{failures:,} failures")
    if total_bytes:
        parts.insert(0, f"{100 * done_bytes // total_bytes:3d} %")
        if speed:
            left_s = int((total_bytes - done_bytes) / speed)
            parts.append(f"{left_s // 3600}:{left_s // 60 % 60:02d}:{left_s % 60:02d} left")
    return "  ".join(parts)


class RunProgress:
    """Shows the progress of a run while the `with` block runs its pipeline.

    Args:
        output: root of the run's compacted files.
    """

    def __init__(self, output: str) -> None:
        self._output = open_objects(output)
        self._shard_bytes: list[int] = []
        self._done: dict[str, ShardResult] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> "RunProgress":
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._closing.wait(_INTERVAL_S):
            try:
                if self._output.exists(RUN):
                    break
            except HeadroomBeamError:
                # Progress must never fail a run. The run itself meets the same error and reports it.
                continue
        else:
            return
        plan = load_json(self._output.get(RUN), RUN)
        self._shard_bytes = [sum(stop - start for _, start, stop, _ in spans) for spans in plan["shards"]]
        with ProgressLine(sum(self._shard_bytes)) as progress:
            while not self._closing.wait(_INTERVAL_S):
                try:
                    self._read_done()
                except HeadroomBeamError:
                    continue
                results = self._done.values()
                progress.update(
                    sum(self._shard_bytes[result.shard] for result in results),
                    records=sum(part.records for result in results for part in result.parts),
                    failures=sum(count for result in results for count in result.failures.values()),
                )

    def _read_done(self) -> None:
        for info in self._output.list("_shards/"):
            if info.name not in self._done:
                self._done[info.name] = ShardResult.from_json(self._output.get(info.name), info.name)
