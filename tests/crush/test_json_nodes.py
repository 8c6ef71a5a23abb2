"""Nodes are the values of a JSON text, with their places and spellings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.crush.json_nodes import Node, read_nodes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


def value_of(node: Node) -> Any:
    if node.kind == "[":
        return [value_of(child) for child in node.children]
    if node.kind == "{":
        return {child.key: value_of(child) for child in node.children}
    return json.loads(node.text)


@given(JSON, st.sampled_from([None, 2]), st.booleans())
def test_nodes_are_the_values_of_the_text(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = " " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + "\r\n"
    root = read_nodes(text)
    assert value_of(root) == value
    assert root.text == text.strip(" \r\n")
    assert root.place() == ""


def test_a_place_says_the_way_from_the_root() -> None:
    root = read_nodes('{"messages": [{"a.b": {"c_d-1": [true]}}]}')
    node = root
    while node.children:
        node = node.children[0]
    assert (node.place(), node.content()) == ('.messages[0]."a.b".c_d-1[0]', "true")


@pytest.mark.parametrize("text", ["", "]", "{", "[1", "1 2", "[]]", '"'])
def test_a_text_that_is_not_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        read_nodes(text)


def test_deep_nesting_is_no_recursion() -> None:
    assert read_nodes("[" * 5000 + "]" * 5000).kind == "["
