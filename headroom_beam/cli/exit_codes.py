"""Exit codes that belong to no error class; `headroom_beam.errors` has the others."""

__all__ = ["INTERRUPTED_EXIT_CODE", "USAGE_EXIT_CODE"]

USAGE_EXIT_CODE = 2
INTERRUPTED_EXIT_CODE = 130
