"""Progress: one line, only on terminals, cleared at the end."""

import io
import sys
import time
from pathlib import Path

import pytest
from helpers.generators import DROPPING

from headroom_beam.cli.progress import ProgressLine, RunProgress
from headroom_beam.files.plan import RunSettings, start_run
from headroom_beam.store.store import OriginalStore


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_written_only_to_a_terminal() -> None:
    stream = io.StringIO()
    with ProgressLine(100, stream=stream) as progress:
        progress.update(50, records=3)
    assert stream.getvalue() == ""


def test_progress_shows_share_speed_and_time_left_and_clears_its_line() -> None:
    stream, now_s = Terminal(), [10.0]
    with ProgressLine(10 << 20, stream=stream, clock=lambda: now_s[0]) as progress:
        now_s[0] += 2
        progress.update(4 << 20, records=1234, failures=1)
        shown = stream.getvalue()
    assert shown == "\r\x1b[K 40 %  1,234 records  4.0 MB  2.0 MB/s  1 failures  0:00:03 left"
    assert stream.getvalue() == shown + "\r\x1b[K"


def test_progress_is_written_no_more_often_than_asked() -> None:
    stream, now_s = Terminal(), [0.0]
    with ProgressLine(0, stream=stream, interval_s=1.0, clock=lambda: now_s[0]) as progress:
        for step in range(30):
            now_s[0] = step / 10
            progress.update(step, records=step)
        assert stream.getvalue().count("records") == 3


def test_progress_on_a_terminal_counts_shards_that_are_done(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headroom_beam.files.crush_shard import crush_shard

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("headroom_beam.cli.progress._INTERVAL_S", 0.02)
    settings = RunSettings(
        output=str(inputs.parent / "out"),
        originals=str(inputs.parent / "originals"),
        trace_format="json",
        config=DROPPING,
        shard_bytes=20_000,
    )
    with RunProgress(settings.output):
        run, shards = start_run([str(inputs)], settings)
        for shard in shards:
            crush_shard(run, shard, OriginalStore.open(settings.originals))
        deadline_s = time.monotonic() + 300
        while "100 %" not in terminal.getvalue():
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    assert "22 records" in terminal.getvalue()
