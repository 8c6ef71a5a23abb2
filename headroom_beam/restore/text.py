"""Restoring one compacted text or record.

Restoring needs the compacted text and the store, and nothing else: neither the trace format nor the options
of the run.
"""

from headroom_beam import _core
from headroom_beam.errors import FormatError
from headroom_beam.restore.found_originals import take_originals
from headroom_beam.restore.lines import is_line, split_record
from headroom_beam.store.lookup import lookup_many
from headroom_beam.store.resolution import resolution_error
from headroom_beam.store.store import OriginalStore

__all__ = ["restore_record", "restore_text"]


def restore_text(text: str, store: OriginalStore) -> str:
    """Restores bare text, as `SmartCrusher` gives it.

    Args:
        text: compacted text, not quoted as a JSON string.
        store: where its originals are.

    Raises:
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original can't be had.
        FormatError: a marker, head or table that no released version writes.
        StoreError: the store can't be read.
    """
    return _restore(text.encode(), store, lines=False).decode()


def restore_record(record: bytes, store: OriginalStore) -> bytes:
    """Restores one compacted record: a JSON text, as `Compacted.record` has it.

    Args:
        record: in UTF-8, without a line end.
        store: where its originals are.

    Returns:
        The record's original bytes.

    Raises:
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original can't be had.
        FormatError: a marker, head or table that no released version writes.
        StoreError: the store can't be read.
    """
    before, content, after = split_record(record)
    return before + _restore(content, store, lines=is_line(content)) + after


def _restore(compacted: bytes, store: OriginalStore, *, lines: bool) -> bytes:
    lookup = lookup_many(store, _core.markers(compacted, lines=lines).column("hash").to_pylist())
    restored = _core.restore_block(
        compacted, take_originals(lookup.found, range(len(lookup.found))), lines=lines
    )
    for row in restored.unresolved().to_pylist():
        if row["hash"] in lookup.unresolved:
            raise resolution_error(row["hash"], lookup.unresolved[row["hash"]])
        raise FormatError(row["message"])
    return restored.restored
