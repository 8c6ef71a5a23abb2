"""The exit codes that belong to no error of the package.

Those of the errors stand in `headroom_beam.errors`.
"""

__all__ = ["INTERRUPTED_EXIT_CODE", "USAGE_EXIT_CODE"]

USAGE_EXIT_CODE = 2
INTERRUPTED_EXIT_CODE = 130
