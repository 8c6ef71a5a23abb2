"""What the tests of transforms share: outputs of pipelines, collected."""

from pathlib import Path

import pytest
from helpers.collecting import Collect


@pytest.fixture
def collect(tmp_path: Path) -> Collect:
    """Collects PCollections by name while a pipeline runs."""
    return Collect(tmp_path / "collected")
