"""Many records in a row without a payload log a warning, and only now and then."""

import logging

import pytest

from headroom_beam.transforms.payload_watch import PayloadWatch, shared_watch


def test_warnings_come_at_growing_distances(caplog: pytest.LogCaptureFixture) -> None:
    watch = PayloadWatch()
    with caplog.at_level(logging.WARNING):
        warned = [at for at in range(1, 12_001) if watch.add(1, payloads=0, failures=at % 2)]
    assert warned == [1000, 10_000]
    assert "no payload in the last 1000 records (500 failures" in caplog.messages[0]
    assert len(caplog.messages) == 2


def test_a_payload_begins_the_count_anew() -> None:
    watch = PayloadWatch(first=10)
    assert not watch.add(9, payloads=0)
    assert not watch.add(9, payloads=1)
    assert not watch.add(9, payloads=0)
    assert watch.add(1, payloads=0)


def test_steps_over_the_same_source_share_their_watch() -> None:
    assert shared_watch("topic", "options") is shared_watch("topic", "options")
    assert shared_watch("topic", "options") is not shared_watch("topic", "others")
