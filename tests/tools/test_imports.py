"""The tree has no circle of imports and no wrong layer, and `tools/imports.py` finds either."""

import importlib
import sys

import pytest
from helpers.repository import REPOSITORY

CARGO = """
[package]
name = "planted"
[package.metadata.imports]
layers = ["top", "left | right", "low"]
"""
FILES = {
    "lib.rs": "mod top; mod left; mod right; mod low;",
    "top.rs": "use crate::{left::{self, Left as L}, low::deep::Deep};",
    "left.rs": "fn f() -> crate::low::Low { crate::low::Low }",
    "right.rs": "#[cfg(test)]\nmod tests { use crate::left::Left; }",
    "low/mod.rs": "mod deep;\npub use deep::Deep;\n// use crate::top::Top;",
    "low/deep.rs": "",
}


@pytest.fixture
def imports(monkeypatch):
    monkeypatch.syspath_prepend(str(REPOSITORY / "tools"))
    monkeypatch.delitem(sys.modules, "imports", raising=False)
    return importlib.import_module("imports")


@pytest.fixture
def crate(tmp_path):
    (tmp_path / "Cargo.toml").write_text(CARGO)
    for name, text in FILES.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_tree_has_no_circle_and_no_wrong_layer(imports):
    assert imports.check() == []


def test_pictures_in_the_architecture_are_those_of_the_tree(imports):
    document = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert imports.with_pictures(document) == document, "run: make imports"


def test_arrows_are_read_off_uses_and_paths_outside_tests_and_comments(imports, crate):
    assert imports.rust_arrows(crate) == {
        "lib": set(),
        "lib.top": {"lib.left", "lib.low.deep"},
        "lib.left": {"lib.low"},
        "lib.right": set(),
        "lib.low": {"lib.low.deep"},
        "lib.low.deep": set(),
    }


def test_right_layers_have_no_faults(imports, crate):
    assert imports.layer_faults(imports.rust_arrows(crate), imports.layers_of(crate)) == []


@pytest.mark.parametrize(
    ("name", "line", "circle"),
    [
        ("low/deep.rs", "use super::Low;", {"lib.low", "lib.low.deep"}),
        ("left.rs", "use crate::top::Top;", {"lib.left", "lib.top"}),
        ("low/deep.rs", "fn f() { vec![crate::top::MOST] }", {"lib.top", "lib.low.deep"}),
    ],
)
def test_circle_is_found(imports, crate, name, line, circle):
    (crate / "src" / name).write_text(line)
    assert circle <= set(imports.circle_in(imports.rust_arrows(crate)))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("low/deep.rs", "use crate::right;"),
        ("left.rs", "use crate::right::{Right};"),
        ("right.rs", "pub(crate) use crate::left::Left;"),
    ],
)
def test_wrong_layer_is_found(imports, crate, name, line):
    (crate / "src" / name).write_text(line)
    (fault,) = imports.layer_faults(imports.rust_arrows(crate), imports.layers_of(crate))
    assert fault.startswith("wrong layer: ")


def test_module_without_a_layer_is_found(imports, crate):
    (crate / "src" / "new.rs").write_text("")
    assert imports.layer_faults(imports.rust_arrows(crate), imports.layers_of(crate)) == [
        "new: no layer names it"
    ]
