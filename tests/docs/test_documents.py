"""Documents: every link has a target, every path in the tour exists, and prose keeps its width."""

import re
from collections import Counter
from pathlib import Path

import pytest
from helpers.repository import REPOSITORY

DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "examples/*.md", "examples/*/*.md", "findings/*.md", "fuzz/*.md")
    for path in sorted(REPOSITORY.glob(pattern))
]
ROOTS = [REPOSITORY, REPOSITORY / "headroom_beam", REPOSITORY / "crates" / "crusher" / "src"]
"""Where paths in the tour begin."""

MAX_COLUMNS = 110


def prose_of(text: str) -> list[tuple[int, str]]:
    """Returns the lines outside code blocks, with their numbers."""
    lines, fence = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r" *(`{3,})", line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        elif not fence:
            lines.append((number, line))
    return lines


def anchors_of(text: str) -> set[str]:
    """Returns the anchors of all headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    anchors = set()
    for _, line in prose_of(text):
        if heading := re.match(r"#{1,6} +(.*?) *#*$", line):
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return anchors


def links_of(text: str) -> list[str]:
    """Returns the targets of all links but those to other sites."""
    prose = "\n".join(line for _, line in prose_of(text))
    targets = re.findall(r"\]\(\s*([^)\s]+)[^)]*\)", prose) + re.findall(
        r"^\[[^]]+\]: +(\S+)", prose, re.MULTILINE
    )
    return [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def broken_links(document: Path) -> list[str]:
    """Returns the links of a document whose file or heading doesn't exist."""
    broken = []
    for target in links_of(document.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists() or (anchor and anchor not in anchors_of(path.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


def paths_in(text: str) -> list[str]:
    """Returns the code spans that are paths: they have a slash, or the suffix of a source file."""
    quoted = [span for _, line in prose_of(text) for span in re.findall(r"`([^`]+)`", line)]
    return [
        span for span in quoted if re.fullmatch(r"[\w.-]+/([\w.-]+/)*[\w.-]*|[\w-]+\.(rs|pyi?|md|toml)", span)
    ]


def wide_lines(text: str) -> list[int]:
    """Returns the numbers of prose lines that are too wide. Tables and addresses may have any width."""
    return [
        number
        for number, line in prose_of(text)
        if not line.lstrip().startswith("|") and len(re.sub(r"\(?\w+://\S+", "", line)) > MAX_COLUMNS
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert broken_links(document) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `B` (c)\n## D\n## D\n```\n# E\n```\n")
    good = (
        "[](other.md) [x](other.md#a-b-c) [x](other.md#d-1) [x](#here) [x](https://example.com/#y)\n# Here\n"
    )
    document = tmp_path / "document.md"
    document.write_text(good + "```\n[x](in-code.md)\n```\n")
    assert broken_links(document) == []
    document.write_text(good + "[x](none.md) [x](other.md#e) [x](#there)\n[y]: none.txt\n")
    assert broken_links(document) == ["none.md", "other.md#e", "#there", "none.txt"]


def test_every_path_in_the_tour_exists() -> None:
    paths = paths_in((REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert len(paths) > 60
    missing = [path for path in paths if not any((root / path).exists() for root in ROOTS)]
    assert missing == []


def test_a_path_is_told_from_other_code() -> None:
    text = "`files/plan.py` `json/` `error.rs` `make check` `gs://BUCKET/PREFIX` `_run.json` `.rs` `a b/c`"
    assert paths_in(text) == ["files/plan.py", "json/", "error.rs"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_prose_keeps_its_width(document: Path) -> None:
    assert wide_lines(document.read_text(encoding="utf-8")) == []


def test_a_line_that_is_too_wide_is_found() -> None:
    wide = "x" * (MAX_COLUMNS + 1)
    text = f"{wide}\n{wide[1:]}\n| {wide} |\n```sh\n{wide}\n```\n[x](https://example.com/{wide})\n{wide}\n"
    assert wide_lines(text) == [1, 8]
