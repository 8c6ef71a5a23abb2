"""Shared parts of the benchmarks: payloads from files, headroom-ai in its own process, and speeds."""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

REPOSITORY = Path(__file__).resolve().parent.parent
TRACES = REPOSITORY / "examples" / "traces"
WORKER = Path(__file__).resolve().parent / "peer_worker.py"


class Payload(NamedTuple):
    """One tool result: the text that is crushed, and where it comes from."""

    source: str
    tool: str
    text: str

    @property
    def kind(self) -> str:
        """`array` or `document` for text that is such JSON, else `text`."""
        start = self.text.lstrip()[:1]
        if start not in ("[", "{"):
            return "text"
        try:
            value = json.loads(self.text)
        except ValueError:
            return "text"
        return "array" if isinstance(value, list) else "document"


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Returns a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "data", nargs="*", type=Path, help="*.results.jsonl[.zst] or traces; examples/traces if none"
    )
    parser.add_argument(
        "--peer", required=True, help="Python of the environment in which headroom-ai is installed"
    )
    parser.add_argument("--repeats", type=int, default=5, help="number of passes; the median is printed")
    return parser


def lines_of(path: Path) -> Iterator[bytes]:
    """Yields the lines of a file, decompressed if its name ends in .zst."""
    with path.open("rb") as file:
        if path.suffix == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
                yield from io.BufferedReader(stream)
        else:
            yield from file


def files_of(data: Sequence[Path]) -> list[Path]:
    """Returns the given files, and those in given folders. Without any, these are the example traces."""
    files: list[Path] = []
    for path in data or [TRACES]:
        files += sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    if not files:
        raise SystemExit(f"no *.jsonl files in {', '.join(map(str, data or [TRACES]))}")
    return files


def payloads_of(path: Path) -> list[Payload]:
    """Returns the tool results of a file: its `result` fields, or those in OpenAI and Anthropic messages."""
    found: list[Payload] = []
    for line in lines_of(path):
        record = json.loads(line)
        if "result" in record:
            result = record["result"]
            # The log may hold the result as a JSON value. Its bytes there are only approximated here.
            text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
            found.append(Payload(path.name, str(record.get("tool")), text))
        else:
            found += (Payload(path.name, tool, text) for tool, text in tool_results(messages_of(record)))
    return [payload for payload in found if payload.text]


def messages_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the messages of a record: a whole conversation, one message, or one message in an envelope."""
    if isinstance(record.get("messages"), list):
        return [message for entry in record["messages"] for message in messages_of(entry)]
    return [record["message"] if isinstance(record.get("message"), dict) else record]


def tool_results(messages: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yields (tool, text) of every tool result in the messages."""
    tools: dict[str, str] = {}
    for message in messages:
        tools.update({call_id: tool for call_id, tool, _ in tool_calls(message)})
        for call_id, text in results_in(message):
            yield tools.get(call_id, str(message.get("name") or "")), text


def tool_calls(message: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yields (id, tool, arguments) of every call that a message makes."""
    for call in message.get("tool_calls") or []:
        # Some harnesses log the function's fields in the call itself.
        function = call.get("function", call)
        yield str(call.get("id")), str(function.get("name")), function.get("arguments")
    content = message.get("content")
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "tool_use":
            yield str(block.get("id")), str(block.get("name")), block.get("input")


def results_in(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields (call id, text) of every tool result in a message."""
    content = message.get("content")
    if message.get("role") == "tool":
        call_id = str(message.get("tool_call_id") or message.get("id"))
        yield from ((call_id, text) for text in texts_in(content))
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "tool_result":
            yield from ((str(block.get("tool_use_id")), text) for text in texts_in(block.get("content")))


def texts_in(content: Any) -> Iterator[str]:
    """Yields the texts of a message's or a block's content, which is a string or a list of blocks."""
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") == "text":
            yield block["text"]


class Peer:
    """headroom-ai in a process of its own."""

    def __init__(self, python: str) -> None:
        """Starts the worker with the given Python; close it, or use it in a `with` statement."""
        self._process = subprocess.Popen(
            [python, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Peer:
        """Returns the peer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the worker."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Sends one request and returns its answer, which has the key `error` when headroom-ai failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(
                f"headroom-ai's process ended with exit code {self._process.wait()}; "
                "is headroom-ai installed in that environment?"
            )
        return dict(json.loads(answer))

    def crush(self, text: str, *, query: str = "", lossless_only: bool = False) -> str | None:
        """Returns the text as headroom-ai crushes it, or None when headroom-ai fails.

        Where headroom-ai answers with a JSON string, its content is returned: a message would hold that.
        """
        answer = self.ask(do="crush", text=text, query=query, lossless_only=lossless_only)
        if "error" in answer:
            return None
        compressed = str(answer["compressed"])
        if compressed.startswith('"') and compressed != text:
            return str(json.loads(compressed))
        return compressed

    def seconds(self, method: str, texts: list[str], repeats: int) -> list[float]:
        """Returns the processor seconds of each pass of a method of its SmartCrusher over the texts."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(texts, file)
            file.flush()
            answer = self.ask(do="time", method=method, path=file.name, repeats=repeats)
        if "error" in answer:
            raise SystemExit(f"headroom-ai failed in {method}: {answer['error']}")
        return list(answer["seconds"])


def seconds_of(action: Callable[[], object], repeats: int) -> list[float]:
    """Returns the processor seconds of each run of an action. Other programs hardly change them."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return seconds


@contextmanager
def one_core() -> Iterator[int]:
    """Keeps this process, and those that it starts, on one core. Yields the number of the core."""
    before = os.sched_getaffinity(0)
    core = max(before)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


def megabytes_per_second(size_bytes: int, seconds: list[float]) -> float:
    """Returns the throughput of the median pass, in 10^6 bytes a second."""
    return round(size_bytes / 1e6 / statistics.median(seconds), 2)


def show(result: dict[str, Any]) -> None:
    """Prints a result as JSON."""
    print(json.dumps(result, indent=2))
