"""The tests mirror the package: each module has a test file of its name, in a folder of the same name."""

from pathlib import Path

from helpers.repository import REPOSITORY, TESTS

WITHOUT = {
    "cli/__main__.py": "calls `main`; tests/cli/test_console.py starts it in a process",
    "cli/exit_codes.py": "two numbers; tests/test_errors.py tells them from those of errors",
    "transforms/crush_result.py": "names of outputs, without behaviour",
    "restore/found_originals.py": "selects rows of a lookup; tests/restore/test_batch.py restores from them",
}
"""Modules without a test file of their own, and why."""

NAMES = {"__init__": "package"}
"""Tests that aren't called as their module."""


def modules() -> list[Path]:
    """Returns the modules of the package, by their path in it."""
    package = REPOSITORY / "headroom_beam"
    found = [path.relative_to(package) for path in sorted(package.rglob("*.py"))]
    # The `__init__` of a folder holds only a docstring.
    return [path for path in found if path.name != "__init__.py" or path.parent == Path()]


def files_for(module: Path) -> list[Path]:
    """Returns `test_MODULE.py` and the `test_MODULE_BEHAVIOUR.py` files into which a long one is split."""
    name, folder = NAMES.get(module.stem, module.stem), TESTS / module.parent
    return [path for path in (folder / f"test_{name}.py", *folder.glob(f"test_{name}_*.py")) if path.exists()]


def test_every_module_has_a_test_file_or_a_reason() -> None:
    assert len(modules()) > 60
    assert [path.as_posix() for path in modules() if not files_for(path)] == sorted(WITHOUT)


def test_init_files_hold_only_a_docstring() -> None:
    folders = list((REPOSITORY / "headroom_beam").glob("*/__init__.py"))
    assert folders
    for path in folders:
        assert path.read_text(encoding="utf-8").count('"""') == 2, path
        assert path.read_text(encoding="utf-8").rstrip().endswith('"""'), path
