"""The snippets of README.md run, and crushing its example gives what it shows."""

import re
from pathlib import Path

import pytest
from helpers.repository import EXAMPLES, REPOSITORY, run_program

from headroom_beam import SmartCrusher, _core

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Returns the code blocks of a language, in order. The language "" means that none is named."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


SNIPPETS = blocks("python")


def unwrapped(block: str) -> str:
    """Joins the lines of a block into one. A line break after a comma becomes a blank."""
    return re.sub(r"\n", "", re.sub(r",\n", ", ", block))


def test_example_at_the_top_is_what_crushing_gives() -> None:
    before, after = unwrapped(blocks("json")[0]), blocks("")[0].removesuffix("\n")
    assert README.index("```json") < README.index(f"```\n{after}\n```") < README.index("\n## ")
    crusher = SmartCrusher()
    assert crusher.crush(before).compressed == after
    assert crusher.restore(after) == before
    printed = [int(count) for count in re.findall(r"(\d+) tokens", README)[:2]]
    assert printed == [_core.count_tokens(before), _core.count_tokens(after)]


def test_readme_has_snippets() -> None:
    assert len(SNIPPETS) >= 2


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_readme_snippet_runs(number: int, tmp_path: Path) -> None:
    # Snippets find the example traces under the name that README.md uses.
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "snippet.py").write_text(SNIPPETS[number], encoding="utf-8")
    done = run_program("snippet.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
