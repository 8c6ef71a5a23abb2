"""Stores write-once objects in a local directory: `LocalObjects`."""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.objects.base import (
    COPY_BYTES,
    TEMPORARY_PREFIX,
    Irregular,
    ObjectConflict,
    ObjectInfo,
    ObjectNotFound,
    Objects,
    ObjectWriter,
    check_name,
    same_bytes,
)

__all__ = ["LocalObjects"]

_RETRYABLE = {
    errno.EAGAIN, errno.EBUSY, errno.EDQUOT, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
    errno.ENOSPC, errno.ESTALE, errno.ETIMEDOUT,
}  # fmt: skip


class LocalObjects(Objects):
    """Objects in a local directory.

    A writer fills a temporary file in the object's own directory and fsyncs it. It then links the file to its
    name and fsyncs the directory. Linking fails if the name is taken, so two writers can't overwrite each
    other.
    """

    request_s = 0.00005

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def path(self, name: str) -> str:
        """Returns the path of an object's file."""
        return os.path.join(self.root, check_name(name))

    def create(self, name: str) -> ObjectWriter:
        path = self.path(name)
        with _store_errors(f"write {path}"):
            _make_directories(os.path.dirname(path))
            return _LocalWriter(name, path)

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        path = self.path(name)
        with _store_errors(f"read {path}"):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.pread(descriptor, length, offset)
                while len(data) < length and (
                    more := os.pread(descriptor, length - len(data), offset + len(data))
                ):
                    data += more
            finally:
                os.close(descriptor)
        if len(data) != length:
            raise IntegrityError(f"{path} ends before byte {offset + length}")
        return data

    def open(self, name: str) -> IO[bytes]:
        path = self.path(name)
        with _store_errors(f"read {path}"):
            return io.BufferedReader(_LocalReader(path), COPY_BYTES)

    def info(self, name: str) -> ObjectInfo | None:
        return next(self._found(check_name(name)), None)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for name in sorted(self._walk(prefix)):
            if not name.startswith(TEMPORARY_PREFIX) and f"/{TEMPORARY_PREFIX}" not in name:
                yield from self._found(name)

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for name in sorted(self._walk(prefix)):
            if name.rpartition("/")[2].startswith(TEMPORARY_PREFIX):
                yield from self._found(name)

    def irregular(self) -> Iterator[Irregular]:
        with _store_errors(f"list {self.root}"):
            for folder, folders, files in os.walk(self.root):
                for file in sorted([*folders, *files]):
                    path = os.path.join(folder, file)
                    name = os.path.relpath(path, self.root)
                    with suppress(FileNotFoundError):
                        yield from _irregular(name, path)

    def _found(self, name: str) -> Iterator[ObjectInfo]:
        """Yields size and version of a file, or nothing if it is gone or no regular file.

        A listing may find names that `check_name` refuses, so the name isn't checked.
        """
        path = os.path.join(self.root, name)
        with _store_errors(f"look at {path}"), suppress(FileNotFoundError):
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                yield ObjectInfo(name, status.st_size, str(status.st_mtime_ns))

    def _walk(self, prefix: str) -> Iterator[str]:
        top = os.path.join(self.root, prefix.rpartition("/")[0]) if "/" in prefix else self.root

        def fail(error: OSError) -> None:
            if error.errno != errno.ENOENT:
                raise error

        with _store_errors(f"list {top}"):
            for folder, _, files in os.walk(top, onerror=fail):
                for file in files:
                    name = os.path.relpath(os.path.join(folder, file), self.root)
                    if name.startswith(prefix):
                        yield name


def _irregular(name: str, path: str) -> Iterator[Irregular]:
    mode = os.lstat(path).st_mode
    if not stat.S_ISDIR(mode) and name.rpartition("/")[2].startswith(TEMPORARY_PREFIX):
        yield Irregular(name, "it is a temporary file", taken=False)
    elif stat.S_ISLNK(mode):
        if os.path.isfile(path):
            yield Irregular(name, "it was a link to a file, and is a file now", taken=True)
        else:
            what = "a folder, which isn't followed" if os.path.isdir(path) else "nothing that can be read"
            yield Irregular(name, f"it is a link to {what}", taken=False)
    elif not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        yield Irregular(name, "it is no file but a pipe, socket or device", taken=False)


class _LocalReader(io.FileIO):
    def __init__(self, path: str) -> None:
        self._path = path
        super().__init__(path, "rb")

    def readinto(self, buffer: Any, /) -> int | None:
        with _store_errors(f"read {self._path}"):
            return super().readinto(buffer)


class _LocalWriter(ObjectWriter):
    def __init__(self, name: str, path: str) -> None:
        self._path = path
        self._temporary = os.path.join(os.path.dirname(path), TEMPORARY_PREFIX + secrets.token_hex(16))
        # Opened before the base class is initialized: if this fails, there is nothing to close.
        self._file = open(self._temporary, "xb", buffering=COPY_BYTES)  # noqa: SIM115
        super().__init__(name)

    def _append(self, view: memoryview) -> None:
        with _store_errors(f"write {self._path}"):
            self._file.write(view)

    def _publish(self) -> bool:
        with _store_errors(f"write {self._path}"):
            self._file.flush()
            if os.fstat(self._file.fileno()).st_size != self.size_bytes:
                raise StoreError(
                    f"write {self._path}: the file system stored fewer bytes than written", retryable=True
                )
            os.fsync(self._file.fileno())
            try:
                os.link(self._temporary, self._path)
                new = True
            except OSError as error:
                if error.errno in (errno.EPERM, errno.EOPNOTSUPP):
                    raise StoreError(
                        f"write {self._path}: the file system has no hard links, so writers could overwrite "
                        "each other's files; use another directory or a bucket"
                    ) from error
                if error.errno != errno.EEXIST:
                    raise
                new = False
                with open(self._temporary, "rb") as written, open(self._path, "rb") as existing:
                    if not same_bytes(written, existing):
                        raise ObjectConflict(f"{self._path} is there already with other bytes") from None
            # Needed for another writer's file too: that writer may not have synced the directory yet.
            _sync_directory(os.path.dirname(self._path))
        return new

    def _discard(self) -> None:
        # Unlinked first, because closing flushes and fails on a full disk.
        with suppress(FileNotFoundError):
            os.unlink(self._temporary)
        with suppress(OSError):
            self._file.close()


_made: set[str] = set()
_made_lock = threading.Lock()


def _make_directories(path: str) -> None:
    """Makes a directory and all its missing parents, and makes their entries durable."""
    if os.path.isdir(path):
        if path in _made:
            return
    else:
        _make_directories(os.path.dirname(path))
        with suppress(FileExistsError):
            os.mkdir(path)
    parent = os.path.dirname(path)
    # Another writer may have made this directory and not synced its parent yet. So each process syncs the
    # parent once. A parent that this process may not read is left to whoever made the directory in it.
    with suppress(PermissionError):
        _sync_directory(parent)
    with _made_lock:
        _made.add(path)


def _sync_directory(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _store_errors(what: str) -> Iterator[None]:
    """Turns an OSError into a StoreError that says what was tried and why it failed."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectNotFound(f"{what}: {error.strerror}") from error
    except OSError as error:
        if isinstance(error, io.UnsupportedOperation):
            raise
        raise StoreError(f"{what}: {error.strerror}", retryable=error.errno in _RETRYABLE) from error
