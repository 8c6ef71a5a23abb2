"""`RestoreFiles`: files come back, and lines that cannot be restored are named."""

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from headroom_beam.files.plan import RunSettings
from headroom_beam.files.restore_file import RestoredFile, Unresolved
from headroom_beam.files.run import run_shards
from headroom_beam.transforms.restore_files import RestoreFiles


def test_lines_that_cannot_be_restored_come_out_as_unresolved(
    inputs: Path, tmp_path: Path, settings: RunSettings
) -> None:
    run_shards([str(inputs)], settings)
    for path in [
        *(tmp_path / "originals" / "packs").iterdir(),
        *(tmp_path / "originals" / "index").iterdir(),
    ]:
        path.unlink()
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        result = pipeline | RestoreFiles(
            str(tmp_path / "out"), str(tmp_path / "originals"), str(tmp_path / "restored")
        )
        assert result.restored.element_type == RestoredFile
        assert result.unresolved.element_type == Unresolved
        assert_that(result.restored, equal_to([]), "restored")
        kinds = result.unresolved | beam.Map(lambda row: row.kind) | beam.Distinct()
        assert_that(kinds, equal_to(["missing"]), "unresolved")


def test_restored_files_need_a_root_of_their_own() -> None:
    with pytest.raises(ValueError, match="root of their own"):
        RestoreFiles("out", "originals", "out/")
