"""Stores write-once objects in a Google Cloud Storage bucket: `GcsObjects`, for roots `gs://BUCKET/PREFIX`.

Each upload carries `if_generation_match=0`, so the service itself refuses to overwrite. Where
`STORAGE_EMULATOR_HOST` is set, credentials are anonymous: looking for real ones takes 23 s if there are none.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.objects.base import (
    ObjectConflict,
    ObjectInfo,
    ObjectNotFound,
    Objects,
    ObjectWriter,
    check_name,
)

if TYPE_CHECKING:
    from google.cloud import storage

__all__ = ["GcsObjects"]

TIMEOUT_S = 60.0
RETRY_S = 180.0
READ_BYTES = 8 << 20
SPOOL_BYTES = 8 << 20
"""Bytes that a writer holds in memory. Beyond that it spools to a local temporary file."""


class GcsObjects(Objects):
    """Objects in a bucket, below an optional prefix.

    >>> GcsObjects("gs://bucket/some/prefix/").key("packs/a.parquet")
    'some/prefix/packs/a.parquet'
    """

    request_s = 0.03

    def __init__(self, root: str) -> None:
        match = re.fullmatch(r"gs://([^/\x00-\x1f]+)((?:/[^\x00-\x1f]*)?)", root)
        if not match:
            raise ValueError(f"root {root!r} isn't gs://BUCKET/PREFIX")
        self.bucket_name = match[1]
        self.prefix = match[2].strip("/")
        if self.prefix:
            check_name(self.prefix)
        self.root = f"gs://{self.bucket_name}" + (f"/{self.prefix}" if self.prefix else "")
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._bucket: storage.Bucket | None = None
        self._process = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "bucket_name": self.bucket_name, "prefix": self.prefix}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def key(self, name: str) -> str:
        """Returns the object's full name in the bucket."""
        check_name(name)
        return f"{self.prefix}/{name}" if self.prefix else name

    def bucket(self) -> storage.Bucket:
        """Returns the bucket, with a client of this process: connections don't survive a fork."""
        with self._lock:
            if self._bucket is None or self._process != os.getpid():
                self._bucket = _client().bucket(self.bucket_name)
                self._process = os.getpid()
            return self._bucket

    def create(self, name: str) -> ObjectWriter:
        return _GcsWriter(self, name)

    def get_range(self, name: str, offset: int, length: int) -> bytes:
        return self.read_range(self.bucket().blob(self.key(name)), offset, length)

    def read_range(self, blob: storage.Blob, offset: int, length: int) -> bytes:
        """Reads a range as `get_range` does, from the blob's generation if it has one."""
        if length == 0:
            return b""
        with _store_errors(f"read gs://{self.bucket_name}/{blob.name}"):
            # The service gives no checksum for a range. Readers verify packs and indexes by their digests.
            data: bytes = blob.download_as_bytes(
                start=offset,
                end=offset + length - 1,
                checksum=None,
                raw_download=True,
                timeout=TIMEOUT_S,
                retry=_retry(),
            )
        if len(data) != length:
            raise IntegrityError(f"gs://{self.bucket_name}/{blob.name} ends before byte {offset + length}")
        return data

    def get(self, name: str) -> bytes:
        blob = self.bucket().blob(self.key(name))
        with _store_errors(f"read {self.root}/{name}"):
            data: bytes = blob.download_as_bytes(raw_download=True, timeout=TIMEOUT_S, retry=_retry())
        return data

    def open(self, name: str) -> IO[bytes]:
        blob = self.find(name)
        if blob is None:
            raise ObjectNotFound(f"{self.root}/{name} is not there")
        return io.BufferedReader(_GcsReader(self, blob), READ_BYTES)

    def info(self, name: str) -> ObjectInfo | None:
        blob = self.find(name)
        return None if blob is None else ObjectInfo(name, int(blob.size), str(blob.generation))

    def find(self, name: str) -> storage.Blob | None:
        """Returns the object's blob with its metadata, or None when it isn't there."""
        with _store_errors(f"look at {self.root}/{name}"):
            return self.bucket().get_blob(self.key(name), timeout=TIMEOUT_S, retry=_retry())

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        cut = len(self.prefix) + 1 if self.prefix else 0
        full = f"{self.prefix}/{prefix}" if self.prefix else prefix
        with _store_errors(f"list {self.root}/{prefix}"):
            fields = "items(name,size,generation),nextPageToken"
            bucket = self.bucket()
            for blob in bucket.list_blobs(prefix=full, fields=fields, timeout=TIMEOUT_S, retry=_retry()):
                yield ObjectInfo(blob.name[cut:], int(blob.size), str(blob.generation))

    def leftovers(self, prefix: str = "") -> Iterator[ObjectInfo]:  # noqa: ARG002
        return iter(())  # An upload that never finished leaves no object.


