"""Sets how long property tests and kill loops try: for seconds, or for hours with HEADROOM_BEAM_LONG."""

import os

LONG = bool(os.environ.get("HEADROOM_BEAM_LONG"))


def tries(short: int, long: int) -> int:
    """Returns the number of examples or rounds of a test."""
    return long if LONG else short
