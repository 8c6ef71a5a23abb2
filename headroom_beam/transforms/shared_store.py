"""A store that all DoFns of a process share."""

from typing import Any

from apache_beam.utils.shared import Shared

from headroom_beam.store.store import OriginalStore

__all__ = ["SharedStore", "pack_names"]


class SharedStore:
    """A store that is opened once in each process, for all DoFns that got this object.

    It is opened when it is first needed, since an earlier step of the same pipeline may create it. This
    object can be pickled.

    Args:
        root: root of the store.
        create: create the store if there is none, as writers do.
    """

    def __init__(self, root: str, *, create: bool) -> None:
        self._root = root
        self._create = create
        self._shared = Shared()
        self._store: OriginalStore | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_store": None}

    def open(self) -> OriginalStore:
        """Opens the store, or returns the store that is already open in this process.

        Raises:
            StoreError: there is no store, or it can't be read.
            FormatError: the store is of an unknown version.
        """
        if self._store is None:
            self._store = self._shared.acquire(lambda: OriginalStore.open(self._root, create=self._create))
        return self._store


def pack_names(_: Any, store: SharedStore) -> list[str]:
    """Returns the names of a store's packs, at the time when the pipeline runs."""
    return store.open().pack_names()
