"""Restores one compacted text or record.

This takes only the text and the store. The trace format and the options of crushing aren't needed.
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
    """Restores a text that `SmartCrusher` has crushed.

    Args:
        text: compacted text, without the quotes and escapes of a JSON string.
        store: the store with its originals.

    Returns:
        The text before it was crushed.

    Raises:
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original can't be given out.
        FormatError: the text has a marker, header or table that no released version writes.
        StoreError: the store can't be read.

    >>> import tempfile
    >>> from headroom_beam import SmartCrusher
    >>> store, text = OriginalStore.open(tempfile.mkdtemp()), "a line of a long log" * 1000
    >>> restore_text(SmartCrusher(store=store).crush(text).compressed, store) == text
    True
    """
    return _restore(text.encode(), store, lines=False).decode()


def restore_record(record: bytes, store: OriginalStore, *, padded: bool = False) -> bytes:
    """Restores one compacted record: a JSON text such as `Compacted.record`.

    Args:
        record: the compacted record in UTF-8, without its line end.
        store: the store with its originals.
        padded: the record is a line that may be padded with blanks to its old length; take these off.

    Returns:
        The record's original bytes.

    Raises:
        OriginalNotFound, OriginalExpired, AmbiguousHash, IntegrityError: an original can't be given out.
        FormatError: the record has a marker, header or table that no released version writes.
        StoreError: the store can't be read.

    >>> import tempfile
    >>> restore_record(b'{"id": 1}', OriginalStore.open(tempfile.mkdtemp()))
    b'{"id": 1}'
    """
    before, content, after = split_record(record)
    return before + _restore(content, store, lines=is_line(content), padded=padded) + after


def _restore(compacted: bytes, store: OriginalStore, *, lines: bool, padded: bool = False) -> bytes:
    lookup = lookup_many(store, _core.markers(compacted, lines=lines).column("hash").to_pylist())
    restored = _core.restore_block(
        compacted, take_originals(lookup.found, range(len(lookup.found))), lines=lines, padded=padded
    )
    for row in restored.unresolved().to_pylist():
        if row["hash"] in lookup.unresolved:
            raise resolution_error(row["hash"], lookup.unresolved[row["hash"]])
        raise FormatError(row["message"])
    return restored.restored
