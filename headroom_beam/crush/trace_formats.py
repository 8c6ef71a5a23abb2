"""Trace formats: named lists of paths that say where the payloads are in a record.

A path is read from the record's root, left to right:

* `$` is the root; it may be left out.
* `.key` is a member of an object. A key of letters, digits, `_` and `-` needs no quotes. Any other key is
  quoted as in JSON: `."any key"`.
* `[*]` is every element of an array.
* `{key=value}` selects only objects whose member `key` is the string `value`. Key and value may be quoted.
* `:string` at the end selects only JSON strings. Without it, any value is selected.
* ` @ .key.key` at the very end is the path of the tool's name. It starts at the nearest object around the
  payload that has such a name.

If a selected value contains other selected values, only the innermost ones are payloads. If a path finds no
name of a tool, the crusher takes the name from an earlier call in the same record: the call whose id is the
result's `tool_call_id` or `tool_use_id`.

>>> resolve("anthropic")[0]
'.messages[*].content[*]{type=tool_result}.content:string'
>>> resolve([".steps[*]{kind=tool}.output @ .tool.name"])
('.steps[*]{kind=tool}.output @ .tool.name',)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headroom_beam import _core

__all__ = ["TRACE_FORMATS", "TraceFormat", "resolve"]


@dataclass(frozen=True)
class TraceFormat:
    """A named list of payload paths.

    Args:
        name: the name of the format, for people.
        paths: payload paths, in the language that this module describes. If there are none, the whole record
            is the payload.

    Raises:
        ValueError: a path doesn't parse. The message names the character.

    >>> TraceFormat("mine", (".output[",))
    Traceback (most recent call last):
    ValueError: payload path '.output[' at character 8: expected [*]
    """

    name: str
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        for path in self.paths:
            _core.check_payload_path(path)


def resolve(trace_format: str | Sequence[str] | TraceFormat) -> tuple[str, ...]:
    """Returns the payload paths of a trace format, which may be given in several forms.

    Args:
        trace_format: the name of a built-in format, a path (it begins with `.`, `$`, `[` or `{`), a list of
            names and paths, or a `TraceFormat`. A result of this function is accepted, too.

    Returns:
        The checked paths, each once. If there are none, the whole record is the payload.

    Raises:
        ValueError: a name is unknown, a path doesn't parse, or `json` is combined with others.

    >>> resolve("json")
    ()
    >>> resolve([".result", ".output @ .name"])
    ('.result', '.output @ .name')
    >>> resolve("opnai")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: unknown trace format 'opnai'; known are 'anthropic', 'json', 'openai', or ...
    """
    if isinstance(trace_format, TraceFormat):
        return trace_format.paths
    names = (trace_format,) if isinstance(trace_format, str) else tuple(trace_format)
    lists = [_paths_of(name) for name in names]
    if len(lists) > 1 and () in lists:
        raise ValueError(
            "trace format 'json' makes the whole record the payload and can't stand among others"
        )
    return tuple(dict.fromkeys(path for paths in lists for path in paths))


def _paths_of(name: str) -> tuple[str, ...]:
    if name in TRACE_FORMATS:
        return TRACE_FORMATS[name].paths
    if not str(name).startswith((".", "$", "[", "{")):
        known = ", ".join(repr(known) for known in sorted(TRACE_FORMATS))
        raise ValueError(f"unknown trace format {name!r}; known are {known}, or give paths such as '.result'")
    _core.check_payload_path(name)
    return (name,)


def _below(roots: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(root + path for root in roots for path in paths)


# A record is a request or a conversation with `messages`, or a bare array of messages, or one message.
_MESSAGES = (".messages[*]", "[*]", "")

TRACE_FORMATS: dict[str, TraceFormat] = {
    trace_format.name: trace_format
    for trace_format in (
        TraceFormat("json", ()),
        TraceFormat(
            "openai",
            # A line of a batch file has its request in `.body`. The API allows only strings and text parts as
            # content, but logs of frameworks hold JSON there as well, so `:string` is left out. The role
            # `function` is the older form of `tool`.
            _below(
                (".body.messages[*]", *_MESSAGES),
                (
                    "{role=tool}.content @ .name",
                    "{role=tool}.content[*]{type=text}.text:string @ .name",
                    "{role=function}.content @ .name",
                ),
            ),
        ),
        TraceFormat(
            "anthropic",
            # Images and documents must stay as they are, so a content array is never selected as a whole.
            _below(
                _MESSAGES,
                (
                    ".content[*]{type=tool_result}.content:string",
                    ".content[*]{type=tool_result}.content[*]{type=text}.text:string",
                ),
            ),
        ),
    )
}
"""The built-in trace formats by name."""
