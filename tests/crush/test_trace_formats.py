"""Trace formats resolve to checked paths, and paths have one meaning and one shortest spelling."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import (
    AUTO,
    TRACE_FORMATS,
    TraceFormat,
    named_formats,
    read_formats,
    resolve,
)
from headroom_beam.records import Payload, compacted_rows

KEY = "A-Za-z0-9_-"
VALUE = "A-Za-z0-9_.-"


def quoted(name: str) -> str:
    return json.dumps(name)


def shortest(name: str, letters: str) -> str:
    return name if re.fullmatch(f"[{letters}]+", name) else json.dumps(name, ensure_ascii=False)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A path as somebody may spell it, with everything quoted, and its shortest spelling."""
    names = st.text(st.characters(codec="utf-8"), max_size=8)
    loose, short = "$", ""
    for kind in draw(
        st.lists(st.sampled_from(["key", "deep", "keys", "each", "where", "has", "json"]), max_size=5)
    ):
        if kind in ("key", "deep"):
            name, dots = draw(names), "." if kind == "key" else ".."
            loose, short = f"{loose}{dots}{quoted(name)}", f"{short}{dots}{shortest(name, KEY)}"
        elif kind == "keys":
            pair = draw(names), draw(names)
            loose = f"{loose}.({'|'.join(map(quoted, pair))})"
            short = f"{short}.({'|'.join(shortest(name, KEY) for name in pair)})"
        elif kind == "each":
            loose, short = f"{loose}[*]", f"{short}[*]"
        elif kind == "has":
            name, sign = draw(names), draw(st.sampled_from(["", "!"]))
            loose, short = f"{loose}{{{sign}{quoted(name)}}}", f"{short}{{{sign}{shortest(name, KEY)}}}"
        elif kind == "json":
            loose, short = f"{loose}|json", f"{short or '$'}|json"
        else:
            name, value, sign = draw(names), draw(names), draw(st.sampled_from(["=", "!=", "^="]))
            loose = f"{loose}{{{quoted(name)}{sign}{quoted(value)}}}"
            short = f"{short}{{{shortest(name, KEY)}{sign}{shortest(value, VALUE)}}}"
    short = short or "$"
    end = draw(st.sampled_from(["", ":string"]))
    tool, out = draw(st.lists(names, max_size=3)), "^" * draw(st.integers(0, 3))
    loose, short = loose + end, short + end
    if tool:
        loose += f" @ {out}" + "".join(f".{quoted(name)}" for name in tool)
        short += f" @ {out}" + "".join(f".{shortest(name, KEY)}" for name in tool)
    return loose, short


@given(spellings())
def test_a_path_has_one_shortest_spelling(spelling: tuple[str, str]) -> None:
    loose, short = spelling
    assert _core.check_payload_path(loose) == short
    assert _core.check_payload_path(short) == short


@given(st.text(st.sampled_from('.$[]*{}()|!^="@ :abcstringjo\\'), max_size=12))
def test_any_text_is_a_path_or_an_error_that_names_a_character(text: str) -> None:
    try:
        path = _core.check_payload_path(text)
    except ValueError:
        with pytest.raises(ValueError, match=r" at character [0-9]+: "):
            _core.check_payload_path(text)
    else:
        assert _core.check_payload_path(path) == path


def test_every_part_of_a_path_is_read() -> None:
    path = '$.a."b c"[*]{role=tool}{"k \\u00e9"="v}"}."content":string @ ."function".name'
    read = '.a."b c"[*]{role=tool}{"k é"="v}"}.content:string @ .function.name'
    assert _core.check_payload_path(path) == read


@pytest.mark.parametrize(
    ("text", "character"),
    [
        ("", 1),
        ("a", 1),
        (".", 2),
        (".a.", 4),
        (".a[0]", 3),
        (".a[*", 3),
        (".a{role", 8),
        (".a{role~=x}", 8),
        (".(a|b", 6),
        ("..|json", 3),
        ("|json.a", 1),
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
        (".a @ ^name", 7),
        (".a @ .name:string", 11),
        (".a ", 3),
        (" .a", 1),
    ],
)
def test_an_error_names_the_character(text: str, character: int) -> None:
    with pytest.raises(ValueError, match=f"at character {character}:"):
        _core.check_payload_path(text)


def test_the_root_may_be_left_out() -> None:
    assert _core.check_payload_path("$.a") == _core.check_payload_path(".a") == ".a"
    assert _core.check_payload_path("$") == "$"


@pytest.mark.parametrize("name", sorted(TRACE_FORMATS))
def test_built_in_formats_resolve_to_their_paths_in_shortest_spelling(name: str) -> None:
    paths = resolve(name)
    trace_format = TRACE_FORMATS[name]
    assert paths == (*trace_format.paths, *(f"{path}:keep" for path in trace_format.keep))
    assert [_core.check_payload_path(path) for path in paths] == list(paths)
    assert len(set(paths)) == len(paths)


