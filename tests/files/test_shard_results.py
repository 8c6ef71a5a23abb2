"""The result of a finished shard is read back, never replaced, and its failures are whole."""

from pathlib import Path

import pytest
from helpers.generators import AWKWARD
from helpers.oracles import output_of

from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.crush_shard import crush_shard
from headroom_beam.files.manifest import ShardResult
from headroom_beam.files.plan import Run, RunSettings, start_run
from headroom_beam.files.shard_results import finished_shard, put_result, read_failures
from headroom_beam.files.shards import Shard
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore


@pytest.fixture
def planned(tmp_path: Path, settings: RunSettings) -> tuple[Run, Shard]:
    """A run with one shard, in which records fail."""
    (tmp_path / "a.jsonl").write_bytes(AWKWARD)
    run, (shard,) = start_run([str(tmp_path / "a.jsonl")], settings)
    return run, shard


def crushed(run: Run, shard: Shard) -> ShardResult:
    return crush_shard(run, shard, OriginalStore.open(run.settings.originals))


def test_a_shard_has_a_result_once_it_is_done(planned: tuple[Run, Shard]) -> None:
    assert finished_shard(*planned) is None
    result = crushed(*planned)
    assert finished_shard(*planned) == result


def test_a_second_result_is_taken_only_with_the_same_parts(planned: tuple[Run, Shard]) -> None:
    result = crushed(*planned)
    output = open_objects(planned[0].settings.output)
    parts = [part._replace(packs=("another",)) for part in result.parts]
    assert put_result(output, planned[1], result._replace(parts=parts)) == result
    parts = [part._replace(records=part.records + 1) for part in result.parts]
    with pytest.raises(StoreError, match="another worker has made other parts"):
        put_result(output, planned[1], result._replace(parts=parts))


def test_failures_are_read_one_by_one(planned: tuple[Run, Shard]) -> None:
    result = crushed(*planned)
    failures = list(read_failures(planned[0], result))
    assert len(failures) == sum(result.failures.values()) > 1
    assert {failure.source for failure in failures} == {"a.jsonl"}
    assert list(read_failures(planned[0], result._replace(failures={}))) == []


def test_a_damaged_list_of_failures_is_an_error(planned: tuple[Run, Shard]) -> None:
    result = crushed(*planned)
    (output_of(planned[0].settings) / "_failures" / "00000.jsonl").write_text("{}\n")
    with pytest.raises(FormatError, match="is damaged"):
        list(read_failures(planned[0], result))
