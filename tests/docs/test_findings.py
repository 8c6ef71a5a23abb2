"""Each program of findings/ is executable, says what it shows, pins its packages and stands in the table."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from helpers.repository import REPOSITORY

FOLDER = REPOSITORY / "findings"
PROGRAMS = sorted(FOLDER.glob("*.sh"))
TABLE = (FOLDER / "README.md").read_text(encoding="utf-8")


def packages_of(program: str) -> list[tuple[str, str]]:
    """Returns the packages that a program installs, with their versions: empty where none is pinned."""
    text = program.replace("\\\n", " ")
    python = re.findall(r"^python_packages (.*)$", text, re.MULTILINE)
    node = re.findall(r"^node_packages (.*)$", text, re.MULTILINE)
    named = [one.partition("==")[::2] for line in python for one in line.split()]
    return named + [one.rpartition("@")[::2] for line in node for one in line.split()]


def test_the_table_has_each_program_and_no_other() -> None:
    assert len(PROGRAMS) >= 10
    assert sorted(re.findall(r"^\| `(\w+\.sh)`", TABLE, re.MULTILINE)) == [one.name for one in PROGRAMS]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_can_be_started_and_pins_what_it_installs(path: Path) -> None:
    program = path.read_text(encoding="utf-8")
    assert os.access(path, os.X_OK)
    assert program.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in program
    assert "headroom" not in program
    assert re.search(r"^expect <<'TEXT'\n.+\nTEXT\n", program, re.MULTILINE | re.DOTALL)
    packages = packages_of(program)
    assert packages
    assert [name for name, version in packages if not re.fullmatch(r"[0-9][0-9a-z.]*", version)] == []
    (row,) = [line for line in TABLE.splitlines() if line.startswith(f"| `{path.name}`")]
    shown = row.split(" | ")[1].split(", ")
    assert [one for one in shown if tuple(one.split(" ")) not in packages] == []


@pytest.mark.parametrize(
    ("program", "packages"),
    [
        ("python_packages a==1.0 \\\n    b-c==2b1\n", [("a", "1.0"), ("b-c", "2b1")]),
        ("node_packages @a/b@1.2 c@3\n", [("@a/b", "1.2"), ("c", "3")]),
        ("python_packages a\nnode_packages b\n", [("a", ""), ("", "b")]),
    ],
)
def test_packages_are_read_off_a_program(program: str, packages: list[tuple[str, str]]) -> None:
    assert packages_of(program) == packages


def test_tests_that_the_table_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", TABLE)
    assert named
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize(("seen", "code"), [("as before", 0), ("otherwise", 1)])
def test_a_program_fails_when_the_behaviour_has_changed(seen: str, code: int) -> None:
    program = f"source {FOLDER / 'setup.bash'}; echo {seen} >seen; expect <<<'as before'; means nothing"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert ("CHANGED" in done.stderr) == ("means" not in done.stdout) == bool(code)
