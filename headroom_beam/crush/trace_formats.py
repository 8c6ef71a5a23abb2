"""Trace formats: named lists of paths that say where the payloads are in a record.

A path is read from the record's root, left to right:

* `$` is the root; it may be left out, except before `|json`.
* `.key` is a member of an object. A key of letters, digits, `_` and `-` needs no quotes. Any other key is
  quoted as in JSON: `."any key"`. `.(content|output)` is a member of either name.
* `[*]` is every element of an array.
* `..` is the value itself and every value below it: `..key`, `..[*]`, `..{type=tool}`.
* `{key=value}` selects only objects whose member `key` is the string `value`. Key and value may be quoted.
  A value may be one of several: `{role=(tool|function)}`. `{key^=value}` asks for a string that begins so,
  `{key!=value}` for anything else than that string, `{key}` for the member to be there, and `{!key}` for it
  not to be there.
* `|json` goes on inside a string that holds JSON: `.body|json.messages[*].content`. Where that JSON is a
  string that holds JSON again, `|json|json` goes on inside that one. A path has at most 8 of them.
* `:string` at the end selects only JSON strings. Without it, any value is selected.
* `:keep` at the end keeps a value as it is, unless another path leads to a value in it.
* `:results` at the end selects the results in a value that are known by their shape, such as a long value
  beside the id of a call, beside what other paths select in it. A record as a whole (`$:results`) is looked
  through only where no other path selects anything.
* ` @ .key.key` at the very end is the path of the tool's name. It starts at the innermost object around the
  payload, with ` @ ^.key` at the object around that one, with ` @ ^^.key` one further out, and so on. Behind
  `|json`, it is tried next in the same way from the string that held the JSON.

If a selected value contains other selected values, only the innermost ones are payloads. If a path finds no
name of a tool, the crusher takes the name from the call that the result belongs to, in the same record or an
earlier one: the call whose id is the result's `tool_call_id`, `tool_use_id`, `call_id` and the like. A result
that names no call takes the name of the others in its record, where all have the same.

>>> resolve("anthropic")[0]
'.messages[*].content[*]{type=tool_result}.content:string'
>>> resolve([".steps[*]{kind=tool}.output @ .tool.name"])
('.steps[*]{kind=tool}.output @ .tool.name',)
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from headroom_beam import _core

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "AUTO",
    "TRACE_FORMATS",
    "TraceFormat",
    "named_formats",
    "read_formats",
    "resolve",
    "side_files_of",
]

AUTO = "auto"
"""All built-in formats, and results known by their shape in records of other formats."""

_SUFFIX = ".toml"
_RESULTS_BY_SHAPE = "$:results"


@dataclass(frozen=True)
class TraceFormat:
    """A named list of payload paths.

    Args:
        name: for people.
        paths: each as this module describes; an empty list means that the whole record is the payload.
        title: what writes such records.
        version: the newest version of that whose records were looked at.
        keep: paths to values without results: they are known, and no result is looked for in them by its
            shape.
        in_place: why a crushed file must not take the place of the logged one; empty where it may.
        side_files: patterns of text files beside the records that hold a result each, as
            `pathlib.PurePath.match` takes them.

    Raises:
        ValueError: a path doesn't parse; the message says where.

    >>> TraceFormat("mine", (".output[",))
    Traceback (most recent call last):
    ValueError: payload path '.output[' at character 8: expected [*]
    """

    name: str
    paths: tuple[str, ...]
    title: str = ""
    version: str = ""
    keep: tuple[str, ...] = ()
    in_place: str = ""
    side_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for path in (*self.paths, *self.keep):
            _core.check_payload_path(path)


def read_formats(text: str) -> dict[str, TraceFormat]:
    r"""Reads trace formats from TOML: a table for each, named after it, with the fields of `TraceFormat`.

    Returns:
        The formats by name, in the order of the text.

    Raises:
        ValueError: the text is no TOML, a field of a table is unknown or of another type, or a path doesn't
            parse.

    >>> read_formats('[mine]\npaths = [".steps[*]{kind=tool}.output"]')["mine"].paths
    ('.steps[*]{kind=tool}.output',)
    """
    return {name: _format_of(name, table) for name, table in tomllib.loads(text).items()}


def _format_of(name: str, table: object) -> TraceFormat:
    known = {field.name for field in fields(TraceFormat)} - {"name"}
    if not isinstance(table, Mapping):
        what = "is no table; write its name in brackets, and paths = [...] below it"
        raise ValueError(f"trace format {name!r} {what}")  # noqa: TRY004
    if unknown := sorted(set(table) - known):
        raise ValueError(
            f"trace format {name!r} has the field {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
    if not table.get("paths"):
        raise ValueError(f"trace format {name!r} has no paths")
    return TraceFormat(name, **{field: _field(name, field, value) for field, value in table.items()})


def _field(name: str, field: str, value: object) -> Any:
    if field not in ("paths", "keep", "side_files"):
        if not isinstance(value, str):
            raise ValueError(f"trace format {name!r}: {field} must be a string")
        return value
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        raise ValueError(f"trace format {name!r}: {field} must be a list of strings")
    return tuple(value)


def resolve(trace_format: str | Sequence[str] | TraceFormat) -> tuple[str, ...]:
    """Turns what a caller may give as `trace_format` into paths.

    Args:
        trace_format: `auto`, the name of a built-in format, a path (it begins with `.`, `$`, `[` or `{`), a
            file of formats (it ends in `.toml`), several of these, or a `TraceFormat`. What this function
            gives back may be given again.

    Returns:
        The paths, checked, each once. Empty: the whole record is the payload.

    Raises:
        ValueError: an unknown name, a path that doesn't parse, or `json` among others.
        OSError: a file of formats can't be read.

    >>> resolve("json")
    ()
    >>> resolve([".result", ".output @ .name"])
    ('.result', '.output @ .name')
    >>> resolve("opnai")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: unknown trace format 'opnai'; known are 'anthropic', ...
    """
    if isinstance(trace_format, TraceFormat):
        return _all_paths([trace_format])
    names = (trace_format,) if isinstance(trace_format, str) else tuple(trace_format)
    lists = [_paths_of(name) for name in names]
    if len(lists) > 1 and () in lists:
        raise ValueError(
            "trace format 'json' makes the whole record the payload and can't stand among others"
        )
    paths = dict.fromkeys(path for paths in lists for path in paths)
    # Of paths to the same value the first counts, and what a format names counts before shapes.
    by_shape = _RESULTS_BY_SHAPE in paths
    paths.pop(_RESULTS_BY_SHAPE, None)
    return (*paths, *([_RESULTS_BY_SHAPE] if by_shape else []))


def named_formats(trace_format: str | Sequence[str] | TraceFormat) -> tuple[TraceFormat, ...]:
    """Returns the trace formats that a caller has named, and the built-in ones that have a given path.

    Args:
        trace_format: as for `resolve`.

    Raises:
        ValueError, OSError: as for `resolve`.

    >>> [one.name for one in named_formats(["mcp", ".result"])]
    ['mcp']
    """
    if isinstance(trace_format, TraceFormat):
        return (trace_format,)
    names = (trace_format,) if isinstance(trace_format, str) else tuple(trace_format)
    found = (one for name in names for one in _formats_of(name) or _having(name))
    return tuple(dict.fromkeys(found))


def side_files_of(trace_format: str | Sequence[str] | TraceFormat) -> tuple[str, ...]:
    """Returns the patterns of text files that hold a result each, in the formats that a caller gives.

    Args:
        trace_format: as `resolve` takes it. A path has no such files.

    Raises:
        OSError: a file of formats can't be read.

    >>> side_files_of(["claude-code", ".result"])
    ('tool-results/*',)
    """
    if isinstance(trace_format, TraceFormat):
        return trace_format.side_files
    names = (trace_format,) if isinstance(trace_format, str) else trace_format
    formats = [one for name in names for one in _formats_of(name)]
    return tuple(dict.fromkeys(pattern for one in formats for pattern in one.side_files))


def _formats_of(name: str) -> Iterable[TraceFormat]:
    if name == AUTO:
        return TRACE_FORMATS.values()
    if name in TRACE_FORMATS:
        return [TRACE_FORMATS[name]]
    return _read_file(name).values() if name.endswith(_SUFFIX) else []


def _having(path: str) -> Iterable[TraceFormat]:
    return (one for one in TRACE_FORMATS.values() if path in one.paths)


def _read_file(name: str) -> dict[str, TraceFormat]:
    return read_formats(Path(name).read_text(encoding="utf-8"))


def _paths_of(name: str) -> tuple[str, ...]:
    if name in TRACE_FORMATS:
        return _all_paths([TRACE_FORMATS[name]])
    if name == AUTO:
        return (*_all_paths(TRACE_FORMATS.values()), _RESULTS_BY_SHAPE)
    if str(name).endswith(_SUFFIX):
        return _all_paths(_read_file(name).values())
    if not str(name).startswith((".", "$", "[", "{")):
        known = ", ".join(repr(known) for known in sorted([AUTO, *TRACE_FORMATS]))
        raise ValueError(f"unknown trace format {name!r}; known are {known}, or give paths such as '.result'")
    _core.check_payload_path(name)
    return (name,)


def _all_paths(formats: Collection[TraceFormat]) -> tuple[str, ...]:
    results = (path for trace_format in formats for path in trace_format.paths)
    keep = (f"{path}:keep" for trace_format in formats for path in trace_format.keep)
    return (*results, *keep)


TRACE_FORMATS: dict[str, TraceFormat] = {
    "json": TraceFormat("json", (), title="every record as a whole"),
    **read_formats((resources.files(__package__) / "trace_formats.toml").read_text(encoding="utf-8")),
}
"""The built-in trace formats by name."""
