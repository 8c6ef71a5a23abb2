"""Tells which trace formats payload paths belong to, and which formats find payloads in a block.

>>> from headroom_beam.crush.trace_formats import named_formats
>>> formats = PathFormats(named_formats(["openai", ".result"]))
>>> formats.why_recognised(TRACE_FORMATS["openai"].paths[0], "")
'openai'
>>> formats.why_recognised(".result", ""), formats.why_recognised(".a.b", "a call's id stands beside it")
('given path', "by shape: a call's id stands beside it")
"""

import functools
from collections.abc import Callable, Iterable

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO, TRACE_FORMATS, TraceFormat

__all__ = ["PathFormats", "matching_formats"]


class PathFormats:
    """Trace formats by path.

    Args:
        formats: as `headroom_beam.crush.trace_formats.named_formats` gives them.
    """

    def __init__(self, formats: Iterable[TraceFormat]) -> None:
        self._formats: dict[str, list[TraceFormat]] = {}
        for trace_format in formats:
            for path in trace_format.paths:
                self._formats.setdefault(path, []).append(trace_format)

    def names(self, path: str) -> list[str]:
        """Returns the names of the formats that have a path."""
        return [trace_format.name for trace_format in self._formats.get(path, ())]

    def why_recognised(self, path: str, reason: str) -> str:
        """Says in words why a payload was taken for one.

        Args:
            path: the payload's path; empty for a whole record.
            reason: why it is known by its shape; empty where a path selected it.
        """
        if reason:
            return f"by shape: {reason}"
        if not path:
            return "whole record"
        return "/".join(self.names(path)) or "given path"

    def in_place(self, paths: Iterable[str]) -> str:
        """Says why a file in which these paths found payloads must not be put back; empty where it may be."""
        found = {one.name: one.in_place for path in paths for one in self._formats.get(path, ())}
        return "; ".join(f"{name}: {reason}" for name, reason in found.items() if reason)


def matching_formats(
    crush: Callable[[_core.Options], _core.CrushedBlock], *, max_depth: int = SmartCrusherConfig.max_depth
) -> list[str]:
    r"""Returns the names of all trace formats that find payloads in a block.

    Args:
        crush: crushes the block with the options that it gets.
        max_depth: a record nested deeper counts for nothing.

    Returns:
        Names of built-in formats, in their order. `auto` is the last one if there are results that only their
        shape tells.

    >>> line = b'{"role": "tool", "tool_call_id": "c1", "content": "the result"}\n'
    >>> matching_formats(functools.partial(_core.crush_block, line))
    ['openai']
    """
    paths = crush(_options(max_depth)).paths()
    formats = PathFormats(TRACE_FORMATS.values())
    found = {name for path in paths for name in formats.names(path) or [AUTO]}
    return [name for name in (*TRACE_FORMATS, AUTO) if name in found]


@functools.cache
def _options(max_depth: int) -> _core.Options:
    # What is found doesn't depend on what becomes of it.
    return options_for(SmartCrusherConfig(lossless_only=True, verify=False, max_depth=max_depth), AUTO)
