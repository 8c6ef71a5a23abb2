"""Properties of crushing and restoring through the native module that hold for every input.

Bytes come back (G1), each marker has its original (G2), any bytes give a result or a typed error (G6), and
batching doesn't matter (G7). A forged original is refused (G5).
"""

import hashlib
import json
from typing import Any

import pyarrow as pa
import pytest
from helpers.effort import tries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headroom_beam import _core
from headroom_beam.errors import FormatError, HeadroomBeamError

SETTINGS = settings(
    max_examples=tries(30, 10_000), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

TRAPS = st.sampled_from(
    [
        "<<ccr:lit>>",
        "<<ccr:lit>><<ccr:lit>>x",
        "<<ccr:0123456789abcdef01234567,raw,12.3KB>>",
        "<<ccr:0123456789abcdef01234567 45_rows_offloaded>>",
        "<<ccr:0123456789ab>>",
        "[2]{a}\n1\n2",
        "[s]{}",
        '{"_ccr_dropped":"<<ccr:0123456789abcdef01234567 45_rows_offloaded>>"}',
        "null",
        "",
        " ",
        "a,b",
        "=1",
        "~null",
        "|x",
    ]
)
KEYS = st.sampled_from(["id", "name", "a.b", "state", "<<ccr:lit>>", "_ccr_dropped", "", "é"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TRAPS
    | st.text(max_size=12)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


LAYOUTS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}, {"indent": "\t"}]


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draws similar objects: the same keys, with some cells missing."""
    keys = draw(st.lists(KEYS, min_size=1, max_size=5, unique=True))
    cell = {
        key: draw(st.sampled_from([SCALARS, st.integers(), TRAPS, VALUES, st.just("ok")])) for key in keys
    }
    few = [
        {key: draw(cell[key]) for key in keys if draw(st.integers(0, 9))}
        for _ in range(draw(st.integers(0, 8)))
    ]
    return few * draw(st.sampled_from([1, 1, 5]))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draws JSON texts as Python prints them, some with JSON inside strings."""
    value = draw(rows() | VALUES | st.dictionaries(KEYS, rows(), max_size=3))
    layout = draw(st.sampled_from(LAYOUTS))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), **layout)
    if draw(st.integers(0, 3)) == 0:
        text = json.dumps({"role": "tool", "content": text}, ensure_ascii=draw(st.booleans()))
    return text


RECORDS = texts().map(lambda text: text.replace("\n", " "))
"""Texts on one line: a blank takes the place of each line break."""

OPTIONS = st.builds(
    _core.Options,
    paths=st.sampled_from([[], ["$.content"], ["$[*].name", "$.id"]]),
    max_tokens=st.sampled_from([64, 256, 4096]),
    max_record_tokens=st.sampled_from([0, 0, 300]),
    min_tokens_to_crush=st.sampled_from([0, 200]),
    min_items_to_analyze=st.sampled_from([2, 5]),
    max_items_after_crush=st.sampled_from([1, 15]),
    blob_min_bytes=st.sampled_from([128, 1024]),
    lossless_only=st.booleans(),
    with_compaction=st.booleans(),
    hash_digits=st.sampled_from([24, 64]),
    verify=st.booleans(),
)


def restore(compacted: bytes, originals: pa.RecordBatch, *, lines: bool = True) -> bytes:
    """Returns the restored bytes, with no marker unresolved. Hashes may have 24 or 64 digits."""
    whole = [digest.hex() for digest in originals.column("digest").to_pylist()]
    names = [digest[: 64 if digest.encode() in compacted else 24] for digest in whole]
    lookup = pa.record_batch({"hash": pa.array(names, pa.string()), "original": originals.column("original")})
    result = _core.restore_block(compacted, lookup, lines=lines)
    assert result.unresolved().num_rows == 0
    return result.restored


@SETTINGS
@given(st.lists(RECORDS, min_size=1, max_size=4), OPTIONS)
def test_restore_gives_back_the_lines_that_were_crushed(lines: list[str], options: _core.Options) -> None:
    block = "\n".join(lines).encode()
    crushed = _core.crush_block(block, options)
    assert crushed.failure_count == 0
    assert crushed.record_count == len(lines)
    compacted = crushed.lines()
    for line in compacted.split(b"\n"):
        json.loads(line)
    assert restore(compacted, crushed.originals()) == block


@SETTINGS
@given(RECORDS, OPTIONS)
def test_restoring_twice_undoes_crushing_twice(text: str, options: _core.Options) -> None:
    once = _core.crush_block(text.encode(), options)
    twice = _core.crush_block(once.lines(), options)
    assert restore(twice.lines(), twice.originals()) == once.lines()


