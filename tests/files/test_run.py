"""Runs over files: complete or visibly not, resumed, never mixed, and every byte accounted for (G1, G2)."""

import dataclasses
import hashlib
import threading
from pathlib import Path

import pytest
from helpers.generators import AWKWARD, DROPPING, compress, lines_of
from helpers.oracles import output_of, restored_digests, source_digests, tree, unresolved_markers

from headroom_beam.errors import HeadroomBeamError, StoreError
from headroom_beam.files.codecs import SUFFIXES, decompressed, open_decompressed
from headroom_beam.files.crush_shard import crush_shard
from headroom_beam.files.manifest import Manifest, read_manifest
from headroom_beam.files.plan import RunSettings, start_run
from headroom_beam.files.restore_file import source_parts
from headroom_beam.files.run import finish_run, run_shards
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore


@pytest.mark.parametrize("shard_bytes", [5_000, 100_000, 64 << 20])
def test_every_byte_comes_back(inputs: Path, tmp_path: Path, settings: RunSettings, shard_bytes: int) -> None:
    settings = dataclasses.replace(settings, shard_bytes=shard_bytes)
    manifest = run_shards([str(inputs)], settings)
    assert restored_digests(
        tmp_path / "out", tmp_path / "originals", tmp_path / "restored"
    ) == source_digests(inputs)
    assert unresolved_markers(tmp_path / "out", tmp_path / "originals") == set()
    assert OriginalStore.open(settings.originals).check().problems == ()
    assert manifest.summary["bytes_after"] < manifest.summary["bytes_before"]
    assert manifest.summary["rows_dropped"] > 0
    assert manifest.summary["originals"] > sum(manifest.summary["failures"].values())


def test_records_are_compacted_or_failed_and_nothing_else(inputs: Path, settings: RunSettings) -> None:
    summary = run_shards([str(inputs)], settings).summary
    # Each of three files has 20 good records and 11 awkward ones, of which 4 fail. Blank lines don't count.
    assert summary["records"] == 3 * (20 + 10)
    assert sum(summary["failures"].values()) == 3 * 4
    assert summary["records"] == summary["compacted"] + sum(summary["failures"].values())


def test_files_are_mirrored_with_path_codec_lines_and_order(inputs: Path, settings: RunSettings) -> None:
    run_shards([str(inputs)], settings)
    output = open_objects(settings.output)
    names = {info.name for info in output.list() if not info.name.startswith("_")}
    assert names == set(source_digests(inputs))
    for suffix in SUFFIXES:
        compacted = b"".join(open_decompressed(output, f"deep/awkward{suffix}")).split(b"\n")
        assert len(compacted) == len(AWKWARD.split(b"\n"))
        assert compacted[1:4] == AWKWARD.split(b"\n")[1:4]
        assert compacted[0] == AWKWARD.split(b"\n")[0]
        assert compacted[-1] == AWKWARD.split(b"\n")[-1]
        assert compacted[4].startswith(b'"<<ccr:')


def test_compacted_lines_do_not_depend_on_shards(inputs: Path, tmp_path: Path) -> None:
    texts = []
    for shard_bytes in (7_000, 64 << 20):
        settings = RunSettings(
            output=str(tmp_path / f"out{shard_bytes}"),
            originals=str(tmp_path / f"originals{shard_bytes}"),
            trace_format="json",
            shard_bytes=shard_bytes,
            config=DROPPING,
        )
        run_shards([str(inputs)], settings)
        output = open_objects(settings.output)
        texts.append(
            {
                source: b"".join(b"".join(open_decompressed(output, part.part)) for part in parts)
                for source, parts in source_parts(settings.output)
            }
        )
    assert texts[0] == texts[1]


def test_the_manifest_gives_the_source_of_each_part(inputs: Path, settings: RunSettings) -> None:
    run_shards([str(inputs)], dataclasses.replace(settings, shard_bytes=20_000))
    output = open_objects(settings.output)
    manifest = read_manifest(output)
    assert {part.source for part in manifest.parts} == set(source_digests(inputs))
    for part in manifest.parts:
        with (inputs / part.source).open("rb") as file:
            codec = {"gz": "gzip", "st": "zstd"}.get(part.source[-2:], "plain")
            source = b"".join(decompressed(file, codec, name=part.source))  # type: ignore[arg-type]
        compacted = b"".join(open_decompressed(output, part.part))
        assert hashlib.sha256(source[part.start : part.stop]).hexdigest() == part.source_digest
        assert hashlib.sha256(compacted).hexdigest() == part.compacted_digest
        assert len(compacted) == part.compacted_bytes
        assert all(open_objects(settings.originals).exists(pack) for pack in part.packs)
    big = [part for part in manifest.parts if part.source == "records.jsonl"]
    assert len(big) > 1
    assert [part.part for part in big] == [
        f"records.{number:05d}-of-{len(big):05d}.jsonl" for number in range(len(big))
    ]


