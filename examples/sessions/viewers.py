"""Checks that viewers from the registry list the same messages for a crushed session as for the logged one.

    python examples/sessions/viewers.py                       # the recorded session in this folder
    python examples/sessions/viewers.py target/sessions/claude-code/session/*.jsonl

Both viewers read sessions of Claude Code: claude-code-log writes them as a tree of JSON, and
claude-code-transcripts as pages of HTML. Compared is what kind each message is, when it was sent, and where
it stands. The texts of results differ, since they are compacted.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents import CLAUDE_CODE
from resume import CRUSH, crush
from running import INSTALLED, AgentFailed

VIEWERS = {"claude-code-log": "1.7.0", "claude-code-transcripts": "0.6"}
RECORDED = Path(__file__).resolve().parent / "recorded" / "claude-code.jsonl"

_MESSAGE = re.compile(r'<div class="(message [^"]*)" id="([^"]*)"')


def install() -> Path:
    """Installs the pinned viewers, unless they are there. Gives the folder of their programs."""
    folder = INSTALLED / "viewers"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        pinned = [f"{name}=={version}" for name, version in VIEWERS.items()]
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *pinned], check=True)
        (folder / "installed").touch()
    return folder / "bin"


def messages_in_log(programs: Path, session: Path, folder: Path) -> list[tuple[str, ...]]:
    """Lists what claude-code-log shows: depth, kind, title and time of each message."""
    output = folder / "log.json"
    _run([programs / "claude-code-log", session, "-o", output], folder)
    shown = json.loads(output.read_text(encoding="utf-8"))["messages"]
    return [message for one in shown for message in _tree(one, 0)]


def _tree(message: dict[str, Any], depth: int) -> Iterator[tuple[str, ...]]:
    yield (str(depth), message["type"], message["title"], message["timestamp"])
    for child in message.get("children", []):
        yield from _tree(child, depth + 1)


def messages_on_pages(programs: Path, session: Path, folder: Path) -> list[tuple[str, ...]]:
    """Lists what claude-code-transcripts shows: the class and the id of each message, page by page."""
    output = folder / "pages"
    _run([programs / "claude-code-transcripts", "json", session, "-o", output], folder)
    pages = (page.read_text(encoding="utf-8") for page in sorted(output.glob("page-*.html")))
    return [found for page in pages for found in _MESSAGE.findall(page)]


def _run(words: list[Path | str], folder: Path) -> None:
    with (folder / "viewer.log").open("wb") as log:
        subprocess.run(words, check=True, stdout=log, stderr=log, timeout=300)


def main() -> int:
    """Compares the sessions that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sessions", nargs="*", type=Path, default=[RECORDED], metavar="SESSION")
    parser.add_argument("--crush", default=CRUSH, help=f"crushes a folder ({CRUSH})")
    known = parser.parse_args()
    programs = install()
    differ = False
    for session in known.sessions:
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work)
            lines = crush(CLAUDE_CODE, session, CLAUDE_CODE.payload_paths, known.crush, folder / "crush")
            compacted = folder / session.name
            compacted.write_bytes(b"".join(lines))
            for name, messages in (
                ("claude-code-log", messages_in_log),
                ("claude-code-transcripts", messages_on_pages),
            ):
                before, after = messages(programs, session, folder), messages(programs, compacted, folder)
                if not before:
                    raise AgentFailed(f"{name} lists no message of {session.name}")
                equal = before == after
                differ |= not equal
                found = "the same" if equal else f"{len(after)} other"
                sys.stdout.write(f"{name} {VIEWERS[name]}, {session.name}: {len(before)} messages, {found}\n")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
