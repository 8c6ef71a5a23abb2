"""A small server for the part of Cloud Storage's JSON API that the library uses, with preconditions.

Objects live in memory. Media, multipart and resumable uploads with `ifGenerationMatch`, checksums that are
verified, ranged downloads, metadata and paged listings. `faults` makes the next requests fail, as the service
does now and then.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

PAGE_ITEMS = 100


class Stored(NamedTuple):
    data: bytes
    generation: int


class Emulator(ThreadingHTTPServer):
    """The server and its objects; `faults` maps a method to the statuses its next requests get."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[tuple[str, str], Stored] = {}
        self.uploads: dict[str, tuple[str, dict[str, Any], dict[str, list[str]], bytearray]] = {}
        self.faults: dict[str, list[int]] = {}
        self.requests: list[tuple[str, str]] = []
        self.lock = threading.Lock()
        self.generations = itertools.count(1_700_000_000_000_000)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(
        self, bucket: str, name: str, metadata: dict[str, Any], query: dict[str, list[str]], data: bytes
    ) -> Any:
        """Stores an object, and returns its resource, or the status of a refusal."""
        checksum = base64.b64encode(hashlib.md5(data).digest()).decode()
        if metadata.get("md5Hash", checksum) != checksum or metadata.get("crc32c", _crc32c(data)) != _crc32c(
            data
        ):
            return 400
        with self.lock:
            old = self.objects.get((bucket, name))
            wanted = query.get("ifGenerationMatch")
            if wanted and int(wanted[0]) != (old.generation if old else 0):
                return 412
            self.objects[bucket, name] = Stored(data, next(self.generations))
            return self.resource(bucket, name)

    def resource(self, bucket: str, name: str) -> dict[str, Any]:
        stored = self.objects[bucket, name]
        return {
            "kind": "storage#object",
            "bucket": bucket,
            "name": name,
            "size": str(len(stored.data)),
            "generation": str(stored.generation),
            "metageneration": "1",
            "md5Hash": base64.b64encode(hashlib.md5(stored.data).digest()).decode(),
            "crc32c": _crc32c(stored.data),
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer sent in two parts would wait 40 ms for the client's delayed acknowledgement.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: Emulator

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, resource: Any) -> None:
        if isinstance(resource, int):
            self._answer(resource, b"{}", Content_Type="application/json")
        else:
            self._answer(200, json.dumps(resource).encode(), Content_Type="application/json")

    def _start(self) -> tuple[str, dict[str, list[str]], bytes] | None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if re.fullmatch(r"/storage/v1/b/[^/]+", parts.path):
            # The client asks for the bucket in a thread of its own, for its traces. This isn't counted.
            self._json({"kind": "storage#bucket", "name": parts.path.rpartition("/")[2], "location": "US"})
            return None
        self.server.requests.append((self.command, self.path))
        faults = self.server.faults.get(self.command)
        if faults:
            self._json(faults.pop(0))
            return None
        return parts.path, parse_qs(parts.query), body

    def do_GET(self) -> None:
        if not (request := self._start()):
            return
        path, query, _ = request
        if match := re.fullmatch(r"/storage/v1/b/([^/]+)/o", path):
            self._list(match[1], query)
            return
        match = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)/o/(.+)", path)
        key = (match[1], unquote(match[2])) if match else ("", "")
        stored = self.server.objects.get(key)
        if stored is None or query.get("generation", [str(stored.generation)])[0] != str(stored.generation):
            self._json(404)
        elif query.get("alt") == ["media"]:
            self._media(key, stored.data)
        else:
            self._json(self.server.resource(*key))

    def _media(self, key: tuple[str, str], data: bytes) -> None:
        resource = self.server.resource(*key)
        headers = {
            "X_Goog_Hash": f"crc32c={resource['crc32c']},md5={resource['md5Hash']}",
            "X_Goog_Generation": resource["generation"],
            "Content_Type": "application/octet-stream",
        }
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            self._answer(200, data, **headers)
        elif int(match[1]) >= len(data):
            self._answer(416, **headers)
        else:
            start, end = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
            headers["Content_Range"] = f"bytes {start}-{end}/{len(data)}"
            self._answer(206, data[start : end + 1], **headers)

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        after = query.get("pageToken", [""])[0]
        with self.server.lock:
            keys = list(self.server.objects)
        names = sorted(name for b, name in keys if b == bucket and name.startswith(prefix) and name > after)
        answer: dict[str, Any] = {
            "items": [self.server.resource(bucket, name) for name in names[:PAGE_ITEMS]]
        }
        if len(names) > PAGE_ITEMS:
            answer["nextPageToken"] = names[PAGE_ITEMS - 1]
        self._json(answer)

    def do_POST(self) -> None:
        if not (request := self._start()):
            return
        path, query, body = request
        match = re.fullmatch(r"/upload/storage/v1/b/([^/]+)/o", path)
        if not match:
            self._json(404)
        elif query["uploadType"] == ["multipart"]:
            boundary = re.search(r'boundary="?([^";]+)', self.headers["Content-Type"])
            _, header, rest = body.split(b"--" + boundary[1].encode(), 2)  # type: ignore[index]
            metadata = json.loads(header.split(b"\r\n\r\n", 1)[1])
            data = rest[: rest.rindex(b"\r\n--" + boundary[1].encode())].split(b"\r\n\r\n", 1)[1]  # type: ignore[index]
            self._json(self.server.put(match[1], metadata["name"], metadata, query, data))
        else:
            metadata = json.loads(body)
            upload = str(len(self.server.uploads))
            self.server.uploads[upload] = (match[1], metadata, query, bytearray())
            self._answer(200, Location=f"{self.server.url}{path}?uploadType=resumable&upload_id={upload}")

    def do_PUT(self) -> None:
        if not (request := self._start()):
            return
        _, query, body = request
        bucket, metadata, first, data = self.server.uploads[query["upload_id"][0]]
        match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", self.headers["Content-Range"])
        if match and match[1] is not None:
            del data[int(match[1]) :]
            data += body
        if match and match[2] == str(len(data)):
            self._json(self.server.put(bucket, metadata["name"], metadata, first, bytes(data)))
        else:
            self._answer(308, **({"Range": f"bytes=0-{len(data) - 1}"} if data else {}))


def _crc32c(data: bytes) -> str:
    import google_crc32c

    return base64.b64encode(binascii.unhexlify(f"{google_crc32c.value(data):08x}")).decode()


@contextlib.contextmanager
def running() -> Iterator[Emulator]:
    """Serves on a free port of the loopback, and stops at the end."""
    with Emulator() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
