"""Inputs and finished runs that the tests of files share."""

import json
from pathlib import Path

import pytest
from helpers.estimates import LISTING, LOG, message, reply
from helpers.generators import compress
from helpers.record_runs import RecordRun


@pytest.fixture
def record_run(tmp_path: Path) -> RecordRun:
    """A finished run whose records can be viewed."""
    return RecordRun(tmp_path)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Three files: messages of `openai`, of `anthropic`, and of no known format."""
    (tmp_path / "a.jsonl").write_bytes(
        message(json.dumps(LISTING)) + b"\n" + message(LOG, name="cat") + message(LOG, name="cat")
    )
    (tmp_path / "b.jsonl.gz").write_bytes(compress(reply(LOG) + message("ok") + b"broken\n", ".gz"))
    (tmp_path / "c.jsonl.zst").write_bytes(compress(b'{"steps": [{"output": 1}]}\n', ".zst"))
    return tmp_path
