"""A store that all DoFns of a process share."""

from typing import Any

from apache_beam.utils.shared import Shared

from headroom_beam.store.store import OriginalStore

__all__ = ["SharedStore", "pack_names"]


class SharedStore:
    """A store that is opened once in each process, when first needed, for all DoFns that got this object.

    It can be pickled.

    Readers open late, because a step before them in the same pipeline may be what makes the store.

    Args:
        root: root of the store.
        create: make the store when there is none, as writers do.
    """

    def __init__(self, root: str, *, create: bool) -> None:
        self._root = root
        self._create = create
        self._shared = Shared()
        self._store: OriginalStore | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_store": None}

    def open(self) -> OriginalStore:
        """Opens the store, or gives the one that is open in this process.

        Raises:
            StoreError: it can't be reached, or there is none.
            FormatError: it is of an unknown version.
        """
        if self._store is None:
            self._store = self._shared.acquire(lambda: OriginalStore.open(self._root, create=self._create))
        return self._store


def pack_names(_: Any, store: SharedStore) -> list[str]:
    """Lists the packs of a store, when the pipeline runs."""
    return store.open().pack_names()
