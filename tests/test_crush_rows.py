"""Rows of tables through the native crusher: what they are as records, and what becomes of their columns."""

import datetime as dt
import decimal
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam._core import CallTable, Options, crush_rows, restore_block, row_lines
from headroom_beam.crush.config import SmartCrusherConfig, options_for

ROWS = [{"id": number, "name": f"row {number}", "state": "open"} for number in range(60)]
RESULT = json.dumps(ROWS)
OPTIONS = options_for(SmartCrusherConfig(keep_types=True), "json")


def options(*paths: str) -> Options:
    return options_for(SmartCrusherConfig(keep_types=True), paths)


def crushed(rows: pa.RecordBatch, options: Options = OPTIONS) -> pa.RecordBatch:
    """Crushes a batch, checks that it comes back, and returns it with its changed columns."""
    block, changed = crush_rows(rows, options)
    assert block.record_count == rows.num_rows
    compacted = rows
    for name in changed.schema.names:
        at = rows.schema.get_field_index(name)
        assert changed.schema.field(name).equals(rows.schema.field(name))
        assert not changed[name].equals(rows[name])
        compacted = compacted.set_column(at, rows.schema.field(name), changed[name])
    compacted.validate(full=True)
    restored = restore_block(row_lines(compacted), block.originals())
    assert restored.restored == row_lines(rows)
    return compacted


def test_a_row_is_an_object_of_its_columns() -> None:
    rows = pa.record_batch(
        {
            "text": ['a\n"b" \u2028', None],
            'quo"ted': pa.array(["x", "y"], pa.large_string()),
            "view": pa.array(["x", None], pa.string_view()),
            "dictionary": pa.array(["x", None]).dictionary_encode(),
            "numbers": pa.array([[1, None, 3], None], pa.list_(pa.uint64())),
            "float": pa.array([1.5, float("nan")]),
            "half": pa.array([0.25, None], pa.float16()),
            "flag": [True, None],
            "struct": [{"a": "x", "b": None}, None],
            "list": pa.array([[{"a": "x"}], []], pa.large_list(pa.struct([("a", pa.string())]))),
            "fixed": pa.array([["x", "y"], ["z", None]], pa.list_(pa.string(), 2)),
            "map": pa.array([[("k", "v"), ("k", None)], None], pa.map_(pa.string(), pa.string())),
            "numbered": pa.array([[(1, "v")], None], pa.map_(pa.int8(), pa.string())),
            "json": pa.array([' {"a": [1, "x"]}\n', "no JSON"], pa.json_()),
            "bytes": [b"abc", None],
            "when": [dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), None],
            "money": [decimal.Decimal("1.20"), None],
            "nothing": pa.nulls(2),
        }
    )
    lines = row_lines(rows).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "text": 'a\n"b" \u2028',
            'quo"ted': "x",
            "view": "x",
            "dictionary": "x",
            "numbers": [1, None, 3],
            "float": 1.5,
            "half": 0.25,
            "flag": True,
            "struct": {"a": "x"},
            "list": [{"a": "x"}],
            "fixed": ["x", "y"],
            "map": {"k": None},
            "numbered": None,
            "json": {"a": [1, "x"]},
            "bytes": None,
            "when": None,
            "money": None,
        },
        {'quo"ted': "y", "float": None, "list": [], "fixed": ["z", None], "json": "no JSON"},
    ]
    assert b'"map":{"k":"v","k":null}' in lines[0]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.uint32(), pa.large_string()),
    ],
    ids=str,
)
def test_texts_of_every_type_are_crushed_and_keep_their_type(kind: pa.DataType) -> None:
    values = [RESULT, None, "short", RESULT, "<<ccr:forged", "[3]{a,b}"]
    rows = pa.record_batch({"id": range(6), "output": pa.array(values).cast(kind)})
    compacted = crushed(rows)
    assert compacted["id"].equals(rows["id"])
    texts = compacted["output"].to_pylist()
    assert texts[0].startswith("[60ps]{id,name,state=open}\n")
    assert texts[3] == texts[0]
    assert (texts[1], texts[2]) == (None, "short")
    # What users wrote never looks like what crushing writes.
    assert texts[4] == "<<ccr:lit>><<ccr:forged"
    assert texts[5] == "<<ccr:lit>>[3]{a,b}"


def test_texts_at_any_depth_are_crushed_where_a_path_leads() -> None:
    message = pa.struct([("role", pa.string()), ("content", pa.string()), ("score", pa.float32())])
    rows = pa.record_batch(
        {
            "messages": pa.array(
                [
                    [{"role": "user", "content": RESULT, "score": 0.5}, None],
                    None,
                    [],
                    [{"role": "tool", "content": RESULT, "score": None}, {"role": "tool"}],
                ],
                pa.list_(message),
            ),
            "by_name": pa.array(
                [[("a", {"content": RESULT})], None, [], [("b", None)]], pa.map_(pa.string(), message)
            ),
        }
    )
    compacted = crushed(rows, options(".messages[*]{role=tool}.content", ".by_name.a.content"))
    before, after = rows.to_pylist(), compacted.to_pylist()
    assert after[0]["messages"] == before[0]["messages"]
    assert after[0]["by_name"][0][1]["content"].startswith("[60ps]")
    assert after[3]["messages"][0].pop("content").startswith("[60ps]")
    before[3]["messages"][0].pop("content")
    assert after[3] == before[3]
    assert after[1:3] == before[1:3]


