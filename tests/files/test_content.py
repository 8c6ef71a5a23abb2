"""Content counts and digests what passes."""

import hashlib

import pytest

from headroom_beam.files.content import Content


def test_content_counts_what_passes() -> None:
    class Kept(Content):
        def put(self, compacted: bytes) -> None:
            passed.append(compacted)

    passed: list[bytes] = []
    content = Kept("source", "part")
    content.write(b"ab", source=b"abcd", offset=7)
    content.write(b"c", source=b"", offset=0)
    assert (content.start, content.source_bytes, content.size_bytes, passed) == (7, 4, 3, [b"ab", b"c"])
    assert content.digest == hashlib.sha256(b"abc").hexdigest()
    assert content.source_digest == hashlib.sha256(b"abcd").hexdigest()
    with pytest.raises(NotImplementedError):
        Content("source", "part").write(b"", source=b"", offset=0)
