"""Opens write-once objects under a root: a local directory, or a bucket prefix `gs://BUCKET/PREFIX`.

>>> import tempfile
>>> objects = open_objects(tempfile.mkdtemp())
>>> objects.put_if_absent("notes/a.txt", b"first"), objects.put_if_absent("notes/a.txt", b"first")
(True, False)
>>> objects.get_range("notes/a.txt", 1, 3), [info.name for info in objects.list("notes/")]
(b'irs', ['notes/a.txt'])
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from headroom_beam.objects.gcs import GcsObjects
from headroom_beam.objects.local import LocalObjects

if TYPE_CHECKING:
    from headroom_beam.objects.base import Objects

__all__ = ["is_local", "open_objects"]


def is_local(root: str) -> bool:
    """Returns true if a root, or a path below one, isn't in a bucket."""
    return not root.startswith("gs://")


def open_objects(root: str | os.PathLike[str]) -> Objects:
    """Returns the objects under `root`.

    Args:
        root: a local directory, which is made at the first write, or `gs://BUCKET/PREFIX`.

    Raises:
        ValueError: the root is empty, malformed or of another scheme.
    """
    text = os.fspath(root)
    if not is_local(text):
        return GcsObjects(text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme:
        raise ValueError(
            f"root {text!r} has the scheme {scheme[1]!r}; use a local directory or gs://BUCKET/PREFIX"
        )
    if not text or "\0" in text:
        raise ValueError("root is empty or has a NUL; use a local directory or gs://BUCKET/PREFIX")
    return LocalObjects(text)
