"""`headroom-beam serve`: it serves until it is interrupted, and only authorised requests."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from helpers.commands import CrushedTrace
from helpers.oracles import hash_of
from helpers.serving import SERVED_ROWS, environment_without_token, put_originals

from headroom_beam import errors
from headroom_beam.cli.main import main
from headroom_beam.store.store import OriginalStore


def test_serve_takes_a_token_from_a_file_or_the_environment_and_refuses_short_ones(
    crushed: CrushedTrace, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = ["serve", "--originals", str(crushed.originals), "--port", "0"]
    (tmp_path / "token").write_text("short\n")
    assert main([*serve, "--token-file", str(tmp_path / "token")]) == 2
    assert "at least 16" in capfd.readouterr().err
    assert main([*serve, "--token-file", str(tmp_path / "none")]) == errors.StoreError.exit_code
    monkeypatch.setenv("HEADROOM_BEAM_TOKEN", "short")
    assert main(serve) == 2


def test_the_command_serves_until_it_is_interrupted(store: OriginalStore) -> None:
    put_originals(store, SERVED_ROWS)
    command = [sys.executable, "-m", "headroom_beam.cli", "serve", "--originals", store.root, "--port", "0"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment_without_token()
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split(" on ")[1].strip()
        deadline_s = time.monotonic() + 300
        while time.monotonic() < deadline_s:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(f"{url}/v1/retrieve/{hash_of(SERVED_ROWS)}")
                assert httpx.get(f"{url}/v1/retrieve/not-a-hash-but-a-secret").status_code == 400
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=300)
    assert answer.json()["original_content"] == SERVED_ROWS.decode()
    assert (process.returncode, stdout) == (0, "")
    assert f"lookup {hash_of(SERVED_ROWS)} found" in stderr
    assert "secret" not in stderr
    assert "rgen" not in stderr


def test_the_command_refuses_to_listen_beyond_loopback_without_a_token(store: OriginalStore) -> None:
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "serve",
        "--originals",
        store.root,
        "--host",
        "0.0.0.0",
    ]
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment_without_token(), timeout=300
    )
    assert result.returncode == 2
    assert "set a token" in result.stderr
    assert "Traceback" not in result.stderr