def test_a_complete_run_is_left_as_it_is(inputs: Path, settings: RunSettings) -> None:
    first = run_shards([str(inputs)], settings)
    before = {path: path.stat().st_mtime_ns for path in output_of(settings).rglob("*") if path.is_file()}
    assert run_shards([str(inputs)], settings) == first
    after = {path: path.stat().st_mtime_ns for path in output_of(settings).rglob("*") if path.is_file()}
    assert after == before


def test_two_runs_of_one_input_are_equal_but_for_their_plan(inputs: Path, tmp_path: Path) -> None:
    trees = []
    for name in ("one", "two"):
        settings = RunSettings(
            output=str(tmp_path / name), originals=str(tmp_path / f"{name}.originals"), config=DROPPING
        )
        run_shards([str(inputs)], settings)
        trees.append({**tree(tmp_path / name), **tree(tmp_path / f"{name}.originals" / "packs")})
        del trees[-1]["_run.json"]
    assert trees[0] == trees[1]


def test_the_same_run_twice_at_the_same_time_is_one_run(
    inputs: Path, tmp_path: Path, settings: RunSettings
) -> None:
    settings = dataclasses.replace(settings, shard_bytes=20_000)
    manifests: list[Manifest] = []
    threads = [
        threading.Thread(target=lambda: manifests.append(run_shards([str(inputs)], settings)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(manifests) == 3
    assert manifests[0] == manifests[1] == manifests[2]
    assert restored_digests(
        tmp_path / "out", tmp_path / "originals", tmp_path / "restored"
    ) == source_digests(inputs)


def test_a_run_with_a_missing_shard_has_no_manifest(inputs: Path, settings: RunSettings) -> None:
    run, shards = start_run([str(inputs)], dataclasses.replace(settings, shard_bytes=20_000))
    store = OriginalStore.open(settings.originals)
    results = [crush_shard(run, shard, store) for shard in shards[1:]]
    with pytest.raises(ValueError, match="1 of"):
        finish_run(run, results)
    with pytest.raises(StoreError, match="incomplete"):
        source_parts(settings.output)
    finish_run(run, [crush_shard(run, shards[0], store), *results, results[-1]])
    assert source_parts(settings.output)


def test_every_pack_is_in_an_index_file(
    inputs: Path, settings: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_beam.files.run.INDEX_SHARDS", 2)
    run_shards([str(inputs)], dataclasses.replace(settings, shard_bytes=20_000))
    assert len(list((Path(settings.originals) / "index").iterdir())) > 1
    assert OriginalStore.open(settings.originals).check().uncovered_pack_count == 0


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"format_version": 1}'])
def test_a_damaged_plan_or_manifest_is_a_typed_error(
    inputs: Path, settings: RunSettings, damage: bytes
) -> None:
    run_shards([str(inputs)], settings)
    for name in ("_run.json", "_manifest.json"):
        (output_of(settings) / name).write_bytes(damage)
    with pytest.raises(HeadroomBeamError):
        run_shards([str(inputs)], settings)
    with pytest.raises(HeadroomBeamError):
        source_parts(settings.output)


def test_a_run_in_a_bucket_comes_back(gcs_root: str, tmp_path: Path) -> None:
    inputs = open_objects(f"{gcs_root}/in")
    inputs.put_if_absent("a.jsonl", lines_of(10))
    inputs.put_if_absent("deep/b.jsonl.gz", compress(AWKWARD, ".gz"))
    settings = RunSettings(output=f"{gcs_root}/out", originals=f"{gcs_root}/originals", shard_bytes=20_000)
    run_shards([f"{gcs_root}/in/**/*"], settings)
    assert run_shards([f"{gcs_root}/in"], settings).summary["files"] == 2
    from headroom_beam.files.restore_file import restore_run

    files, unresolved = restore_run(settings.output, settings.originals, str(tmp_path / "restored"))
    assert unresolved == []
    assert (tmp_path / "restored" / "a.jsonl").read_bytes() == lines_of(10)
    assert {file.name for file in files} == {"a.jsonl", "deep/b.jsonl.gz"}
