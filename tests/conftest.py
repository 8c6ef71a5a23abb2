"""Fixtures that several test modules share."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from helpers import gcs_emulator
from helpers.effort import tries
from helpers.generators import DROPPING, awkward_folder

from headroom_beam import OriginalStore
from headroom_beam.files.plan import RunSettings

if TYPE_CHECKING:
    from helpers.pubsub_server import PubsubServer

# No deadline: the time of an example depends on how busy the machine is.
hypothesis.settings.register_profile(
    "patient",
    max_examples=tries(100, 3000),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")

BUCKET = "test-bucket"
FAKE_GCS = os.environ.get("HEADROOM_BEAM_FAKE_GCS", "")
"""The program fake-gcs-server: a fuller emulator than `gcs_emulator`, which needs Go."""

_roots = itertools.count()


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[gcs_emulator.Emulator]:
    """The Cloud Storage server of `gcs_emulator`, one for the whole session."""
    with gcs_emulator.running() as server:
        yield server


@pytest.fixture
def gcs_root(gcs_server: gcs_emulator.Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new `gs://` root for each test, on an emulator that supports preconditions."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server.url)
    return f"gs://{BUCKET}/some prefix/{next(_roots)}"


@pytest.fixture(scope="session")
def fake_gcs_url() -> Iterator[str]:
    """The address of fake-gcs-server, as `make gcs` starts it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    arguments = f"-scheme http -backend memory -host 127.0.0.1 -port {port} -public-host {url[7:]}".split()
    with subprocess.Popen([FAKE_GCS, *arguments], stderr=subprocess.DEVNULL) as process:
        for attempt in range(600):
            try:
                body = b'{"name": "%s"}' % BUCKET.encode()
                headers = {"Content-Type": "application/json"}
                urllib.request.urlopen(
                    urllib.request.Request(f"{url}/storage/v1/b?project=p", body, headers)
                ).close()
                break
            except OSError:
                assert attempt < 599, "fake-gcs-server doesn't answer"
                time.sleep(0.1)
        yield url
        process.terminate()


@pytest.fixture
def fake_gcs_root(fake_gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same as `gcs_root`, on fake-gcs-server."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake_gcs_url)
    return f"gs://{BUCKET}/some prefix/{next(_roots)}"


_KINDS = ["local", "gcs", *([pytest.param("fake_gcs", marks=pytest.mark.gcs)] if FAKE_GCS else [])]


@pytest.fixture(params=_KINDS)
def root(request: pytest.FixtureRequest) -> str:
    """An empty root on each kind of storage in turn. The tests that use it are the conformance suite."""
    if request.param == "local":
        return str(request.getfixturevalue("tmp_path") / "new" / "root")
    return str(request.getfixturevalue(f"{request.param}_root"))


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    """Settings of a run that takes records whole and moves rows of them into the store."""
    return RunSettings(str(tmp_path / "out"), str(tmp_path / "originals"), "json", config=DROPPING)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with files of every codec and lines of every kind."""
    return awkward_folder(tmp_path / "in")


@pytest.fixture
def store(tmp_path: Path) -> OriginalStore:
    """An empty store in a directory."""
    return OriginalStore.open(tmp_path / "store")


@pytest.fixture
def pubsub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PubsubServer]:
    """A Pub/Sub server with a topic and a subscription for input, and both for output."""
    # Imported here, because its client library takes a second that other tests don't need.
    from helpers.messages import OUTPUT_SUBSCRIPTION, OUTPUT_TOPIC, SUBSCRIPTION, TOPIC
    from helpers.pubsub_server import PubsubServer

    with PubsubServer() as server:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.address)
        server.create(TOPIC, SUBSCRIPTION)
        server.create(OUTPUT_TOPIC, OUTPUT_SUBSCRIPTION)
        yield server
