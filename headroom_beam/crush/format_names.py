"""Tells which trace formats have found a payload.

>>> from headroom_beam.crush.trace_formats import TRACE_FORMATS
>>> names = FormatNames(["openai", ".result"])
>>> names.of(".result"), names.of(TRACE_FORMATS["openai"].paths[0])
([], ['openai'])
"""

from collections.abc import Sequence

from headroom_beam.crush.path_formats import PathFormats
from headroom_beam.crush.trace_formats import TraceFormat, named_formats, resolve

__all__ = ["BY_SHAPE", "FormatNames"]

BY_SHAPE = "by shape"
"""Stands for a format where a payload was known by its shape."""


class FormatNames:
    """The formats of payload paths.

    Args:
        trace_format: where payloads are, as `headroom_beam.crush.trace_formats.resolve` takes it.

    Raises:
        ValueError, OSError: as there.
    """

    def __init__(self, trace_format: str | Sequence[str] | TraceFormat) -> None:
        self.paths = resolve(trace_format)
        self._by_shape = any(path.endswith(":results") for path in self.paths)
        self._formats = PathFormats(named_formats(trace_format))

    def of(self, path: str) -> list[str]:
        """Returns the names of the formats that have a path; `BY_SHAPE` for one that none has.

        Args:
            path: of a payload, as it is reported. A path that was given by itself has no format.
        """
        if not self.paths:
            # The whole record is the payload.
            return ["json"]
        names = self._formats.names(path)
        is_known = names or not path or path in self.paths
        return names if is_known or not self._by_shape else [BY_SHAPE]

    def has_all(self, paths: Sequence[str]) -> bool:
        """Tells whether all of these paths were looked for."""
        return set(paths) <= set(self.paths)
