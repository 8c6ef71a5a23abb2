"""A store with two originals, and a client of a server over it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from helpers.serving import NOT_UTF8, SERVED_ROWS, put_originals, serving

from headroom_beam.store.store import OriginalStore


@pytest.fixture
def store(tmp_path: Path) -> OriginalStore:
    """A store with two originals, for tests that change it."""
    store = OriginalStore.open(tmp_path / "originals")
    put_originals(store, SERVED_ROWS, NOT_UTF8)
    return store


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server over a store with two originals, one for each module."""
    store = OriginalStore.open(tmp_path_factory.mktemp("server") / "originals")
    put_originals(store, SERVED_ROWS, NOT_UTF8)
    with serving(store) as client:
        yield client
