"""Restoring a batch of records together gives what restoring each alone gives."""

import json

from helpers.effort import tries
from helpers.generators import BROKEN, RECORDS, crushed_into
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom_beam import OriginalStore
from headroom_beam.restore.batch import NotRestored, restore_batch

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=tries(30, 3000))
@given(values=st.lists(st.tuples(JSON, st.sampled_from([None, 1])), min_size=1, max_size=5))
def test_restore_batch_undoes_crush_batch(values, tmp_path_factory):
    store = OriginalStore.open(tmp_path_factory.mktemp("store"))
    records = [json.dumps(value, indent=indent).encode() for value, indent in values]
    rows = crushed_into(store, records)
    assert restore_batch([row.record for row in rows], store) == records


def test_restore_batch_says_what_is_wrong_with_each_record(store):
    wanted = b'"<<ccr:%s,raw,1.0KB>>"' % (b"1" * 24)
    assert restore_batch([b"1", wanted, b'"<<ccr:?"'], store) == [
        b"1",
        NotRestored(("1" * 24,), ("missing",)),
        NotRestored((), ("format",)),
    ]


def test_restoring_together_gives_what_restoring_one_by_one_gives(store):
    pretty = json.dumps(json.loads(RECORDS[0])["items"], indent=2).encode()
    records = [row.record for row in crushed_into(store, [*RECORDS, pretty])]
    [lines] = [record for record in records if restore_batch([record], store) == [pretty]]
    # This line restores to several lines. So the lines of a block no longer separate its records.
    assert b"\n" not in lines
    assert b"\n" in pretty
    unknown, lost = b'{"a": "<<ccr:?"}', b'["<<ccr:%s,raw,1.0KB>>"]' % (b"1" * 24)
    framed = [b"[1,\r2]", b"\n", b'\r\n"<<ccr:lit>>"\n', b"\xef\xbb\xbf[1]", b"1 ", b"", b"  "]
    others = [*framed, b'{"a":\n"<<ccr:?"}', unknown, lost, unknown, *BROKEN]
    for batch in ([*records, *others], [*others, *records], others, [lines] * 3, [lines, lost], records * 40):
        assert restore_batch(batch, store) == [
            one for record in batch for one in restore_batch([record], store)
        ]
    assert restore_batch([unknown, lost, b'[\n"<<ccr:?"]'], store) == [
        NotRestored((), ("format",)),
        NotRestored(("1" * 24,), ("missing",)),
        NotRestored((), ("format",)),
    ]
    assert restore_batch([], store) == []
    assert restore_batch([b'\r\n"<<ccr:lit>>1"\n', b"\n"], store) == [b'\r\n"1"\n', b"\n"]
