"""Tells which trace formats have found a payload.

>>> names = FormatNames(["openai", ".result"])
>>> names.of(".result"), names.of(TRACE_FORMATS["openai"].paths[0])
([], ['openai'])
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS, TraceFormat, read_formats, resolve

__all__ = ["BY_SHAPE", "FormatNames", "named_formats"]

BY_SHAPE = "by shape"
"""Stands for a format where a payload was known by its shape."""


def named_formats() -> tuple[str, ...]:
    """Returns the names of all trace formats that have paths, so all but `json`."""
    return tuple(name for name, trace_format in TRACE_FORMATS.items() if trace_format.paths)


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
        self._names: dict[str, list[str]] = {path: [] for path in self.paths}
        for name, paths in _formats(trace_format).items():
            # With `json` the whole record is the payload, whose path is empty.
            for path in paths or ("",):
                self._names.setdefault(path, []).append(name)

    def of(self, path: str) -> list[str]:
        """Returns the names of the formats that have a path; `BY_SHAPE` for one that none has.

        Args:
            path: of a payload, as it is reported. A path that was given by itself has no format.
        """
        return self._names.get(path, [BY_SHAPE] if self._by_shape and path else [])

    def has_all(self, paths: Sequence[str]) -> bool:
        """Tells whether all of these paths were looked for."""
        return set(paths) <= self._names.keys()


def _formats(trace_format: str | Sequence[str] | TraceFormat) -> Mapping[str, Sequence[str]]:
    """Returns the paths of each format that was given by its name or in a file."""
    if isinstance(trace_format, TraceFormat):
        return {trace_format.name: trace_format.paths}
    found: dict[str, Sequence[str]] = {}
    for name in (trace_format,) if isinstance(trace_format, str) else tuple(trace_format):
        if name == AUTO:
            found.update((known, TRACE_FORMATS[known].paths) for known in named_formats())
        elif name in TRACE_FORMATS:
            found[name] = TRACE_FORMATS[name].paths
        elif name.endswith(".toml"):
            formats = read_formats(Path(name).read_text(encoding="utf-8"))
            found.update((known, one.paths) for known, one in formats.items())
    return found
