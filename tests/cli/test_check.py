"""`headroom-beam check`: every kind of damage to a run and its store is named."""

import datetime as dt
import json

import pytest
from helpers.commands import BLOB, NOT_TEXT, CrushedTrace
from helpers.oracles import hash_of

from headroom_beam import _core, errors
from headroom_beam.cli.main import main
from headroom_beam.store.store import OriginalStore


def test_check_prints_nothing_when_it_finds_no_problem(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(crushed.check()) == 0
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("0 problems\n")


def test_check_as_json_counts_originals_that_no_marker_names(
    run: CrushedTrace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(run.check("--json")) == 0
    before = json.loads(capfd.readouterr().out)
    block = _core.crush_block(b"not json\n", _core.Options())
    OriginalStore.open(run.originals).put_many(block.originals(), run_date=dt.date(2026, 1, 31))
    assert main(run.check("--json")) == 0
    after = json.loads(capfd.readouterr().out)
    assert (before["orphan_count"], after["orphan_count"]) == (0, 1)
    assert after["original_count"] == before["original_count"] + 1


def test_check_finds_a_marker_without_its_original(
    run: CrushedTrace, capfd: pytest.CaptureFixture[str]
) -> None:
    run.pack().unlink()
    assert main(run.check()) == errors.IntegrityError.exit_code
    lines = [line.split("\t") for line in capfd.readouterr().out.splitlines()]
    assert {name for kind, name, _ in lines if kind == "dangling"} == {
        hash_of(NOT_TEXT),
        hash_of(BLOB.encode()),
    }


def test_check_finds_a_flipped_bit_in_a_pack(run: CrushedTrace, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(run.pack().read_bytes())
    data[len(data) // 2] ^= 1
    run.pack().write_bytes(data)
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert run.pack().name in capfd.readouterr().out


@pytest.mark.parametrize(
    ("before", "after"), [(b"rw", b"rx"), (b"<<ccr:", b"<<ccr:?"), (hash_of(NOT_TEXT).encode(), b"0" * 24)]
)
def test_check_finds_a_changed_part(
    run: CrushedTrace, capfd: pytest.CaptureFixture[str], before: bytes, after: bytes
) -> None:
    part = run.output / "trace.jsonl"
    data = part.read_bytes()
    assert before in data
    part.write_bytes(data.replace(before, after))
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert "trace.jsonl" in capfd.readouterr().out


def test_check_finds_a_missing_part(run: CrushedTrace, capfd: pytest.CaptureFixture[str]) -> None:
    (run.output / "trace.jsonl").unlink()
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert [line.split("\t")[0] for line in capfd.readouterr().out.splitlines()] == ["lost"]


def test_check_of_an_unfinished_run_says_so(run: CrushedTrace, capfd: pytest.CaptureFixture[str]) -> None:
    (run.output / "_manifest.json").unlink()
    assert main(run.check()) == errors.StoreError.exit_code
    assert "incomplete" in capfd.readouterr().err
