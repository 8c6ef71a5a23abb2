"""Names the files of a store by their content, and makes and checks `store.json`.

>>> pack_name(b"") == f"packs/{hashlib.sha256().hexdigest()}.parquet"
True
"""

from __future__ import annotations

import datetime
import hashlib
import json

from headroom_beam.errors import DigestMismatch, FormatError

__all__ = [
    "STORE_FILE",
    "STORE_VERSION",
    "check_store_file",
    "folder_of",
    "index_name",
    "pack_name",
    "store_file",
    "tombstone_name",
    "verified_by_name",
]

STORE_FILE = "store.json"
STORE_VERSION = 1
_ENDINGS = {"packs": ".parquet", "index": ".index", "tombstones": ".jsonl"}


def _name(folder: str, data: bytes) -> str:
    return f"{folder}/{hashlib.sha256(data).hexdigest()}{_ENDINGS[folder]}"


def pack_name(data: bytes) -> str:
    """Returns the name under which a pack is stored."""
    return _name("packs", data)


def index_name(data: bytes) -> str:
    """Returns the name under which an index file is stored."""
    return _name("index", data)


def tombstone_name(data: bytes) -> str:
    """Returns the name under which a tombstone file is stored."""
    return _name("tombstones", data)


def folder_of(name: str) -> str | None:
    """Returns the folder of a pack, index or tombstone file, or None when the name is of another form."""
    folder, _, rest = name.partition("/")
    stem = rest.removesuffix(_ENDINGS.get(folder, "/"))
    return folder if stem != rest and len(stem) == 64 and set(stem) <= set("0123456789abcdef") else None


def verified_by_name(name: str, data: bytes) -> bytes:
    """Returns the bytes of a file that is named by its content, unchanged.

    Raises:
        DigestMismatch: the bytes have another SHA-256 than the name says.
    """
    if hashlib.sha256(data).hexdigest() != name.rpartition("/")[2].partition(".")[0]:
        raise DigestMismatch(f"{name} has another SHA-256 than its name says")
    return data


def store_file() -> bytes:
    """Returns the `store.json` of a new store."""
    created = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0).isoformat()
    return json.dumps({"version": STORE_VERSION, "digest": "sha256", "created": created}).encode() + b"\n"


def check_store_file(data: bytes, root: str) -> None:
    """Checks that this release knows the version and digest algorithm of a `store.json`.

    Raises:
        FormatError: it doesn't, or the file is malformed.
    """
    try:
        description = json.loads(data)
        version, digest = description["version"], description["digest"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{root}/{STORE_FILE} is malformed") from error
    if type(version) is not int or version != STORE_VERSION or digest != "sha256":
        raise FormatError(
            f"{root} is a store of version {version!r} with digest {digest!r}; "
            f"this release reads version {STORE_VERSION} with 'sha256'"
        )
