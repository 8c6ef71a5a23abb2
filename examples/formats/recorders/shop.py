"""What the recorders share: a small made-up shop, a shell to look at it, and a model that plays a script."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SESSIONS = Path(__file__).resolve().parents[2] / "sessions"
sys.path.insert(0, str(SESSIONS))

import dialects  # noqa: E402
from project import make_project  # noqa: E402
from scripted_model import serving  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[1]
HOME = "/home/user/shop"
MODEL = "scripted-model"
QUESTION = "Which orders failed today, and why?"
SYSTEM = "You look after a shop."
SCRIPT = ["cat data/orders.json", "tail -n 14 logs/service.log", "cat data/shipments.jsonl"]
KEY = "none"

BASH = "Runs a command in the shop's folder and returns what it prints."
PARAMETERS = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
    "additionalProperties": False,
}


def bash(command: str) -> str:
    """Runs a command in the shop's folder and returns what it prints."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@contextlib.contextmanager
def opened_shop(*, rows: int = 10, script: list[str] = SCRIPT) -> Iterator[str]:
    """Enters a fresh shop, and gives the address of a model that plays the script."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        make_project(shop, rows=rows)
        os.chdir(shop)
        os.environ["PWD"] = str(shop)
        try:
            with serving(script, Path(folder) / "requests.jsonl") as model:
                yield model.url
        finally:
            os.chdir(before)


def name_shell(tool: str) -> None:
    """Tells the model of a further name under which a shell is offered."""
    dialects.SHELL_TOOLS += (tool,)


def keep(name: str, text: str, *more: tuple[str, str]) -> None:
    """Writes a sample, with the shop's folder and other names of this machine replaced."""
    for old, new in ((str(Path.cwd()), HOME), *more):
        text = text.replace(old, new)
    (SAMPLES / name).write_text(text, encoding="utf-8")
    print(f"{name}: {len(text.encode())} bytes")


def lines_of(values: list[Any], dumps: Callable[[Any], str] = json.dumps) -> str:
    """Spells values as JSON Lines."""
    return "".join(f"{dumps(value)}\n" for value in values)
