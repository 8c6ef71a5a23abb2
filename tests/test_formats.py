"""Trace formats resolve to checked paths, and paths have one meaning and one shortest spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.formats import TRACE_FORMATS, Each, Key, PayloadPath, TraceFormat, Where, parse_path, resolve

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
SEGMENTS = st.one_of(st.builds(Key, NAMES), st.just(Each()), st.builds(Where, NAMES, NAMES))
PATHS = st.builds(
    PayloadPath,
    st.lists(SEGMENTS, max_size=5).map(tuple),
    st.booleans(),
    st.lists(st.builds(Key, NAMES), max_size=3).map(tuple),
)


@given(PATHS)
def test_a_path_comes_back_from_its_spelling(path: PayloadPath) -> None:
    assert parse_path(str(path)) == path


@given(st.text(st.sampled_from('.$[]*{}="@ :abcstring\\'), max_size=12))
def test_any_text_is_a_path_or_an_error_that_names_a_character(text: str) -> None:
    try:
        path = parse_path(text)
    except ValueError:
        with pytest.raises(ValueError, match=r" at character [0-9]+: "):
            parse_path(text)
    else:
        assert parse_path(str(path)) == path


def test_every_part_of_a_path_is_read() -> None:
    path = parse_path('$.a."b c"[*]{role=tool}{"k \\u00e9"="v}"}.content:string @ .function.name')
    assert path.segments == (Key("a"), Key("b c"), Each(), Where("role", "tool"), Where("k é", "v}"), Key("content"))
    assert path.strings_only
    assert path.tool == (Key("function"), Key("name"))


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("", 1),
        ("a", 1),
        (".", 2),
        (".a.", 4),
        (".a[0]", 3),
        (".a[*", 3),
        (".a{role}", 8),
        (".a{role=}", 9),
        (".a{role=tool", 13),
        ('.a"b"', 3),
        ('."b', 2),
        ('."\\ud800"', 2),
        (".a:strings", 10),
        (".a:number", 3),
        (".a @ name", 6),
        (".a @ ", 6),
        (".a@.name", 3),
        (".a @ .name:string", 11),
        (".a ", 3),
        (" .a", 1),
    ],
)
def test_an_error_names_the_character(text: str, character: int) -> None:
    with pytest.raises(ValueError, match=f"at character {character}:"):
        parse_path(text)


def test_the_root_may_be_left_out() -> None:
    assert parse_path("$.a") == parse_path(".a")
    assert parse_path("$") == PayloadPath(())


@pytest.mark.parametrize("name", sorted(TRACE_FORMATS))
def test_built_in_formats_resolve_to_their_paths_in_shortest_spelling(name: str) -> None:
    paths = resolve(name)
    assert paths == TRACE_FORMATS[name].paths
    assert [str(parse_path(path)) for path in paths] == list(paths)
    assert len(set(paths)) == len(paths)


def test_json_is_the_whole_record() -> None:
    assert resolve("json") == ()


def test_a_path_a_list_and_a_format_of_ones_own_resolve() -> None:
    assert resolve(".result") == (".result",)
    assert resolve([".a", "$.b"]) == (".a", "$.b")
    assert resolve(TraceFormat("mine", (".a",))) == (".a",)


def test_an_unknown_name_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'anthropic', 'json', 'openai'"):
        resolve("langchain")


def test_formats_and_paths_may_be_joined() -> None:
    assert resolve(["openai", "anthropic", ".a", ".a"]) == (*resolve("openai"), *resolve("anthropic"), ".a")


@pytest.mark.parametrize("trace_format", ["json", "openai", [], [".a", "anthropic"], TraceFormat("mine", ())])
def test_what_was_resolved_resolves_to_itself(trace_format: str) -> None:
    assert resolve(resolve(trace_format)) == resolve(trace_format)


def test_the_whole_record_can_not_stand_among_paths() -> None:
    with pytest.raises(ValueError, match="can't stand among others"):
        resolve(["json", ".a"])


def test_a_broken_path_in_a_list_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'\.b\['"):
        resolve([".a", ".b["])


def test_a_path_that_is_not_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown trace format 1"):
        resolve([1])
