"""A model that plays a script: it answers each turn with the next command, and then with a last sentence.

    python examples/sessions/scripted_model.py --script commands.txt --requests requests.jsonl --port 18080

It listens on loopback only. Which command comes next follows from the number of tool results in the request.
So the model keeps no state, and a retried or resumed request gets the right answer. Requests that offer no
shell, such as those for a title, get the sentence. Every request is appended to a file as a line of JSON (see
`Request`).
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import http.server
import json
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dialects import DIALECTS, MODEL, Answer, Call, Dialect, Reply, Sentence, shell_of

LAST_SENTENCE = "Done. I have looked at all of it."


@dataclass(frozen=True)
class Request:
    """One recorded request."""

    path: str
    body_bytes: int
    body: Any
    dialect: str | None
    offers_shell: bool
    command: str | None

    def line(self) -> str:
        """Spells it as a line of JSON."""
        return json.dumps(self.__dict__, ensure_ascii=False) + "\n"


def read_requests(path: Path) -> list[Request]:
    """Reads what a model recorded."""
    if not path.exists():
        return []
    return [Request(**json.loads(line)) for line in path.read_text(encoding="utf-8").split("\n") if line]


def answer_to(dialect: Dialect, body: Any, script: list[str]) -> Answer:
    """Chooses the answer to a request.

    >>> chat = DIALECTS["openai-chat"]
    >>> tools = [{"function": {"name": "bash", "parameters": {}}}]
    >>> answer_to(chat, {"messages": [{"role": "user"}], "tools": tools}, ["ls"]).command
    'ls'
    >>> answer_to(chat, {"messages": [{"role": "tool", "tool_call_id": "1"}], "tools": tools}, ["ls"])
    Sentence(text='Done. I have looked at all of it.')
    """
    shell = shell_of(dialect.tools(body))
    # An agent may send a result twice; a call counts once.
    place = len({result.call for result in dialect.results(body)})
    return Call(shell, script[place]) if shell and place < len(script) else Sentence(LAST_SENTENCE)


class ScriptedModel(http.server.ThreadingHTTPServer):
    """The server. `port` 0 takes a free one."""

    daemon_threads = True

    def __init__(self, script: list[str], requests: Path, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script = script
        self._requests = requests
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def record(self, request: Request) -> None:
        """Appends a request to the file."""
        with self._lock, self._requests.open("a", encoding="utf-8") as file:
            file.write(request.line())


@contextlib.contextmanager
def serving(script: list[str], requests: Path) -> Iterator[ScriptedModel]:
    """Runs a model in a thread of its own until the block ends."""
    with ScriptedModel(script, requests) as model:
        thread = threading.Thread(target=model.serve_forever, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedModel

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Writes no log: the file of requests is one."""

    def do_GET(self) -> None:
        """Answers questions about the models there are."""
        known = {"id": MODEL, "object": "model", "created": 0, "owned_by": "loopback"}
        self._send(Reply({"object": "list", "data": [known], "models": []}))

    def do_POST(self) -> None:
        """Answers a turn; a request in no dialect gets an empty object."""
        path = urlsplit(self.path).path
        raw = self._body()
        body = _parsed(raw)
        dialect = next((dialect for dialect in DIALECTS.values() if dialect.serves(path)), None)
        if dialect is None or not isinstance(body, dict):
            self.server.record(Request(path, len(raw), body, None, offers_shell=False, command=None))
            self._send(Reply(_counted(path)))
            return
        answer = answer_to(dialect, body, self.server.script)
        command = answer.command if isinstance(answer, Call) else None
        offers_shell = shell_of(dialect.tools(body)) is not None
        self.server.record(Request(path, len(raw), body, dialect.name, offers_shell, command))
        # Gemini says in the path whether it wants a stream, the others in the body.
        stream = path.endswith(":streamGenerateContent") or bool(body.get("stream"))
        self._send(dialect.reply(body, answer, stream=stream))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raw = b"".join(self._chunks())
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        encoding = self.headers.get("Content-Encoding", "")
        if encoding == "gzip":
            return gzip.decompress(raw)
        return zlib.decompress(raw) if encoding == "deflate" else raw

    def _chunks(self) -> Iterator[bytes]:
        while length := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _send(self, reply: Reply) -> None:
        if reply.body is None:
            kind = "text/event-stream"
            lines = (
                (f"event: {name}\n" if name else "") + f"data: {data}\n\n" for name, data in reply.events
            )
            payload = "".join(lines).encode()
        else:
            kind = "application/json"
            payload = json.dumps(reply.body, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _counted(path: str) -> dict[str, Any]:
    """Answers questions about the number of tokens."""
    if path.endswith("/count_tokens"):
        return {"input_tokens": 1000}
    return {"totalTokens": 1000} if path.endswith(":countTokens") else {}


def read_script(path: Path) -> list[str]:
    """Reads a script: one command a line; empty lines and those that begin with `#` are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def main() -> None:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--script", type=Path, required=True, help="one shell command a line")
    parser.add_argument(
        "--requests", type=Path, required=True, help="where requests are appended, a line each"
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    given = parser.parse_args()
    with ScriptedModel(read_script(given.script), given.requests, given.port) as model:
        print(model.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            model.serve_forever()


if __name__ == "__main__":
    main()
