"""Where payloads are in a record: trace formats, which are named lists of paths and nothing else.

A path is read from the record's root, left to right:

* `$` is the root; it may be left out.
* `.key` is a member of an object. Letters, digits, `_` and `-` stand as they are; a key with any other
  character is quoted as in JSON: `."any key"`.
* `[*]` is every element of an array.
* `{key=value}` stays only where the value is an object whose member `key` is the string `value`; both may be
  quoted.
* `:string` at the end selects JSON strings only; without it any value is selected.
* ` @ .key.key` at the very end says where the tool's name is: in the nearest object around the payload that
  has it.

A value inside which another selected payload lies is no payload itself: the deepest wins. Where a path has no
tool name, or leads to none, the crusher takes the name of the earlier call in the same record that the
result's `tool_call_id` or `tool_use_id` names.

>>> resolve("anthropic")[0]
'.messages[*].content[*]{type=tool_result}.content:string'
>>> resolve([".steps[*]{kind=tool}.output @ .tool.name"])
('.steps[*]{kind=tool}.output @ .tool.name',)
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "TRACE_FORMATS",
    "Each",
    "Key",
    "PayloadPath",
    "Segment",
    "TraceFormat",
    "Where",
    "parse_path",
    "resolve",
]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[A-Za-z0-9_.-]+")
_TOOL = " @ "


@dataclass(frozen=True)
class Key:
    """The member of an object: `.name`."""

    name: str

    def __str__(self) -> str:
        return "." + _spell(self.name, _BARE_KEY)


@dataclass(frozen=True)
class Each:
    """Every element of an array: `[*]`."""

    def __str__(self) -> str:
        return "[*]"


@dataclass(frozen=True)
class Where:
    """Only objects whose member `key` is the string `value`: `{key=value}`."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{{{_spell(self.key, _BARE_KEY)}={_spell(self.value, _BARE_VALUE)}}}"


Segment: TypeAlias = Key | Each | Where


@dataclass(frozen=True)
class PayloadPath:
    """A parsed path; `str` of it is its shortest spelling.

    >>> str(parse_path('$."messages"[*]{"role"=tool}.content:string @ .name'))
    '.messages[*]{role=tool}.content:string @ .name'
    """

    segments: tuple[Segment, ...]
    strings_only: bool = False
    tool: tuple[Key, ...] = ()

    def __str__(self) -> str:
        path = "".join(map(str, self.segments)) or "$"
        tool = _TOOL + "".join(map(str, self.tool)) if self.tool else ""
        return path + (":string" if self.strings_only else "") + tool


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
            parse_path(path)


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
    >>> resolve("opnai")
    Traceback (most recent call last):
    ValueError: unknown trace format 'opnai'; known are 'anthropic', 'json', 'openai', or give paths such as
    '.result'
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
    parse_path(name)
    return (name,)


def parse_path(text: str) -> PayloadPath:
    """Parses a payload path.

    Raises:
        ValueError: the text isn't a path; the message names the character, counted from 1.

    >>> parse_path(".result:string @ .tool").tool
    (Key(name='tool'),)
    """
    at = 1 if text.startswith("$") else 0
    segments: list[Segment] = []
    while at < len(text) and text[at] in ".[{":
        segment, at = _segment(text, at)
        segments.append(segment)
    if not segments and at == 0:
        raise _error(text, at, "expected $ . [ or {")
    strings_only = text.startswith(":string", at)
    if strings_only:
        at += len(":string")
    tool: list[Key] = []
    if text.startswith(_TOOL, at):
        at += len(_TOOL)
        while at < len(text) or not tool:
            if not text.startswith(".", at):
                raise _error(text, at, "expected .key of the tool's name")
            name, at = _name(text, at + 1, _BARE_KEY)
            tool.append(Key(name))
    if at < len(text):
        raise _error(text, at, "expected . [ { :string, ' @ ' or the end")
    return PayloadPath(tuple(segments), strings_only, tuple(tool))


def _segment(text: str, at: int) -> tuple[Segment, int]:
    if text[at] == ".":
        name, at = _name(text, at + 1, _BARE_KEY)
        return Key(name), at
    if text[at] == "[":
        return Each(), _expect(text, at, "[*]")
    key, at = _name(text, at + 1, _BARE_KEY)
    at = _expect(text, at, "=")
    value, at = _name(text, at, _BARE_VALUE)
    return Where(key, value), _expect(text, at, "}")


def _expect(text: str, at: int, token: str) -> int:
    if not text.startswith(token, at):
        raise _error(text, at, f"expected {token}")
    return at + len(token)


def _name(text: str, at: int, bare: re.Pattern[str]) -> tuple[str, int]:
    """Reads a bare or quoted name; gives it and the position after it."""
    if match := bare.match(text, at):
        return match.group(), match.end()
    if not text.startswith('"', at):
        raise _error(text, at, f"expected {bare.pattern} or a JSON string")
    try:
        name, end = json.JSONDecoder().raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _error(text, at, "this JSON string is broken") from error
    try:
        name.encode()
    except UnicodeEncodeError:
        raise _error(text, at, "a lone surrogate can't be matched") from None
    return str(name), end


def _error(text: str, at: int, what: str) -> ValueError:
    return ValueError(f"payload path {text!r} at character {at + 1}: {what}")


def _spell(name: str, bare: re.Pattern[str]) -> str:
    return name if bare.fullmatch(name) else json.dumps(name, ensure_ascii=False)


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
