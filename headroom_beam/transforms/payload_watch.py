"""Warns when many records in a row have no payload, which a stream would otherwise never tell.

>>> watch = PayloadWatch(first=100)
>>> watch.add(60, payloads=0), watch.add(60, payloads=0), watch.add(60, payloads=0)
(False, True, False)
"""

import logging
import threading

__all__ = ["PayloadWatch", "shared_watch"]

log = logging.getLogger(__name__)

_FIRST = 1000
"""Records without a payload at which the first warning comes. Each further one takes ten times as many."""


class PayloadWatch:
    """Counts records since the last payload. Threads may share it.

    Args:
        first: so many records give the first warning.
    """

    def __init__(self, *, first: int = _FIRST) -> None:
        self._first = first
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._records = self._failures = self._likely = 0
        self._due = self._first

    def add(self, records: int, *, payloads: int, failures: int = 0, likely: int = 0) -> bool:
        """Adds a batch of records, and warns if a warning is due. Returns whether it warned.

        Args:
            records: its records.
            payloads: payloads in them.
            failures: those of the records that failed.
            likely: those in which something looks like a result, but isn't surely one.
        """
        with self._lock:
            if payloads:
                self._reset()
                return False
            self._records += records
            self._failures += failures
            self._likely += likely
            if self._records < self._due:
                return False
            while self._due <= self._records:
                self._due *= 10
            counts = (self._records, self._failures, self._likely)
        log.warning(
            "no payload in the last %d records (%d failures; in %d something looks like a result): "
            "say in trace_format where payloads are; headroom-beam formats FILE shows what is in a file",
            *counts,
        )
        return True


_watches: dict[tuple[str, str], PayloadWatch] = {}


def shared_watch(source: str, fingerprint: str) -> PayloadWatch:
    """Returns the watch of this process over one source with equal options.

    A worker gets its transforms again and again, and a pipeline may be started for each batch.
    """
    return _watches.setdefault((source, fingerprint), PayloadWatch())
