"""`RestoreRecords` gives the bytes of each record, or says why not."""

import json

import apache_beam as beam
import pytest
from helpers.collecting import Collect
from helpers.generators import BROKEN, RECORDS, SMALL, bury, crushed_into

from headroom_beam import OriginalStore
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.restore_records import RestoreRecords, UnresolvedRecord


def restore(store: OriginalStore, elements, collect: Collect, **arguments) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        result = pipeline | beam.Create(elements) | RestoreRecords(store.root, **arguments)
        collect(result.restored, "restored")
        collect(result.unresolved, "unresolved")


@pytest.mark.parametrize("batch_bytes", [1, 1 << 20])
def test_rows_bytes_and_text_are_restored_with_their_keys(store, collect, batch_bytes):
    rows = crushed_into(store, RECORDS)
    elements = [rows[0], rows[1].record, rows[2].record.decode()]
    restore(store, elements, collect, batch_bytes=batch_bytes)
    assert sorted(collect["restored"]) == sorted(RECORDS[:3])
    keyed = Collect(collect._folder / "keyed")
    restore(store, [(number, row) for number, row in enumerate(rows)], keyed, batch_bytes=batch_bytes)
    assert sorted(keyed["restored"]) == list(enumerate(RECORDS))


def test_a_record_that_cannot_be_restored_is_kept_whole_with_its_reasons(store, collect):
    rows = crushed_into(store, RECORDS[:2])
    erased, missing = rows[0].payloads[0].hashes[0], "0" * 24
    bury(store, store.get(erased), "erased")
    lost = b'{"a":"<<ccr:%s,string,2.0KB>>"}' % missing.encode()
    unknown = b'{"a":"<<ccr:a form of a later version>>"}'
    restore(
        OriginalStore.open(store.root), [("erased", rows[0]), ("lost", lost), ("unknown", unknown)], collect
    )
    assert sorted(collect["unresolved"]) == sorted(
        [
            ("erased", UnresolvedRecord(rows[0].record, "", 0, [erased], ["erased"])),
            ("lost", UnresolvedRecord(lost, "", 0, [missing], ["missing"])),
            ("unknown", UnresolvedRecord(unknown, "", 0, [], ["format"])),
        ]
    )
    assert collect["restored"] == []


def test_a_pipeline_that_crushes_and_restores_gives_every_record_back(tmp_path, collect):
    pretty = [json.dumps(json.loads(record), indent=2).encode() for record in RECORDS[:2]]
    records = [*RECORDS, *pretty, b'"<<ccr:lit>>"', b"[]", b" 1 "]
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        made = (
            pipeline
            | beam.Create([*enumerate(records), *((-1, record) for record in BROKEN)])
            | CrushRecords(trace_format="json", config=SMALL, originals=str(tmp_path / "store"))
        )
        collect((made.compacted | RestoreRecords(str(tmp_path / "store"))).restored, "restored")
    assert sorted(collect["restored"]) == list(enumerate(records))
