"""One shard: failures are kept and named (G2), and no part is visible before its packs (G3)."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from helpers.generators import AWKWARD, compress, lines_of, record
from helpers.oracles import output_of, restored_digests, tree, unresolved_markers

from headroom_beam.crush.config import SmartCrusherConfig
from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.codecs import SUFFIXES
from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.objects.base import ObjectConflict
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore


def test_failures_have_their_kind_and_place(tmp_path: Path, settings: RunSettings) -> None:
    (tmp_path / "a.jsonl").write_bytes(AWKWARD)
    run_shards([str(tmp_path / "a.jsonl")], settings)
    lines = (output_of(settings) / "_failures" / "00000.jsonl").read_text().splitlines()
    failures = [json.loads(line) for line in lines]
    assert [failure["kind"] for failure in failures] == [
        "invalid_json",
        "invalid_json",
        "invalid_utf8",
        "too_deep",
    ]
    store = OriginalStore.open(settings.originals)
    for failure in failures:
        failed = AWKWARD[failure["offset"] : failure["offset"] + failure["length"]]
        assert store.get(failure["hashes"][0]) == failed
        assert AWKWARD[failure["offset"] - 1 : failure["offset"]] == b"\n"
        assert (failure["source"], failure["part"]) == ("a.jsonl", "a.jsonl")
        assert failed.decode(errors="ignore") not in failure["message"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_that_is_too_long_goes_to_the_store_in_pieces(
    tmp_path: Path, settings: RunSettings, suffix: str, end: bytes
) -> None:
    long_line = b'{"long": "' + os.urandom(1).hex().encode() * 10_000_000 + b'"}'
    data = record(1) + b"\n" + long_line + (end + record(2) if end else b"")
    (tmp_path / f"a{suffix}").write_bytes(compress(data, suffix))
    settings = dataclasses.replace(settings, config=SmartCrusherConfig(max_record_bytes=1 << 20))
    manifest = run_shards([str(tmp_path / f"a{suffix}")], settings)
    assert manifest.summary["failures"] == {"too_large": 1}
    (failure,) = (output_of(settings) / "_failures" / "00000.jsonl").read_text().splitlines()
    assert len(json.loads(failure)["hashes"]) == 3
    assert json.loads(failure)["length"] == len(long_line)
    restored = tmp_path / "restored"
    assert list(restored_digests(output_of(settings), Path(settings.originals), restored).values()) == [
        hashlib.sha256(data).hexdigest()
    ]


def test_too_long_lines_fail_alike_whether_they_fit_a_block_or_not(
    tmp_path: Path, settings: RunSettings
) -> None:
    # The first line fits a block, and the crusher refuses it. The second doesn't, and is refused earlier.
    data = b'"' + b"x" * 10_000 + b'"\n"' + b"x" * 1_000_000 + b'"\n'
    (tmp_path / "a.jsonl").write_bytes(data)
    settings = dataclasses.replace(settings, config=SmartCrusherConfig(max_record_bytes=5_000))
    run_shards([str(tmp_path / "a.jsonl")], settings)
    lines = (output_of(settings) / "_failures" / "00000.jsonl").read_text().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert first["kind"] == second["kind"] == "too_large"
    assert first["message"] == second["message"]


def test_no_part_is_visible_before_its_packs(
    inputs: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> str:
        raise StoreError("the store is full", retryable=True)

    monkeypatch.setattr(OriginalStore, "put_pack", fail)
    with pytest.raises(StoreError, match="full"):
        run_shards([str(inputs)], settings)
    assert set(tree(output_of(settings))) == {"_run.json"}
    monkeypatch.undo()
    run_shards([str(inputs)], settings)
    assert unresolved_markers(output_of(settings), Path(settings.originals)) == set()


def test_an_existing_part_with_other_bytes_is_an_error(inputs: Path, settings: RunSettings) -> None:
    open_objects(settings.output).put_if_absent("records.jsonl", b"something else\n")
    with pytest.raises(ObjectConflict, match=r"records\.jsonl"):
        run_shards([str(inputs)], settings)


def test_a_truncated_input_fails_the_run_and_leaves_none_of_its_parts(
    tmp_path: Path, settings: RunSettings
) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(compress(lines_of(5), ".gz")[:-20])
    with pytest.raises(IntegrityError, match="Truncated"):
        run_shards([str(tmp_path / "a.jsonl.gz")], settings)
    assert set(tree(output_of(settings))) == {"_run.json"}


def test_a_byte_order_mark_may_stand_anywhere_and_blocks_do_not_matter(
    tmp_path: Path, settings: RunSettings
) -> None:
    # In concatenated files, the mark of the second stands in the middle.
    data = (b"\xef\xbb\xbf" + record(1) + b"\n") * 40
    (tmp_path / "a.jsonl").write_bytes(data)
    summary = run_shards(
        [str(tmp_path / "a.jsonl")], dataclasses.replace(settings, shard_bytes=20_000)
    ).summary
    assert (summary["records"], summary["failures"]) == (40, {})
    compacted = [path.read_bytes() for path in sorted(output_of(settings).glob("a.*"))]
    assert len(set(b"".join(compacted).split(b"\n"))) == 2
    assert list(
        restored_digests(output_of(settings), Path(settings.originals), tmp_path / "restored").values()
    ) == [hashlib.sha256(data).hexdigest()]
