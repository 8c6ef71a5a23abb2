"""Finds every place at which a tool result stands in the files of an agent's home folder.

    python examples/sessions/places.py target/sessions/codex/home target/sessions/codex/project

A result is known by excerpts of what its command prints, so that copies which were cut are found too. JSON
files and lines are searched value by value, JSON inside strings included. Other files, such as data bases,
are searched as bytes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scripted_model import read_script

EXCERPT_CHARACTERS = 40
SCRIPT = Path(__file__).parent / "commands.txt"
KINDS = ("type", "role", "subtype", "method")


class Place(NamedTuple):
    """Where in a value a result stands, and whether the string there is the result as it was printed."""

    path: str
    whole: bool
    type: str


def outputs_of(script: list[str], project: Path) -> list[str]:
    """Runs the commands and gives what they print."""
    return [
        subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env={"PATH": "/usr/bin:/bin", "TZ": "UTC", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for command in script
    ]


def excerpts_of(output: str) -> list[str]:
    """Takes excerpts from the beginning, the middle and the end: one long line's part each.

    >>> excerpts_of("a" * 50)[0] == "a" * 40
    True
    """
    lines = [line.strip() for line in output.splitlines() if len(line.strip()) >= EXCERPT_CHARACTERS / 2]
    if not lines:
        return [output.strip()[:EXCERPT_CHARACTERS]] if output.strip() else []
    chosen = (lines[0], lines[len(lines) // 2], lines[-1])
    return list(dict.fromkeys(line[:EXCERPT_CHARACTERS] for line in chosen))


def walk(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Lists every string in a value with its path; `~json` marks where a string was decoded.

    >>> list(walk({"parts": [{"type": "text", "text": "hello"}]}))
    [('.parts[*]{type=text}.type', 'text'), ('.parts[*]{type=text}.text', 'hello')]
    """
    if isinstance(value, str):
        yield path, value
        if value[:1] in "{[" and len(value) > 2:
            try:
                yield from walk(json.loads(value), path + "~json")
            except ValueError:
                return
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, path + "[*]")
    elif isinstance(value, dict):
        kinds = [key for key in KINDS if isinstance(value.get(key), str)] if path or "type" in value else []
        kind = f"{{{kinds[0]}={value[kinds[0]]}}}" if kinds else ""
        for key, item in value.items():
            yield from walk(
                item, f"{path}{kind}.{key if key.replace('_', '').isalnum() else json.dumps(key)}"
            )


def values_of(path: Path) -> list[Any] | None:
    """Parses a file as JSON or as JSON Lines; gives nothing if it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        return None


def places_in(values: list[Any], outputs: list[str]) -> Counter[Place]:
    """Counts, by place, the results that stand there."""
    excerpts = [excerpts_of(output) for output in outputs]
    found: Counter[Place] = Counter()
    for value in values:
        kind = str(value.get("type", "")) if isinstance(value, dict) else ""
        for path, text in walk(value):
            hits = [
                o for o, parts in zip(outputs, excerpts, strict=True) if any(part in text for part in parts)
            ]
            if hits:
                found[Place(path, any(text.strip() == output.strip() for output in hits), kind)] += 1
    return found


def main() -> None:
    """Prints the places, file by file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path, help="the agent's home folder, or one file")
    parser.add_argument("project", type=Path, help="the project folder in which it worked")
    parser.add_argument("--script", type=Path, default=SCRIPT)
    given = parser.parse_args()
    outputs = outputs_of(read_script(given.script), given.project)
    files = (
        [given.home]
        if given.home.is_file()
        else sorted(path for path in given.home.rglob("*") if path.is_file())
    )
    for path in files:
        values = values_of(path)
        if values is None:
            raw = path.read_bytes()
            hits = sum(any(part.encode() in raw for part in excerpts_of(output)) for output in outputs)
            if hits:
                print(f"{path}\n  {hits} results, in bytes that aren't JSON")
            continue
        found = places_in(values, outputs)
        if found:
            print(path)
        for place, count in sorted(found.items()):
            print(f"  {count:3} {'whole' if place.whole else 'part '} {place.path}")


if __name__ == "__main__":
    main()