def test_a_slice_of_a_batch_is_crushed_as_if_it_stood_alone() -> None:
    outputs = pa.array([[{"o": f"{number} {RESULT}"[2:]}] for number in range(8)])
    whole = pa.record_batch({"outputs": outputs, "d": pa.array(["x", RESULT] * 4).dictionary_encode()})
    sliced = whole.slice(3, 4)
    assert crushed(sliced).to_pylist() == crushed(whole).slice(3, 4).to_pylist()


def test_an_array_or_struct_that_is_a_result_keeps_its_type() -> None:
    rows = pa.record_batch({"output": [ROWS], "other": [{"log": RESULT, "count": 60}]})
    compacted = crushed(rows)
    assert compacted["output"].equals(rows["output"])
    assert compacted["other"].to_pylist()[0]["log"].startswith("[60ps]")


def test_text_that_is_marked_as_json_stays_json() -> None:
    values = [f' {{"log": {json.dumps(RESULT)}, "n": 1}}\n', "[1]", None, RESULT, "no JSON <<ccr:"]
    rows = pa.record_batch({"output": pa.array(values, pa.json_())})
    compacted = crushed(rows)
    texts = compacted["output"].to_pylist()
    assert texts[0].startswith(' {"log": "[60ps]{')
    assert texts[0].endswith(', "n": 1}\n')
    assert json.loads(texts[0])["n"] == 1
    assert texts[1:] == values[1:]


def test_a_tool_named_in_an_earlier_batch_is_known() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "grep"}}]}
    result = {"role": "tool", "tool_call_id": "c1", "content": RESULT}
    calls = CallTable()
    for row in (call, result):
        block, _ = crush_rows(pa.RecordBatch.from_pylist([row]), options("{role=tool}.content"), calls)
    assert block.totals().column("tool").to_pylist() == ["grep"]


def test_a_row_that_fails_stays_as_it_was() -> None:
    rows = pa.record_batch({"output": ["x" * 3000, RESULT[:1000]]})
    block, changed = crush_rows(
        rows, options_for(SmartCrusherConfig(keep_types=True, max_record_bytes=2000, max_tokens=64), "json")
    )
    (failure,) = block.failures().to_pylist()
    assert (failure["kind"], failure["offset"]) == ("too_large", 0)
    assert changed["output"][0].as_py() == "x" * 3000
    assert changed["output"][1].as_py() != RESULT[:1000]
    assert block.records().column("offset").to_pylist() == [1]


def test_only_options_that_keep_types_are_taken() -> None:
    with pytest.raises(ValueError, match="keep_types"):
        crush_rows(pa.record_batch({"a": ["x"]}), Options())


def test_texts_that_a_dictionary_can_not_number_are_an_error() -> None:
    # A budget cuts equal texts differently, as the words before them differ.
    lines = "\n".join(f"{number} the word{number} was here" for number in range(400))
    rows = pa.record_batch(
        {
            "ask": [f"where is word{number}?" for number in range(400)],
            "output": pa.DictionaryArray.from_arrays(pa.array([0] * 400, pa.int8()), [lines]),
        }
    )
    with pytest.raises(ValueError, match="key type"):
        crush_rows(rows, options_for(SmartCrusherConfig(keep_types=True, max_tokens=100), [".output"]))


TEXTS = st.none() | st.text(max_size=30) | st.sampled_from([RESULT, RESULT[:2000], "<<ccr:", "[2]{a}", "{}"])
VALUES = st.recursive(
    st.sampled_from(["text", "number"]),
    lambda inner: st.tuples(st.just("list"), inner) | st.tuples(st.just("struct"), inner, inner),
    max_leaves=5,
)


@given(data=st.data(), shape=VALUES)
def test_any_table_comes_back(data: st.DataObject, shape: object) -> None:
    def kind(shape: object) -> pa.DataType:
        if isinstance(shape, str):
            return pa.string() if shape == "text" else pa.int16()
        inner = [kind(one) for one in shape[1:]]
        return pa.list_(*inner) if shape[0] == "list" else pa.struct(list(zip("ab", inner, strict=False)))

    def values(shape: object) -> st.SearchStrategy[object]:
        if isinstance(shape, str):
            return TEXTS if shape == "text" else st.none() | st.integers(-9, 9)
        inner = [values(one) for one in shape[1:]]
        if shape[0] == "list":
            return st.none() | st.lists(inner[0], max_size=3)
        return st.none() | st.fixed_dictionaries(dict(zip("ab", inner, strict=False)))

    column = pa.array(data.draw(st.lists(values(shape), max_size=4)), kind(shape))
    crushed(pa.record_batch({"column": column}))
