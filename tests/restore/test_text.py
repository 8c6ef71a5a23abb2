"""One text or record is restored: the original bytes, or a typed error."""

import json

import pyarrow as pa
import pytest
from helpers.generators import DROPPING, RUN_DATE, record

from headroom_beam import _core
from headroom_beam.crush.config import options_for
from headroom_beam.errors import FormatError, OriginalNotFound
from headroom_beam.restore.text import restore_record, restore_text
from headroom_beam.store.store import OriginalStore


def crush_record(text: bytes, store: OriginalStore) -> bytes:
    block = _core.crush_records(pa.array([text], pa.large_binary()), options_for(DROPPING, "json"))
    store.put_many(block.originals(), run_date=RUN_DATE)
    return bytes(block.records().column("record")[0].as_py())


def test_a_text_comes_back(store: OriginalStore) -> None:
    text = json.dumps(json.loads(record(1))["result"])
    crushed = _core.crush_text(text, options_for(DROPPING, "json"))
    assert crushed.was_modified
    assert "<<ccr:" in crushed.compressed
    store.put_many(crushed.originals(), run_date=RUN_DATE)
    assert restore_text(crushed.compressed, store) == text


def test_a_text_without_markers_is_its_own_original(store: OriginalStore) -> None:
    for text in ("", "plain", "[1, 2", '"quoted"'):
        assert restore_text(text, store) == text


def test_a_text_whose_original_is_missing_is_an_error(store: OriginalStore) -> None:
    with pytest.raises(OriginalNotFound, match="0123456789abcdef01234567"):
        restore_text("<<ccr:0123456789abcdef01234567,string,2.0KB>>", store)
    with pytest.raises(FormatError):
        restore_text("<<ccr:unknown>>", store)


@pytest.mark.parametrize(
    "text",
    [
        record(1),
        json.dumps(json.loads(record(2)), indent=2).encode(),
        b"\n" + record(3) + b"\r\n",
        json.dumps(json.loads(record(4))["result"], indent=1).encode(),
        json.dumps("x y z " * 4000).encode(),
        b" \n" + json.dumps("x y z " * 4000).encode() + b"\n\n",
        b"17",
    ],
)
def test_a_record_comes_back_with_the_line_ends_inside_it(store: OriginalStore, text: bytes) -> None:
    assert restore_record(crush_record(text, store), store) == text
