"""Batches within a bundle: full by bytes or by elements, and never beyond the end of the bundle."""

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import Place


class Joined(BundleDoFn):
    """Emits every batch as one text, at the place of its first element."""

    def collect(self, element: str, place: Place) -> tuple[tuple[str, Place], int]:
        return (element, place), len(element)

    def flush(self, batch: Sequence[tuple[str, Place]]) -> list[Any]:
        return [batch[0][1].put(" ".join(element for element, _ in batch))]


def bundle(batches: BundleDoFn, elements: list[str]) -> list[list[str]]:
    """Runs one bundle by hand, and returns what each element and then its end emit."""
    batches.start_bundle()
    emitted = [batches.process(element, timestamp=0, window="window") or [] for element in elements]
    return [[one.value for one in values] for values in [*emitted, batches.finish_bundle()]]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, [[], [], [], ["aa b ccc"]]),
        ({"batch_elements": 2}, [[], ["aa b"], [], ["ccc"]]),
        ({"batch_bytes": 3}, [[], ["aa b"], ["ccc"], []]),
        ({"batch_bytes": 4}, [[], [], ["aa b ccc"], []]),
        ({"batch_bytes": 1}, [["aa"], ["b"], ["ccc"], []]),
    ],
)
def test_a_batch_is_emitted_when_it_is_full_and_the_rest_at_the_end(
    limits: dict[str, int], expected: list[list[str]]
) -> None:
    batches = Joined(**limits)
    assert bundle(batches, ["aa", "b", "ccc"]) == expected
    # No element of one bundle comes out in another.
    assert bundle(batches, []) == [[]]
    assert bundle(batches, ["aa", "b", "ccc"]) == expected


def test_a_batch_is_emitted_with_the_window_and_timestamp_of_its_place(collect) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        elements = pipeline | beam.Create([TimestampedValue(str(number), number) for number in range(4)])
        joined = elements | beam.WindowInto(FixedWindows(2)) | beam.ParDo(Joined(batch_elements=1))
        collect(joined, "joined")
    assert sorted((one.value, one.timestamp_us, one.window.start) for one in collect.arrived("joined")) == [
        (str(number), number * 1_000_000, number // 2 * 2) for number in range(4)
    ]
