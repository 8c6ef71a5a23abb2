"""A line of progress for a run over files, on a terminal.

It watches the output's done-records and so knows nothing of the runner. Off a terminal nothing is watched or written.
"""

import sys
import threading
from types import TracebackType

from headroom_beam.errors import HeadroomBeamError
from headroom_beam.files.manifest import RUN, ShardResult, load_json
from headroom_beam.files.report import Progress
from headroom_beam.objects.open import open_objects

__all__ = ["RunProgress"]

_INTERVAL_S = 1.0


class RunProgress:
    """Shows how far a run is while the `with` block runs the pipeline.

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
                continue  # Progress is never worth failing for; the run itself meets the same error and reports it.
        else:
            return
        plan = load_json(self._output.get(RUN), RUN)
        self._shard_bytes = [sum(stop - start for _, start, stop, _ in spans) for spans in plan["shards"]]
        with Progress(sum(self._shard_bytes)) as progress:
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
