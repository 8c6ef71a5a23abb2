"""Counters and distributions of one namespace exist from the first call on."""

import apache_beam as beam
from apache_beam.metrics import MetricsFilter

from headroom_beam.transforms.metrics import METRICS_NAMESPACE, count, observe


def measure(value: int) -> None:
    count("values")
    count("total", value)
    count("never", 0)
    observe("sizes", value)


def test_counters_add_up_and_distributions_keep_their_ends() -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create([3, 5, 9]) | beam.Map(measure)
    metrics = pipeline.result.metrics().query(MetricsFilter().with_namespace(METRICS_NAMESPACE))
    counters = {counter.key.metric.name: counter.result for counter in metrics["counters"]}
    assert counters == {"values": 3, "total": 17, "never": 0}
    (sizes,) = metrics["distributions"]
    assert sizes.key.metric.name == "sizes"
    assert (sizes.result.count, sizes.result.sum, sizes.result.min, sizes.result.max) == (3, 17, 3, 9)
