"""The examples as modules."""

import pytest
from helpers.repository import EXAMPLES


@pytest.fixture
def examples_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test import the example programs."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
