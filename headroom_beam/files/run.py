"""Runs over files: every shard, then the index files, the summary and, last, the manifest.

`run_shards` does this without Beam, one shard after another.
`headroom_beam.transforms.crush_files.CrushFiles` does the same on any runner.
"""

from collections.abc import Callable, Iterable, Sequence

from headroom_beam.files.crush_shard import crush_shard
from headroom_beam.files.manifest import (
    MANIFEST,
    RUN,
    SUMMARY,
    Manifest,
    ShardResult,
    dump_json,
    load_json,
)
from headroom_beam.files.plan import Run, RunSettings, start_run
from headroom_beam.files.summary import summarize
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore

__all__ = ["INDEX_SHARDS", "finish_run", "index_packs", "run_shards"]

INDEX_SHARDS = 64
"""Shards whose packs share an index file: about 4 GB of input. If there were only one index file, one worker
would have to read all packs of the run."""


def run_shards(
    inputs: Sequence[str], settings: RunSettings, *, on_shard: Callable[[ShardResult], None] | None = None
) -> Manifest:
    r"""Crushes files into files, in this process.

    To finish an interrupted run, call this again with the same arguments. A complete run is left as it is.

    Args:
        inputs: files, directories or patterns; see `headroom_beam.files.shards.find_sources`.
        settings: where the run writes, and how it crushes.
        on_shard: called with the result of each shard when it is durable.

    Returns:
        The manifest that is in the output now. A run without payloads is no error here:
        `headroom_beam.files.payload_check.check_summary` tells.

    Raises:
        StoreError: the output belongs to another run, no input is found, or a file system or the network
            fails.
        IntegrityError: an input file is truncated or damaged.
        ValueError: as for `headroom_beam.files.plan.start_run`.

    >>> import pathlib, tempfile
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (root / "trace.jsonl").write_text('{"id": 1}\n\n{"id": ')
    >>> settings = RunSettings(output=str(root / "out"), originals=str(root / "originals"))
    >>> manifest = run_shards([str(root / "trace.jsonl")], settings)
    >>> manifest.summary["records"], manifest.summary["failures"]
    (2, {'invalid_json': 1})
    """
    run, shards = start_run(inputs, settings)
    store = OriginalStore.open(settings.originals)
    results = []
    for shard in shards:
        results.append(crush_shard(run, shard, store))
        if on_shard is not None:
            on_shard(results[-1])
    for first in range(0, len(results), INDEX_SHARDS):
        index_packs(results[first : first + INDEX_SHARDS], store)
    return finish_run(run, results)


def index_packs(results: Iterable[ShardResult], store: OriginalStore) -> None:
    """Writes one index file over the packs of finished shards. Without packs, it writes none.

    Raises:
        StoreError: the store can't be read or written.
        IntegrityError: a pack can't be read back.
    """
    packs = sorted({pack.name for result in results for pack in result.packs})
    if packs:
        store.write_index(packs)


def finish_run(run: Run, results: Iterable[ShardResult]) -> Manifest:
    """Completes a run whose shards are all done and indexed: writes the summary and the manifest.

    Args:
        run: the run.
        results: the result of every shard, in any order. A runner may repeat some.

    Returns:
        The manifest.

    Raises:
        ValueError: a shard is missing.
        ObjectConflict: the output has another manifest.
        StoreError: a file system or the network fails.
    """
    by_shard = {result.shard: result for result in results}
    missing = sorted(set(range(run.shard_count)) - by_shard.keys())
    if missing:
        raise ValueError(f"{len(missing)} of {run.shard_count} shards aren't done, the first is {missing[0]}")
    results = [by_shard[number] for number in sorted(by_shard)]
    output = open_objects(run.settings.output)
    plan = load_json(output.get(RUN), f"{output.root}/{RUN}")
    left_out = [*plan["left_out"], *(row for result in results for row in result.left_out)]
    manifest = Manifest(
        run_date=run.run_date.isoformat(),
        parts=[part for result in results for part in result.parts],
        summary=summarize(results, left_out),
        left_out=left_out,
    )
    output.put_if_absent(SUMMARY, dump_json(manifest.summary))
    output.put_if_absent(MANIFEST, manifest.to_json())
    return manifest
