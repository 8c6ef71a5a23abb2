"""Looking up by point reads, which takes unbounded hashes too."""

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_stream import TestStream as Events
from helpers.generators import RUN_DATE, rows_of, some_originals
from helpers.oracles import hash_of

from headroom_beam.transforms.lookup_originals import LookupOriginals


def test_unbounded_hashes_are_looked_up_by_points(store, collect):
    text = some_originals(1)[0]
    store.put_many(rows_of([text]), run_date=RUN_DATE)
    options = PipelineOptions(["--streaming"])
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        events = Events().add_elements([hash_of(text)]).advance_watermark_to_infinity()
        collect((pipeline | events | LookupOriginals(store.root)).found, "found")
    assert [row.original for row in collect["found"]] == [text]
