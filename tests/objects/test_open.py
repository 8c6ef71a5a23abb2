"""Roots are directories or bucket prefixes; anything else is refused."""

from __future__ import annotations

import pytest

from headroom_beam.objects.local import LocalObjects
from headroom_beam.objects.open import open_objects


@pytest.mark.parametrize(
    "bad", ["", "s3://bucket/x", "file:///tmp/x", "gs://", "gs:///x", "gs://b/../c", "a\0b"]
)
def test_a_root_that_cannot_be_one_is_refused_with_the_fix(bad):
    with pytest.raises(ValueError, match="root|object name"):
        open_objects(bad)


def test_a_relative_root_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_objects("here")
    monkeypatch.chdir("/")
    store.put_if_absent("a", b"x")
    assert (tmp_path / "here" / "a").read_bytes() == b"x"
    assert isinstance(store, LocalObjects)
