"""Crushes records in a pipeline of one's own, and restores them from the store.

python examples/crush_records.py
"""

import tempfile
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to

from headroom_beam import CrushRecords, RestoreRecords

TRACES = Path(__file__).resolve().parent / "traces"


def main() -> None:
    """Crushes one file of messages and restores it in the same pipeline."""
    records = (TRACES / "openai_messages.jsonl").read_bytes().splitlines()
    with (
        tempfile.TemporaryDirectory() as originals,
        beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline,
    ):
        crushed = pipeline | beam.Create(records) | CrushRecords(originals=originals)
        result = crushed.compacted | RestoreRecords(originals)
        assert_that(result.restored, equal_to(records))
        assert_that(result.unresolved, equal_to([]), label="all resolved")
        (
            crushed.compacted
            | beam.Map(lambda row: (row.tokens_before, row.tokens_after))
            | beam.CombineGlobally(
                lambda pairs: [sum(column) for column in zip(*pairs, strict=True)] if pairs else [0, 0]
            )
            | beam.Map(
                lambda tokens: print(f"{tokens[0]:,} tokens became {tokens[1]:,}, and every record came back")
            )
        )


if __name__ == "__main__":
    main()