def test_json_is_the_whole_record() -> None:
    assert resolve("json") == ()


def test_a_path_a_list_and_a_format_of_ones_own_resolve() -> None:
    assert resolve(".result") == (".result",)
    assert resolve([".a", "$.b"]) == (".a", "$.b")
    assert resolve(TraceFormat("mine", (".a",))) == (".a",)


def test_an_unknown_name_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known are 'anthropic', 'atif', 'auto', "):
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


ROWS = [{"id": number, "status": "ok", "name": f"number {number}"} for number in range(40)]
RESULT = json.dumps(ROWS)


def payloads_of(record: object, trace_format: str) -> list[Payload]:
    options = options_for(SmartCrusherConfig(), trace_format)
    block = _core.crush_records(pa.array([json.dumps(record).encode()], pa.large_binary()), options)
    (row,) = compacted_rows(block.records())
    return list(row.payloads)


def tools_and_strategies(record: object, trace_format: str) -> list[tuple[str, str]]:
    return [(payload.tool, payload.strategy) for payload in payloads_of(record, trace_format)]


OPENAI_CALL = {
    "role": "assistant",
    "content": RESULT,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "list_things", "arguments": RESULT}}
    ],
}
OPENAI_RESULTS = {
    "string": {"role": "tool", "tool_call_id": "c1", "content": RESULT},
    "parts": {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": RESULT}]},
    "native JSON": {"role": "tool", "tool_call_id": "c1", "content": ROWS},
    "with a name": {"role": "tool", "tool_call_id": "c0", "name": "list_things", "content": RESULT},
    "older form": {"role": "function", "name": "list_things", "content": RESULT},
}


@pytest.mark.parametrize("message", OPENAI_RESULTS.values(), ids=OPENAI_RESULTS)
def test_openai_finds_the_tool_results_of_requests_conversations_and_batch_lines(
    message: dict[str, object],
) -> None:
    messages = [{"role": "user", "content": RESULT}, OPENAI_CALL, message]
    for record in (
        {"model": "m", "messages": messages},
        messages,
        {"custom_id": "1", "body": {"messages": messages}},
    ):
        assert tools_and_strategies(record, "openai") == [("list_things", "table")]


@pytest.mark.parametrize("message", OPENAI_RESULTS.values(), ids=OPENAI_RESULTS)
def test_openai_finds_the_tool_result_of_a_message_by_itself(message: dict[str, object]) -> None:
    assert tools_and_strategies(message, "openai") == [(str(message.get("name", "")), "table")]


ANTHROPIC_CALL = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": RESULT},
        {"type": "tool_use", "id": "t1", "name": "list_things", "input": {"rows": ROWS}},
    ],
}
ANTHROPIC_RESULTS = {
    "string": RESULT,
    "blocks": [
        {"type": "text", "text": RESULT},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 8000}},
    ],
}


@pytest.mark.parametrize("content", ANTHROPIC_RESULTS.values(), ids=ANTHROPIC_RESULTS)
def test_anthropic_finds_the_parts_of_tool_results_and_nothing_else(content: object) -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": content}
    message = {"role": "user", "content": [result, {"type": "text", "text": RESULT}]}
    messages = [{"role": "user", "content": RESULT}, ANTHROPIC_CALL, message]
    for record in ({"model": "m", "messages": messages}, messages):
        found = tools_and_strategies(record, "anthropic")
        assert found[0] == ("list_things", "table")
        assert found[1:] == [("list_things", "blob")] * (content is not RESULT)
    assert tools_and_strategies(message, "anthropic")[0] == ("", "table")


@pytest.mark.parametrize("trace_format", ["openai", "anthropic"])
@pytest.mark.parametrize("record", [{"rows": ROWS}, ROWS, "text", {"messages": None}, {"content": 7}, None])
def test_records_of_another_form_have_no_payload(record: object, trace_format: str) -> None:
    assert payloads_of(record, trace_format) == []


@given(spellings())
def test_options_take_every_path(spelling: tuple[str, str]) -> None:
    _core.Options(paths=list(spelling))


def test_a_path_selects_what_it_says() -> None:
    record = {
        "a": [
            {"kind": "tool", "any key": RESULT, "by": {"name": "mine"}},
            {"kind": "no", "any key": RESULT},
            {"kind": 7},
        ]
    }
    (payload,) = payloads_of(record, '.a[*]{"kind"=tool}."any key":string @ .by.name')
    assert (payload.tool, payload.strategy) == ("mine", "table")
    assert payloads_of(record, ".a[*]{kind=tool}.by:string") == []
    assert len(payloads_of(record, ".a[*]{kind=tool}.by")) == 1


