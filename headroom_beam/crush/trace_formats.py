"""Where payloads are in a record: trace formats, which are named lists of paths and nothing else.

A path is read from the record's root, left to right:

* `$` is the root; it may be left out, except before `|json`.
* `.key` is a member of an object. Letters, digits, `_` and `-` stand as they are; a key with any other
  character is quoted as in JSON: `."any key"`. `.(content|output)` is a member of either name.
* `[*]` is every element of an array.
* `..` is the value itself and every value below it: `..key`, `..[*]`, `..{type=tool}`.
* `{key=value}` stays only where the value is an object whose member `key` is the string `value`; both may be
  quoted. `{key^=value}` asks for a string that begins so, `{key!=value}` for anything else than that string,
  `{key}` for the member to be there and `{!key}` for it not to be. A value may be one of several:
  `{role=(tool|function)}`.
* `|json` goes on inside a string that holds JSON: `.body|json.messages[*].content`. Where that JSON is a string
  that holds JSON again, `|json|json` goes on inside that one. There may be 8 of them in a path.
* `:string` at the end selects JSON strings only; without it any value is selected.
* ` @ .key.key` at the very end says where the tool's name is, from the innermost object around the payload.
  Behind `|json`, the innermost object around the string that held the JSON is looked at next.

A value inside which another selected payload lies is no payload itself: the deepest wins. Where a path has no
tool name, or leads to none, the crusher takes the name of the earlier call in the same record that the
result's `tool_call_id` or `tool_use_id` names.

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
        name: how reports call it.
        paths: each as this module describes; an empty list means that the whole record is the payload.

    Raises:
        ValueError: a path doesn't parse; the message says where.

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
    """Turns what a caller may give as `trace_format` into paths.

    Args:
        trace_format: the name of a built-in format, a path (it begins with `.`, `$`, `[` or `{`), several of
            both, or a `TraceFormat`. What this function gives back may be given again.

    Returns:
        The paths, checked, each once. Empty: the whole record is the payload.

    Raises:
        ValueError: an unknown name, a path that doesn't parse, or `json` among others.

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
            # `.body` is where a line of a batch file has its request. The API wants content to be a string or
            # parts of text; logs of frameworks hold JSON there as well, hence no `:string`. Role "function"
            # is the older form.
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
            # Blocks that aren't text (images, documents) are left alone, so whole content arrays are never
            # selected.
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
