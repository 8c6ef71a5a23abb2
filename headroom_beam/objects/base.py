"""What every backend of write-once objects does: `Objects`, its writers and its errors.

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
"""How the last part of a temporary file's name begins; no object may be called so, and no listing shows
one."""

COPY_BYTES = 1 << 20


class ObjectNotFound(StoreError):
    """No object of this name; trying again doesn't help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)

    def __reduce__(self) -> tuple[object, ...]:
        return (ObjectNotFound, (self.args[0],))


class ObjectConflict(IntegrityError):
    """An object of this name is there already with other bytes; it was left as it is."""


class ObjectInfo(NamedTuple):
    """One object of a listing."""

    name: str
    size_bytes: int
    version: str
    """What changes when the object's bytes do: GCS generation, or modification time in nanoseconds."""


def check_name(name: str) -> str:
    """Returns the name of an object if it is one: relative, no part empty, `.`, `..` or temporary.

    Raises ValueError otherwise.

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
                "kept for temporary files"
            )
    return name


class ObjectWriter(io.RawIOBase):
    """A binary file-like that becomes an object at `commit`, and until then is visible to nobody.

    Leaving a `with` block commits; leaving it by an exception, `close` or garbage collection aborts.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.size_bytes = 0
        self.written: bool | None = None
        """After `commit`: True when this call made the object, False when an equal one was there."""
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes written so far."""
        return self._sha256.hexdigest()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size_bytes

    def write(self, data: Any, /) -> int:
        """Takes all of `data` (bytes-like) and returns its length. Raises StoreError."""
        if self.closed:
            raise ValueError("write to a writer that was committed or aborted")
        view = memoryview(data).cast("B")
        self._append(view)
        self._sha256.update(view)
        self.size_bytes += len(view)
        return len(view)

    def commit(self) -> bool:
        """Makes the object durable and visible. True when it is new, False when an equal one was there.

        Raises ObjectConflict when a different one is there, StoreError when it can't be written.
        """
        if self.closed:
            raise ValueError("commit of a writer that was committed or aborted")
        try:
            self.written = self._publish()
        finally:
            self.close()
        return self.written

    def abort(self) -> None:
        """Forgets what was written."""
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
    """Objects under one root. Thread safe and picklable; names are relative, as `check_name` says.

    Every method raises StoreError when the file system or the network fails (its `retryable` says whether
    trying again may help), and ObjectNotFound when it reads an object that isn't there.
    """

    root: str
    request_s: float
    """About how long one ranged read takes before its first byte, in seconds: lookups plan with it."""

    def put_if_absent(self, name: str, data: Buffer) -> bool:
        """Writes an object durably. True when it is new, False when an equal one was there.

        Raises ObjectConflict when a different one is there.
        """
        with self.create(name) as writer:
            writer.write(data)
        return bool(writer.written)

    def put_or_get(self, name: str, data: Buffer) -> bytes:
        """Writes an object unless one of this name is there; returns the bytes that stand there now."""
        try:
            self.put_if_absent(name, data)
        except ObjectConflict:
            return self.get(name)
        return bytes(data)

    def get(self, name: str) -> bytes:
        """All bytes of an object."""
        with self.open(name) as reader:
            return reader.read()

    @abc.abstractmethod
    def create(self, name: str) -> ObjectWriter:
        """A writer whose bytes become the object `name` at commit, if none is there by then."""

    @abc.abstractmethod
    def get_range(self, name: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset` on, in one read.

        Raises IntegrityError when the object ends before.
        """

    @abc.abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """A seekable reader of one version of the object, even if it is replaced meanwhile."""

    @abc.abstractmethod
    def info(self, name: str) -> ObjectInfo | None:
        """Size and version of an object, or None when it isn't there."""

    @abc.abstractmethod
    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The objects whose names begin with `prefix` (a text, not a folder), sorted by name."""

    @abc.abstractmethod
    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Temporary files that killed writers left behind: safe to delete when no writer runs."""

    def size(self, name: str) -> int:
        """Bytes of an object."""
        found = self.info(name)
        if found is None:
            raise ObjectNotFound(f"{self.root}/{name} is not there")
        return found.size_bytes

    def exists(self, name: str) -> bool:
        """Whether there is an object of this name."""
        return self.info(name) is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"


def same_bytes(left: IO[bytes], right: IO[bytes]) -> bool:
    """Whether two readers give the same bytes from where they stand."""
    while True:
        a, b = left.read(COPY_BYTES), right.read(COPY_BYTES)
        if a != b:
            return False
        if not a:
            return True