@pytest.mark.parametrize(
    ("out", "tool"), [("", "inner"), ("^", "middle"), ("^^", "outer"), ("^^^", ""), ("^^^^", "")]
)
def test_the_name_of_a_tool_may_stand_in_an_object_further_out(out: str, tool: str) -> None:
    record = {"name": "outer", "a": [{"name": "middle", "b": [{"name": "inner", "c": RESULT}]}]}
    (payload,) = payloads_of(record, f".a[*].b[*].c @ {out}.name")
    assert payload.tool == tool


def test_the_name_of_a_tool_may_stand_around_a_string_of_json() -> None:
    record = {"name": "outer", "a": {"b": json.dumps({"c": {"d": RESULT}})}}
    (payload,) = payloads_of(record, ".a.b|json.c.d @ ^.name")
    assert payload.tool == "outer"


def test_of_payloads_within_payloads_the_deepest_wins() -> None:
    record = {"a": {"b": {"c": RESULT, "d": RESULT}}}
    assert [payload.path for payload in payloads_of(record, [".a", ".a.b.c", ".a.b"])] == [".a.b.c"]


def test_formats_of_a_file_are_read_with_their_names() -> None:
    text = '[mine]\ntitle = "My agent"\npaths = [".steps[*].output"]\nkeep = ["{note}"]\n'
    text += '[other]\npaths = [".x"]\n'
    formats = read_formats(text)
    assert [(name, one.title, one.paths, one.keep) for name, one in formats.items()] == [
        ("mine", "My agent", (".steps[*].output",), ("{note}",)),
        ("other", "", (".x",), ()),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine = 1", "'mine' is no table"),
        ("[mine]", "'mine' has no paths"),
        ('[mine]\npaths = ".a"', "paths must be a list of strings"),
        (
            '[mine]\npaths = [".a"]\npath = 1',
            "has the field 'path'; known are in_place, keep, ",
        ),
        ('[mine]\npaths = [".a["]', "character 3"),
        ("[mine", "at the end of a table declaration"),
    ],
)
def test_a_file_of_formats_that_says_nothing_right_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_formats(text)


def test_a_file_of_formats_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[mine]\npaths = [".a", ".b"]\n')
    assert resolve(str(path)) == (".a", ".b")
    with pytest.raises(OSError, match="none.toml"):
        resolve(str(tmp_path / "none.toml"))


LISTING = json.dumps(ROWS, indent=1)
ISSUE = "OBSERVE that this is the task: " + "a long question of the user. " * 40
REPLACED = {
    "state of a run: items and their outputs": (
        "openai-responses",
        {
            "generated_items": [
                {
                    "type": "tool_call_output_item",
                    "raw_item": {"type": "function_call_output", "call_id": "c1", "output": LISTING},
                    "output": LISTING,
                }
            ]
        },
        2,
    ),
    "a task that SWE-agent calls an observation stays": (
        "swe-agent",
        {
            "history": [
                {"role": "user", "message_type": "observation", "content": ISSUE},
                {"role": "tool", "message_type": "observation", "content": LISTING, "tool_call_ids": ["c1"]},
                {"role": "user", "message_type": "observation", "content": f"OBSERVATION:\n{LISTING}"},
            ]
        },
        2,
    ),
    "several attempts of SWE-agent": (
        "swe-agent",
        {"attempts": [{"trajectory": [{"action": "ls", "observation": LISTING}], "history": []}]},
        1,
    ),
    "all messages of Pydantic AI": (
        "otel-genai",
        {
            "attributes": {
                "pydantic_ai.all_messages": json.dumps(
                    [
                        {
                            "role": "user",
                            "parts": [{"type": "tool_call_response", "name": "ls", "result": LISTING}],
                        }
                    ]
                )
            }
        },
        1,
    ),
    "results in spans of ADK": (
        "otel-genai",
        {
            "attributes": {
                "gcp.vertex.agent.tool_response": LISTING,
                "gcp.vertex.agent.llm_request": json.dumps(
                    {"contents": [{"parts": [{"function_response": {"name": "ls", "response": ROWS}}]}]}
                ),
            }
        },
        2,
    ),
    "runs below a run of LangSmith": (
        "langsmith",
        {
            "run_type": "chain",
            "child_runs": [{"run_type": "tool", "name": "ls", "outputs": {"output": LISTING}}],
        },
        1,
    ),
    "parts of ATIF": (
        "atif",
        {
            "schema_version": "ATIF-v1.8",
            "steps": [{"observation": {"results": [{"content": [{"type": "text", "text": LISTING}]}]}}],
        },
        1,
    ),
    "a cassette of Gemini": (
        "vcr",
        {
            "interactions": [
                {
                    "request": {
                        "body": json.dumps(
                            {
                                "contents": [
                                    {"parts": [{"functionResponse": {"response": {"output": LISTING}}}]}
                                ]
                            }
                        )
                    }
                }
            ]
        },
        1,
    ),
}


