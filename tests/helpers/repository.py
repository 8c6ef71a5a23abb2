"""Names the folders of the repository, and runs its programs."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests"
EXAMPLES = REPOSITORY / "examples"
TRACES = sorted((EXAMPLES / "traces").glob("*.jsonl"))

PRISM = os.environ.get("HEADROOM_BEAM_PRISM", "")
"""The program of the Prism runner, as `make prism` builds it."""


def run_program(*command: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs a Python program of the repository with the package in the tree."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
