"""`RestoreFiles` restores the files that `CrushFiles` has crushed.

The transform only distributes the work: `restore_file` restores a file and writes it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from headroom_beam.files.restore_file import RestoredFile, SourceParts, Unresolved, restore_file, source_parts
from headroom_beam.objects.open import open_objects
from headroom_beam.store.store import OriginalStore
from headroom_beam.transforms.envelope import typed
from headroom_beam.transforms.metrics import count

__all__ = ["RestoreFiles", "RestoreFilesResult"]


class RestoreFilesResult(NamedTuple):
    """The outputs of `RestoreFiles`."""

    restored: beam.PCollection
    """`RestoredFile` rows: files that are durable, with the digests of the run's input."""
    unresolved: beam.PCollection
    """`Unresolved` rows: lines that can't be restored. Their files aren't written."""


class RestoreFiles(beam.PTransform):
    """Restores the files that a run of `CrushFiles` has crushed, byte for byte.

    Apply it to a pipeline. It follows the run's manifest, one input file at a time. The restored files have
    the relative paths and codecs of the input. For compressed files, the decompressed bytes are the same.

    The result is a `RestoreFilesResult`.

    Args:
        compacted: root of the run's output.
        originals: root of the store.
        output: root of the restored files, a local directory or `gs://bucket/prefix`.

    Raises:
        ValueError: a root has another scheme, or the output is the root of the compacted files.

    At run time, an incomplete run, or bytes with another digest than the manifest names, fail the pipeline.

    >>> import pathlib, tempfile
    >>> from headroom_beam.files.plan import RunSettings
    >>> from headroom_beam.files.run import run_shards
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (root / "trace.jsonl").write_text('{"id": 1}')
    >>> _ = run_shards([str(root / "*.jsonl")], RunSettings(str(root / "out"), str(root / "originals")))
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     result = pipeline | RestoreFiles(str(root / "out"), str(root / "originals"), str(root / "back"))
    ...     _ = result.restored | beam.Map(lambda file: print(file.name, file.size_bytes))
    trace.jsonl 9
    """

    def __init__(self, compacted: str, originals: str, output: str) -> None:
        super().__init__()
        self._compacted, self._originals, self._output = (
            open_objects(root).root for root in (compacted, originals, output)
        )
        if self._output == self._compacted:
            raise ValueError(
                f"compacted and output are both {output!r}; give the restored files a root of their own"
            )

    @no_annotations
    def expand(self, pipeline: beam.Pipeline) -> RestoreFilesResult:
        """Reads the manifest, distributes the files and restores them."""
        outputs = (
            pipeline
            | "Start" >> beam.Create([self._compacted])
            | "Files" >> beam.FlatMap(source_parts)
            | "Spread" >> beam.Reshuffle()
            | "Restore"
            >> beam.ParDo(_RestoreFile(self._compacted, self._originals, self._output)).with_outputs(
                "unresolved", main="restored"
            )
        )
        return RestoreFilesResult(
            typed(outputs.restored, RestoredFile), typed(outputs.unresolved, Unresolved)
        )

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {"compacted": self._compacted, "originals": self._originals, "output": self._output}


class _RestoreFile(beam.DoFn):
    def __init__(self, compacted: str, originals: str, output: str) -> None:
        self._compacted = compacted
        self._originals = originals
        self._output = output

    def setup(self) -> None:
        self._store = OriginalStore.open(self._originals, create=False)

    def process(self, element: SourceParts) -> Iterator[Any]:
        result = restore_file(element, self._compacted, self._store, self._output)
        if isinstance(result, RestoredFile):
            count("restored_files")
            count("restored_bytes", result.size_bytes)
            yield result
            return
        count("unresolved_lines", len({(row.part, row.offset) for row in result}))
        for row in result:
            yield beam.pvalue.TaggedOutput("unresolved", row)