@pytest.mark.parametrize(("name", "record", "count"), REPLACED.values(), ids=REPLACED)
def test_a_format_finds_every_copy_and_no_prompt(name: str, record: object, count: int) -> None:
    assert len(payloads_of(record, name)) == count


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (
            "langsmith",
            {
                "run_type": "tool",
                "outputs": {"output": {"type": "tool", "tool_call_id": "c1", "content": LISTING}},
            },
        ),
        ("google-genai", {"parts": [{"functionResponse": {"id": "c1", "response": {"result": LISTING}}}]}),
    ],
)
def test_an_object_around_a_result_stays_an_object(name: str, record: dict[str, object]) -> None:
    options = options_for(SmartCrusherConfig(), name)
    block = _core.crush_records(pa.array([json.dumps(record).encode()], pa.large_binary()), options)
    ((row, (payload,)),) = ((row.record, row.payloads) for row in compacted_rows(block.records()))
    assert payload.strategy == "table"

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return [shape(item) for item in value] if isinstance(value, list) else type(value)

    assert shape(json.loads(row)) == shape(record)


def test_formats_that_are_named_or_have_a_given_path_are_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[mine]\npaths = [".steps[*].out"]\nin_place = "why"\n')
    mine = TraceFormat("mine", (".steps[*].out",), in_place="why")
    assert named_formats(mine) == (mine,)
    assert named_formats([str(file), "mcp", TRACE_FORMATS["mcp"].paths[0], ".x"]) == (
        mine,
        TRACE_FORMATS["mcp"],
    )
    assert (
        set(named_formats(AUTO))
        == set(TRACE_FORMATS.values())
        == set(named_formats(resolve(AUTO))) | {TRACE_FORMATS["json"]}
    )
    with pytest.raises(OSError, match="missing"):
        named_formats(str(tmp_path / "missing.toml"))


PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 40
BASE64 = {"type": "base64", "media_type": "image/webp", "data": PICTURE}


@pytest.mark.parametrize(
    ("trace_format", "record", "media_type"),
    [
        (
            "anthropic",
            {
                "role": "user",
                "content": [{"type": "tool_result", "content": [{"type": "image", "source": BASE64}]}],
            },
            "image/webp",
        ),
        (
            "claude-code",
            {
                "message": {
                    "role": "user",
                    "content": [{"type": "tool_result", "content": [{"type": "image", "source": BASE64}]}],
                }
            },
            "image/webp",
        ),
        (
            "mcp",
            {
                "jsonrpc": "2.0",
                "result": {"content": [{"type": "image", "data": PICTURE, "mimeType": "image/gif"}]},
            },
            "image/gif",
        ),
        (
            "pi",
            {"message": {"role": "toolResult", "content": [{"type": "image", "data": PICTURE}]}},
            "image/png",
        ),
        (
            "opencode",
            {
                "type": "tool",
                "callID": "c",
                "messages": [
                    {
                        "parts": [
                            {
                                "type": "tool",
                                "state": {"attachments": [{"url": f"data:image/png;base64,{PICTURE}"}]},
                            }
                        ]
                    }
                ],
            },
            "image/png",
        ),
    ],
)
def test_pictures_in_results_become_blobs_with_their_media_type(
    trace_format: str, record: dict[str, object], media_type: str
) -> None:
    line = json.dumps(record).encode() + b"\n"
    block = _core.crush_block(line, _core.Options(paths=list(resolve(trace_format))))
    assert f",{media_type},1.7KB>>".encode() in block.lines()
    assert _core.restore_block(block.lines(), block.originals()).restored == line


def test_pictures_of_the_user_stay() -> None:
    line = json.dumps({"role": "user", "content": [{"type": "image", "source": BASE64}]}).encode() + b"\n"
    for name in ("anthropic", "claude-code", "openai", "auto"):
        assert _core.crush_block(line, _core.Options(paths=list(resolve(name)))).lines() == line


def test_what_a_format_keeps_counts_as_recognised(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[mine]\npaths = ["{kind=tool}.out"]\nkeep = ["{kind=user}"]\n')
    lines = b'{"kind":"user","output":"x"}\n{"kind":"tool","out":"x"}\n{"kind":"new"}\n'
    for trace_format in (str(file), read_formats(file.read_text())["mine"], [AUTO, str(file)]):
        block = _core.crush_block(lines, options_for(SmartCrusherConfig(), trace_format))
        assert block.unrecognised_count == 1
    assert (
        _core.crush_block(lines, options_for(SmartCrusherConfig(), "{kind=tool}.out")).unrecognised_count == 2
    )
