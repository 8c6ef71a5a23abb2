"""Requests for originals, and their answers."""

import apache_beam as beam
import pytest

from headroom_beam.transforms.lookup_originals import LookupOriginals


def test_an_element_that_is_no_hash_is_a_type_error(store):
    with pytest.raises(TypeError, match="a hash is str or"), beam.Pipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create([7]) | LookupOriginals(store.root, strategy="point")
