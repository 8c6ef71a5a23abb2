"""Makes the sessions under `recorded/`: small ones, without vendors' texts and without personal paths.

    python examples/sessions/publish.py            # every agent, or those that are named

Each agent is recorded anew in a small project. Then, in every line of what it wrote:

* Text of the vendor is removed. A string stays only if it is short, or if the project, the script or the
  scripted model wrote it. In place of any other stands `[removed: N characters]`.
* Lists of tools, skills and agents that a model is told of become empty.
* The home folder becomes /home/user, the project /home/user/shop, and the kernel's version goes.

Whatever else stands in a line stays as it was spelled, ids, signatures and hashes included.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from agents import AGENTS, CLAUDE_CODE, Agent
from dialects import THOUGHT
from places import excerpts_of, outputs_of
from record import chosen, record
from resume import resume
from running import COMMANDS, FIRST_PROMPT, SECOND_PROMPT, SESSIONS, AgentFailed, Workplace
from scripted_model import LAST_SENTENCE, read_script

RECORDED = Path(__file__).resolve().parent / "recorded"
ROWS = 10
COMMANDS_RUN = 3
MOST_BYTES = 40_000
SHORT_CHARACTERS = 45
"""A string of so many characters is a name, an id, a path or a state, not a text."""

LISTINGS = re.compile(
    r"tools|skills?|addedNames|addedLines|addedTypes|addedBlocks|names|lines|betas|agents|rendered"
)
"""Members that list what a model is told of."""


class Stripper:
    """Removes what isn't the project's own from JSON values."""

    def __init__(self, own: Iterable[str], replacements: Iterable[tuple[str, str]]) -> None:
        self._own = tuple(own)
        self._replacements = tuple(replacements)

    def strip(self, value: Any, key: str = "") -> Any:
        """Gives a value without vendors' texts and personal paths.

        >>> Stripper(["shop"], [("/tmp/a", "/home/user")]).strip(
        ...     {"tools": ["x"], "cwd": "/tmp/a/b", "text": "y " * 40}
        ... )
        {'tools': [], 'cwd': '/home/user/b', 'text': '[removed: 80 characters]'}
        """
        if isinstance(value, str):
            return self._strip_text(value)
        if isinstance(value, list):
            return [] if LISTINGS.fullmatch(key) else [self.strip(item) for item in value]
        if isinstance(value, dict):
            return {self._replaced(name): self.strip(item, name) for name, item in value.items()}
        return value

    def _strip_text(self, text: str) -> str:
        if len(text) > SHORT_CHARACTERS and re.search(r"\s", text) and not self._is_own(text):
            return f"[removed: {len(text)} characters]"
        return self._replaced(text)

    def _is_own(self, text: str) -> bool:
        return any(own in text for own in self._own)

    def _replaced(self, text: str) -> str:
        for old, new in self._replacements:
            text = text.replace(old, new)
        return text


def publish(agent: Agent, *, timeout_s: float) -> list[Path]:
    """Records an agent in a small project and writes its stripped files to `recorded/`.

    Raises:
        AgentFailed: it couldn't be recorded, or a file is too large.
    """
    workplace = Workplace(SESSIONS.with_name("published") / agent.name, recorded_commands=COMMANDS_RUN)
    session = _largest(record(agent, workplace, rows=ROWS, timeout_s=timeout_s))
    files = {f"{agent.name}{session.suffix}": session}
    if agent is CLAUDE_CODE:
        files[f"{agent.name}.stream.jsonl"] = _events_of(workplace)
    if agent.rewrites:
        # Names of files hold the minute; a session resumed in the same one is written differently.
        time.sleep(60 - time.time() % 60)
        resume(agent, workplace, "resumed", None, timeout_s=timeout_s)
        files[f"{agent.name}.resumed{session.suffix}"] = _largest(workplace.home.glob(agent.session_files))
    stripper = _stripper_for(agent, workplace)
    written = []
    RECORDED.mkdir(exist_ok=True)
    for name, file in files.items():
        target = RECORDED / name
        target.write_text(stripped(file.read_text(encoding="utf-8"), stripper.strip), encoding="utf-8")
        if target.stat().st_size > MOST_BYTES:
            raise AgentFailed(f"{name} has {target.stat().st_size:,} bytes, more than {MOST_BYTES:,}")
        written.append(target)
    return written


def stripped(text: str, strip: Callable[[Any], Any]) -> str:
    r"""Strips JSON Lines, or a whole JSON value with the indentation that it has.

    >>> stripped('{"a":1}\n{"a":[2]}\n', lambda value: value["a"])
    '1\n[2]\n'
    """
    try:
        value = json.loads(text)
    except ValueError:
        lines = (json.loads(line) for line in text.split("\n") if line.strip())
        return "".join(
            json.dumps(strip(line), ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
        )
    return json.dumps(strip(value), ensure_ascii=False, indent=2) + "\n"


def _largest(files: Iterable[Path]) -> Path:
    return max(files, key=lambda path: path.stat().st_size)


def _events_of(workplace: Workplace) -> Path:
    """The events that an agent printed, without what isn't JSON."""
    lines = workplace.log.read_text(encoding="utf-8").splitlines(keepends=True)
    events = workplace.root / "events.jsonl"
    events.write_text("".join(line for line in lines if line.startswith("{")), encoding="utf-8")
    return events


def own_texts(agent: Agent, workplace: Workplace, outputs: Iterable[str]) -> list[str]:
    """What the project, the script or the scripted model wrote: text with one of these in it stays."""
    return [
        *(excerpt for output in outputs for excerpt in excerpts_of(output)),
        *workplace.commands(agent, resumes=2),
        *(FIRST_PROMPT, SECOND_PROMPT, LAST_SENTENCE, THOUGHT),
        # What was removed before.
        "[removed: ",
    ]


def _stripper_for(agent: Agent, workplace: Workplace) -> Stripper:
    outputs = outputs_of(read_script(COMMANDS), workplace.project)
    replacements = [
        (str(workplace.project), "/home/user/shop"),
        (str(workplace.home), "/home/user"),
        (str(workplace.root), "/home/user"),
        # Folders are named after paths as well.
        (re.sub(r"[/.]", "-", str(workplace.project)), "-home-user-shop"),
        (platform.release(), "6.0.0"),
    ]
    return Stripper(own_texts(agent, workplace, outputs), replacements)


def main() -> int:
    """Publishes the agents that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "agents", nargs="*", choices=[[], *AGENTS], metavar="AGENT", help="default: every agent"
    )
    parser.add_argument(
        "--timeout_s", type=float, default=180, help="seconds that one run of an agent may take (180)"
    )
    given = parser.parse_args()
    failed = 0
    for agent in chosen(given.agents):
        try:
            for file in publish(agent, timeout_s=given.timeout_s):
                print(f"{file.name}: {file.stat().st_size:,} bytes")
        except AgentFailed as error:
            print(error, file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
