"""Strategies of hypothesis for rows of records, originals and failures."""

from hypothesis import strategies as st

from headroom_beam.records import Compacted, Failure, Original, Payload

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PAYLOADS = st.builds(
    Payload, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3), INT64, INT64, INT64, INT64, INT64, INT64, TEXT
)
COMPACTED = st.builds(
    Compacted, st.binary(), TEXT, INT64, INT64, INT64, INT64, INT64, st.lists(PAYLOADS, max_size=3)
)
ORIGINALS = st.builds(
    Original, TEXT, st.binary(min_size=32, max_size=32), TEXT, INT64, INT64, st.binary(), TEXT
)
FAILURES = st.builds(Failure, TEXT, TEXT, TEXT, TEXT, INT64, INT64, st.lists(TEXT, max_size=3))
