"""The benchmarks as modules."""

import pytest
from helpers.repository import REPOSITORY


@pytest.fixture(autouse=True)
def benchmarks_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets tests import the benchmarks, which import one another by name."""
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