@SETTINGS
@given(
    st.lists(st.binary(max_size=60) | RECORDS.map(str.encode), max_size=5),
    st.sampled_from([b"\n", b"\r\n", b"\n\n"]),
    OPTIONS,
)
def test_any_bytes_become_records_or_failures_and_come_back(
    parts: list[bytes], end: bytes, options: _core.Options
) -> None:
    block = end.join(parts)
    crushed = _core.crush_block(block, options)
    assert crushed.record_count == crushed.records().num_rows + crushed.failures().num_rows
    assert crushed.failure_count == crushed.failures().num_rows
    for line in crushed.lines().split(b"\n"):
        assert (
            not line.strip(b" \t\r") or line.startswith(b"\xef\xbb\xbf") or json.loads(line) is not Ellipsis
        )
    assert restore(crushed.lines(), crushed.originals()) == block


@SETTINGS
@given(texts() | st.text(), OPTIONS, st.sampled_from(["", "state ok"]), st.sampled_from([0.5, 1.0, 3.0]))
def test_a_text_that_is_no_record_comes_back(
    text: str, options: _core.Options, query: str, bias: float
) -> None:
    crushed = _core.crush_text(text, options, query=query, bias=bias)
    assert restore(crushed.compressed.encode(), crushed.originals(), lines=False) == text.encode()
    assert crushed.was_modified == (crushed.compressed != text)


@SETTINGS
@given(st.lists(texts(), min_size=1, max_size=5), OPTIONS)
def test_records_crush_alike_together_and_alone(lines: list[str], options: _core.Options) -> None:
    together = _core.crush_records(pa.array([line.encode() for line in lines], pa.large_binary()), options)
    alone = [_core.crush_records(pa.array([line], pa.string()), options) for line in lines]
    records = together.records().column("record").to_pylist()
    assert records == [one.records().column("record")[0].as_py() for one in alone]
    hashes = set(together.originals().column("digest").to_pylist())
    assert hashes == {digest for one in alone for digest in one.originals().column("digest").to_pylist()}


@SETTINGS
@given(st.lists(RECORDS, min_size=1, max_size=3), OPTIONS)
def test_every_original_has_its_digest_and_a_marker(lines: list[str], options: _core.Options) -> None:
    crushed = _core.crush_block("\n".join(lines).encode(), options)
    originals = crushed.originals().to_pylist()
    for row in originals:
        digest = hashlib.sha256(row["original"])
        assert (row["digest"], row["hash"]) == (digest.digest(), digest.hexdigest()[:24])
        assert row["size_bytes"] == len(row["original"])
    named = {row["hash"][:24] for row in _core.markers(crushed.lines()).to_pylist()}
    assert named == {row["hash"] for row in originals}


@SETTINGS
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.booleans())
def test_restoring_any_bytes_gives_bytes_or_a_reason(data: bytes, lines: bool) -> None:
    nothing = pa.record_batch(
        {"hash": pa.array([], pa.string()), "original": pa.array([], pa.large_binary())}
    )
    try:
        result = _core.restore_block(data, nothing, lines=lines)
    except HeadroomBeamError:
        assert not lines, "a line that can't be restored is reported, not raised"
        return
    for row in result.unresolved().to_pylist():
        assert row["kind"] in ("missing", "format")
        assert row["offset"] + row["length"] <= len(data)


@SETTINGS
@given(RECORDS, st.integers(0, 2**32), st.binary(min_size=1, max_size=3))
def test_restoring_a_damaged_block_never_crashes(text: str, place: int, damage: bytes) -> None:
    crushed = _core.crush_block(
        text.encode(), _core.Options(max_tokens=64, min_tokens_to_crush=0, blob_min_bytes=128)
    )
    compacted = bytearray(crushed.lines())
    at = place % (len(compacted) + 1)
    compacted[at : at + len(damage)] = damage
    originals = crushed.originals()
    lookup = pa.record_batch({"hash": originals.column("hash"), "original": originals.column("original")})
    result = _core.restore_block(bytes(compacted), lookup)
    assert {row["kind"] for row in result.unresolved().to_pylist()} <= {"missing", "format"}


def test_a_forged_original_is_refused() -> None:
    text = json.dumps([{"id": index, "status": "ok"} for index in range(60)])
    crushed = _core.crush_block(
        text.encode(), _core.Options(max_tokens=64, min_tokens_to_crush=0, with_compaction=False)
    )
    originals = crushed.originals()
    assert originals.num_rows == 1
    forged = pa.record_batch(
        {"hash": originals.column("hash"), "original": pa.array([b"[]"], pa.large_binary())}
    )
    result = _core.restore_block(crushed.lines(), forged)
    assert result.restored == crushed.lines()
    assert [row["hash"] for row in result.unresolved().to_pylist()] == originals.column("hash").to_pylist()


def test_an_unknown_marker_is_a_format_error() -> None:
    with pytest.raises(FormatError):
        _core.markers(b'"<<ccr:nonsense>>"')
