"""Defines the interface of every backend of write-once objects: `Objects`, its writers and its errors.

An object appears whole or not at all, and never changes afterwards. Nothing here deletes or overwrites one.
"""

from __future__ import annotations

import abc
import hashlib
import io
import re
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

from headroom_beam.errors import IntegrityError, StoreError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "COPY_BYTES",
    "TEMPORARY_PREFIX",
    "Irregular",
    "ObjectConflict",
    "ObjectInfo",
    "ObjectNotFound",
    "ObjectWriter",
    "Objects",
    "check_name",
    "same_bytes",
]

Buffer: TypeAlias = "bytes | bytearray | memoryview"

TEMPORARY_PREFIX = ".tmp-"
"""Prefix of a temporary file's name. No object may have such a name, and `Objects.list` shows none."""

COPY_BYTES = 1 << 20


class ObjectNotFound(StoreError):
    """There is no object of this name. Trying again doesn't help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)

    def __reduce__(self) -> tuple[object, ...]:
        return (ObjectNotFound, (self.args[0],))


class ObjectConflict(IntegrityError):
    """An object of this name is there already, with other bytes. It was left as it is."""


class ObjectInfo(NamedTuple):
    """One object of a listing."""

    name: str
    size_bytes: int
    version: str
    """Changes whenever the bytes change: the GCS generation, or the modification time in nanoseconds."""


class Irregular(NamedTuple):
    """Something below a root that isn't a plain object."""

    name: str
    what: str
    """What it is, in words."""
    taken: bool
    """A listing has it as an object all the same."""


def check_name(name: str) -> str:
    """Returns the name of an object unchanged: a relative path, with no part empty, `.`, `..` or temporary.

    Raises:
        ValueError: the name isn't one. The message says which part is wrong.

    >>> check_name("packs/a.parquet")
    'packs/a.parquet'
    >>> check_name("../a")
    Traceback (most recent call last):
    ValueError: object name '../a' has the part '..'; use a relative path below the root
    """
    if re.search(r"[\x00-\x1f\x7f]", name):
        raise ValueError(f"object name {name!r} has a control character")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise ValueError(
                f"object name {name!r} has the part {part!r}; use a relative path below the root"
            )
        if part.startswith(TEMPORARY_PREFIX):
            raise ValueError(
                f"object name {name!r} has a part that begins with {TEMPORARY_PREFIX!r}, "
                "which is reserved for temporary files"
            )
    return name


class ObjectWriter(io.RawIOBase):
    """A binary file-like that becomes an object at `commit`, and is invisible until then.

    Leaving a `with` block commits. An exception in it, `close` and garbage collection abort.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.size_bytes = 0
        self.written: bool | None = None
        """After `commit`: True when it made the object, False when an equal one was there."""
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The hex SHA-256 of the bytes written so far."""
        return self._sha256.hexdigest()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size_bytes

    def write(self, data: Any, /) -> int:
        """Writes all of `data` (bytes-like) and returns its length in bytes.

        Raises:
            StoreError: the bytes can't be written.
            ValueError: the writer was committed or aborted.
        """
        if self.closed:
            raise ValueError("write to a writer that was committed or aborted")
        view = memoryview(data).cast("B")
        self._append(view)
        self._sha256.update(view)
        self.size_bytes += len(view)
        return len(view)

    def commit(self) -> bool:
        """Makes the object durable and visible.

        Returns:
            True when the object is new, False when an equal one was there.

        Raises:
            ObjectConflict: an object with other bytes is there.
            StoreError: the object can't be written.
            ValueError: the writer was committed or aborted.
        """
        if self.closed:
            raise ValueError("commit of a writer that was committed or aborted")
        try:
            self.written = self._publish()
        finally:
            self.close()
        return self.written

    def abort(self) -> None:
        """Drops the bytes written so far."""
        self.close()

    def close(self) -> None:
        if not self.closed:
            self._discard()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self.closed:
            self.commit()
        else:
            self.abort()

    @abc.abstractmethod
    def _append(self, view: memoryview) -> None: ...

    @abc.abstractmethod
    def _publish(self) -> bool: ...

    @abc.abstractmethod
    def _discard(self) -> None: ...


class Objects(abc.ABC):
    """Objects under one root. Thread safe and picklable. `check_name` says what a name may be.

    Every method raises StoreError when the file system or the network fails. The error's `retryable` says
    whether trying again may help. A method that reads an object raises ObjectNotFound when it isn't there.
    """

    root: str
    request_s: float
    """About how many seconds a ranged read takes to its first byte. Lookups plan with it."""

    def put_if_absent(self, name: str, data: Buffer) -> bool:
        """Writes an object durably.

        Returns:
            True when the object is new, False when an equal one was there.

        Raises:
            ObjectConflict: an object with other bytes is there.
        """
        with self.create(name) as writer:
            writer.write(data)
        return bool(writer.written)

    def put_or_get(self, name: str, data: Buffer) -> bytes:
        """Writes an object unless one of this name is there, and returns the bytes that it has now."""
        try:
            self.put_if_absent(name, data)
        except ObjectConflict:
            return self.get(name)
        return bytes(data)

    def get(self, name: str) -> bytes:
        """Returns all bytes of an object."""
        with self.open(name) as reader:
            return reader.read()

    @abc.abstractmethod
    def create(self, name: str) -> ObjectWriter:
        """Returns a writer whose bytes become the object `name` at commit, if none is there by then."""

    @abc.abstractmethod
    def get_range(self, name: str, offset: int, length: int) -> bytes:
        """Returns exactly `length` bytes from `offset` on, in one read.

        Raises:
            IntegrityError: the object ends before.
        """

    @abc.abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """Returns a seekable reader of one version of the object, even if it is replaced meanwhile."""

    @abc.abstractmethod
    def info(self, name: str) -> ObjectInfo | None:
        """Returns the size and version of an object, or None when it isn't there."""

    @abc.abstractmethod
    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Lists the objects whose names begin with `prefix`, sorted by name.

        `prefix` is any text, and need not end at a slash.
        """

    @abc.abstractmethod
    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Lists the temporary files of killed writers. They may be deleted when no writer runs."""

    def irregular(self) -> Iterator[Irregular]:
        """Lists what is no plain object: links, devices, files with temporary names. Buckets have none."""
        return iter(())

    def size(self, name: str) -> int:
        """Returns the size of an object in bytes."""
        found = self.info(name)
        if found is None:
            raise ObjectNotFound(f"{self.root}/{name} is not there")
        return found.size_bytes

    def exists(self, name: str) -> bool:
        """Returns whether there is an object of this name."""
        return self.info(name) is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"


def same_bytes(left: IO[bytes], right: IO[bytes]) -> bool:
    """Returns whether two readers give the same bytes, from their positions to their ends."""
    while True:
        a, b = left.read(COPY_BYTES), right.read(COPY_BYTES)
        if a != b:
            return False
        if not a:
            return True