class _GcsReader(io.RawIOBase):
    """Reads one generation of an object by ranges."""

    def __init__(self, objects: GcsObjects, blob: storage.Blob) -> None:
        self._objects = objects
        self._blob = objects.bucket().blob(blob.name, generation=blob.generation)
        self._size_bytes = int(blob.size)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size_bytes - self._position))
        view[:length] = self._objects.read_range(self._blob, self._position, length)
        self._position += length
        return length


class _GcsWriter(ObjectWriter):
    """Spools locally and uploads at commit.

    An upload that is open while data still comes could be finished by accident. Half an object would then be
    visible.
    """

    def __init__(self, objects: GcsObjects, name: str) -> None:
        self._objects = objects
        self._key = objects.key(name)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._spool = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
        super().__init__(name)

    def _append(self, view: memoryview) -> None:
        with _store_errors(f"write {self._objects.root}/{self.name}"):
            self._spool.write(view)
        self._md5.update(view)

    def _publish(self) -> bool:
        from google.api_core import exceptions

        blob = self._objects.bucket().blob(self._key)
        # The service compares this with what arrives, and refuses damaged uploads.
        blob.md5_hash = base64.b64encode(self._md5.digest()).decode()
        with _store_errors(f"write {self._objects.root}/{self.name}"):
            try:
                self._spool.seek(0)
                blob.upload_from_file(
                    self._spool,
                    size=self.size_bytes,
                    if_generation_match=0,
                    checksum=None,
                    timeout=TIMEOUT_S,
                    retry=_retry(),
                )
                return True
            except exceptions.PreconditionFailed:
                # The name is taken by another writer, or by this one: if the answer to its first request was
                # lost, the client sent the request again.
                self._compare()
                return False

    def _compare(self) -> None:
        found = self._objects.find(self.name)
        equal = False
        if found is None:
            raise StoreError(
                f"write {self._objects.root}/{self.name}: it was there and is gone again", retryable=True
            )
        if found.size == self.size_bytes:
            stored = hashlib.sha256()
            with self._objects.open(self.name) as reader:
                while piece := reader.read(READ_BYTES):
                    stored.update(piece)
            equal = stored.hexdigest() == self.digest
        if not equal:
            raise ObjectConflict(f"{self._objects.root}/{self.name} is there already with other bytes")

    def _discard(self) -> None:
        self._spool.close()


def _client() -> storage.Client:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return storage.Client(project="emulator", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    return storage.Client()


def _retry() -> Any:
    from google.cloud.storage.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(RETRY_S)


@contextmanager
def _store_errors(what: str) -> Iterator[None]:
    """Turns the client's errors into StoreError and IntegrityError.

    Messages have the status and not the response's text, which may hold anything.
    """
    import requests
    from google.api_core import exceptions
    from google.auth import exceptions as auth
    from google.cloud.storage.exceptions import DataCorruption

    try:
        yield
    except exceptions.NotFound as error:
        raise ObjectNotFound(f"{what}: not there") from error
    except exceptions.RequestRangeNotSatisfiable as error:
        raise IntegrityError(f"{what}: the object ends before the requested range") from error
    except exceptions.RetryError as error:
        raise StoreError(f"{what}: no success within {RETRY_S:.0f} s", retryable=True) from error
    except exceptions.GoogleAPICallError as error:
        status = error.code or 0
        raise StoreError(
            f"{what}: HTTP status {int(status)}", retryable=status >= 500 or status in (408, 429)
        ) from error
    except DataCorruption as error:
        raise IntegrityError(f"{what}: the bytes that arrived don't match the object's checksum") from error
    except (requests.RequestException, auth.TransportError) as error:
        raise StoreError(f"{what}: {type(error).__name__}", retryable=True) from error
    except auth.GoogleAuthError as error:
        raise StoreError(f"{what}: no usable Google credentials ({type(error).__name__})") from error
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or type(error).__name__}", retryable=True) from error
