"""A batch of records: each is compacted or failed, whatever block it falls into."""

import pytest
from helpers.generators import listing

from headroom_beam import SmartCrusherConfig
from headroom_beam.crush.batch import crush_batch
from headroom_beam.crush.config import options_for
from headroom_beam.errors import HeadroomBeamError


def test_a_record_that_the_crusher_loses_is_an_error(monkeypatch):
    class Lossy:
        def __init__(self, crushed):
            self._crushed = crushed

        def __getattr__(self, name):
            return getattr(self._crushed, name)

        def records(self):
            return self._crushed.records().slice(1)

    from headroom_beam import _core

    real = _core.crush_records
    monkeypatch.setattr("headroom_beam.crush.batch._core.crush_records", lambda *given: Lossy(real(*given)))
    with pytest.raises(HeadroomBeamError, match="2 records went in, 1 compacted and 0 failed came out"):
        crush_batch([b"1", b"2"], options_for(SmartCrusherConfig(), "json"))


def test_positions_count_on_from_block_to_block():
    records = [listing(number, rows=2000) if number % 7 else b"{" for number in range(20)]
    batch = crush_batch(records, options_for(SmartCrusherConfig(lossless_only=True), "json"))
    assert [at for at, _ in batch.failures] == [0, 7, 14]
    assert sorted(at for at, _ in batch.compacted) == [at for at in range(20) if at % 7]
