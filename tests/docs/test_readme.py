"""The snippets of README.md run."""

import re

import pytest
from helpers.repository import EXAMPLES, REPOSITORY, run_program


def snippets():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_readme_has_snippets():
    assert len(snippets()) >= 2


@pytest.mark.parametrize("number", range(len(snippets())))
def test_readme_snippet_runs(number, tmp_path):
    # A snippet finds the example traces under the name that the README gives them.
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "snippet.py").write_text(snippets()[number], encoding="utf-8")
    done = run_program("snippet.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
