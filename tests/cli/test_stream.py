"""The streaming program and a Pub/Sub server on a real socket: acknowledged means durable, even if killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from helpers.effort import tries
from helpers.generators import BROKEN, RECORDS
from helpers.messages import OUTPUT_TOPIC, SUBSCRIPTION, TOPIC, messages_of
from helpers.pubsub_server import PubsubServer
from helpers.repository import REPOSITORY

from headroom_beam import OriginalStore, restore_record
from headroom_beam.cli.beam_runner import pipeline_options
from headroom_beam.cli.stream import _parser, main, run_batches
from headroom_beam.errors import StoreError


def arguments_of(folder: Path) -> list[str]:
    return [
        f"--subscription={SUBSCRIPTION}",
        f"--originals={folder / 'store'}",
        "--max_tokens=200",
        "--trace_format=json",
        "--max_latency_s=0.5",
        "--lease_s=60",
    ]


def drain(folder: Path, pubsub: PubsubServer, *arguments: str) -> None:
    """Runs the program in this process until every message is acknowledged, or until it fails."""
    known, beam_arguments = _parser("stream").parse_known_args([*arguments_of(folder), *arguments])
    known.failures = known.failures or str(folder / "out/failures")
    stopping = threading.Event()

    def watch() -> None:
        while pubsub.outstanding_count(SUBSCRIPTION) and not stopping.wait(0.05):
            pass
        stopping.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run_batches(known, pipeline_options(beam_arguments), stopping)
    finally:
        stopping.set()
        watcher.join()


class Program:
    """The streaming program in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._log = (folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipelines.crush",
                "--streaming",
                *arguments_of(folder),
                *arguments,
            ],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        )

    def wait_until(self, done: Callable[[], bool], *, timeout_s: float = 300) -> None:
        give_up_s = time.monotonic() + timeout_s
        while not done():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < give_up_s, self.log()
            time.sleep(0.1)

    def stop(self) -> dict[str, int]:
        """Stops the program, and returns the summary that it prints."""
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=300)
        assert self._process.returncode == 0, self.log()
        return json.loads(output)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def log(self) -> str:
        return (self.folder / "log").read_text()


def parquet_rows(folder: Path) -> list[dict]:
    return [row for file in sorted(folder.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def failures_of(folder: Path) -> list[dict]:
    return [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()
    ]


def written(folder: Path) -> dict[str, bytes]:
    """Returns the restored bytes of every message in the output, by its number."""
    store = OriginalStore.open(folder / "store", create=False)
    found = {
        dict(row["attributes"])["number"]: restore_record(row["record"], store)
        for row in parquet_rows(folder / "out")
    }
    failed = {
        row["attributes"]["number"]: store.get(row["hashes"][0])
        for row in failures_of(folder / "out/failures")
    }
    assert not found.keys() & failed.keys()
    return found | failed


def test_messages_become_files_with_their_attributes_and_every_marker_resolves(tmp_path, pubsub):
    records = [*RECORDS, *BROKEN, json.dumps(json.loads(RECORDS[0]), indent=1).encode()]
    ids = pubsub.publish(TOPIC, messages_of(records))
    program = Program(tmp_path, f"--output={tmp_path / 'out'}")
    program.wait_until(lambda: len(pubsub.acknowledged(SUBSCRIPTION)) == len(records))
    # All acknowledged messages are written while the program still runs.
    assert written(tmp_path) == {str(number): record for number, record in enumerate(records)}
    done = program.stop()
    assert (done["messages"], done["failures"]) == (len(records), len(BROKEN))
    assert done["packs"] == done["batches"]
    assert (done["payloads"], done["unrecognised"], done["likely"]) == (len(records) - len(BROKEN), 0, 0)
    assert {row["message_id"] for row in parquet_rows(tmp_path / "out")} < set(ids)
    assert not OriginalStore.open(tmp_path / "store").check().problems


def test_messages_go_to_a_topic_with_their_attributes(tmp_path, pubsub):
    pubsub.publish(TOPIC, messages_of([*RECORDS, *BROKEN]))
    drain(tmp_path, pubsub, f"--output_topic={OUTPUT_TOPIC}", f"--failures={tmp_path / 'failures'}")
    assert len(pubsub.acknowledged(SUBSCRIPTION)) == len(RECORDS) + len(BROKEN)
    store = OriginalStore.open(tmp_path / "store", create=False)
    sent = {
        message.attributes["number"]: restore_record(message.data, store)
        for message in pubsub.published(OUTPUT_TOPIC)
    }
    assert sent == {str(number): record for number, record in enumerate(RECORDS)}
    assert any(b"<<ccr:" in message.data for message in pubsub.published(OUTPUT_TOPIC))
    assert len(failures_of(tmp_path / "failures")) == len(BROKEN)


def test_jsonl_holds_records_as_lines_and_parquet_those_with_line_breaks(tmp_path, pubsub):
    pretty = json.dumps(json.loads(RECORDS[0]), indent=1).encode()
    pubsub.publish(TOPIC, messages_of([*RECORDS, pretty]))
    drain(tmp_path, pubsub, f"--output={tmp_path / 'out'}", "--output_format=jsonl")
    store = OriginalStore.open(tmp_path / "store", create=False)
    lines = [line for file in (tmp_path / "out").glob("*.jsonl") for line in file.read_bytes().splitlines()]
    assert sorted(restore_record(line, store) for line in lines) == sorted(RECORDS)
    [beside] = parquet_rows(tmp_path / "out")
    assert restore_record(beside["record"], store) == pretty


def test_a_killed_program_is_resumed_and_no_acknowledged_message_is_missing(tmp_path, pubsub):
    records = [
        record.replace(b'"number"', b'"n%d"' % copy) for copy in range(tries(20, 40)) for record in RECORDS
    ]
    expected = {str(number): record for number, record in enumerate(records)}
    numbers = dict(zip(pubsub.publish(TOPIC, messages_of(records)), expected, strict=True))
    arguments = [f"--output={tmp_path / 'out'}", f"--batch_bytes={60 * len(RECORDS[0])}"]
    # It is killed after it wrote its second batch, before it acknowledges it. So the batch is still leased.
    pubsub.hold_after("Acknowledge", calls=1)
    program = Program(tmp_path, *arguments)
    program.wait_until(
        lambda: len(parquet_rows(tmp_path / "out")) > len(pubsub.acknowledged(SUBSCRIPTION)) > 0
    )
    program.kill()
    # Leases end first, because the server may still be about to serve the call of the killed program.
    pubsub.expire_leases(SUBSCRIPTION)
    pubsub.release("Acknowledge")
    acknowledged = {numbers[one] for one in pubsub.acknowledged(SUBSCRIPTION)}
    assert 0 < len(acknowledged) < len(records)
    assert written(tmp_path).items() >= {number: expected[number] for number in acknowledged}.items()
    program = Program(tmp_path, *arguments)
    program.wait_until(lambda: pubsub.outstanding_count(SUBSCRIPTION) == 0)
    program.stop()
    assert written(tmp_path) == expected
    # Delivery is at least once: messages that were leased at the kill came again.
    assert max(pubsub.deliveries(SUBSCRIPTION).values()) > 1


def test_a_message_that_comes_twice_is_written_twice(tmp_path, pubsub):
    pubsub.publish(TOPIC, messages_of([RECORDS[0], RECORDS[1]]))
    # The first acknowledgement is refused, so the program ends, and another one gets the messages again.
    pubsub.fail_next("Acknowledge", grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(exceptions.PermissionDenied):
        drain(tmp_path, pubsub, f"--output={tmp_path / 'out'}")
    assert pubsub.acknowledged(SUBSCRIPTION) == []
    drain(tmp_path, pubsub, f"--output={tmp_path / 'out'}")
    assert len(pubsub.acknowledged(SUBSCRIPTION)) == 2
    assert len(parquet_rows(tmp_path / "out")) == 4
    assert written(tmp_path) == {"0": RECORDS[0], "1": RECORDS[1]}


def test_a_store_that_fails_ends_the_program_and_acknowledges_nothing(tmp_path, pubsub, capsys):
    (tmp_path / "store").write_text("a file stands where the store should be")
    pubsub.publish(TOPIC, messages_of(RECORDS))
    code = main([*arguments_of(tmp_path), f"--output={tmp_path / 'out'}"])
    assert code == StoreError.exit_code
    assert pubsub.acknowledged(SUBSCRIPTION) == []
    assert "StoreError" in capsys.readouterr().err


def test_a_topic_that_refuses_ends_the_program_and_acknowledges_nothing(tmp_path, pubsub):
    pubsub.publish(TOPIC, messages_of(RECORDS))
    pubsub.fail_next("Publish", grpc.StatusCode.PERMISSION_DENIED, times=100)
    with pytest.raises(RuntimeError, match="PermissionDenied: 403"):
        drain(tmp_path, pubsub, f"--output_topic={OUTPUT_TOPIC}", f"--failures={tmp_path / 'failures'}")
    assert pubsub.acknowledged(SUBSCRIPTION) == []
    assert pubsub.outstanding_count(SUBSCRIPTION) == len(RECORDS)


def test_beams_own_reader_works_too(tmp_path, pubsub):
    records = [*RECORDS, *BROKEN]
    pubsub.publish(TOPIC, messages_of(records))
    program = Program(
        tmp_path,
        f"--output={tmp_path / 'out'}",
        "--reader=beam",
        "--runner=BundleBasedDirectRunner",
        "--shards=2",
    )
    program.wait_until(
        lambda: tmp_path.joinpath("store/store.json").exists() and len(written(tmp_path)) == len(records)
    )
    program.kill()
    assert written(tmp_path) == {str(number): record for number, record in enumerate(records)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --output or --output_topic"),
        (["--output=a", f"--output_topic={OUTPUT_TOPIC}"], "give either --output or --output_topic"),
        ([f"--output_topic={OUTPUT_TOPIC}"], "--failures is missing"),
        (["--output=a", "--id_label=id"], "--id_label is for --reader beam"),
        (["--output=a", "--lease_s=5"], "lease_s is 5"),
        (["--output=a", "--reader=beam"], "needs a runner that streams"),
        (["--output=a", "--subscription=in"], "PubSub subscription must be in the form"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, capsys):
    code = 2
    try:
        code = main([f"--subscription={SUBSCRIPTION}", "--originals=o", *arguments])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_selected_paths_say_where_payloads_are_in_messages(tmp_path, pubsub):
    rows = [{"id": number, "state": "sent", "goods": f"lamp {number}"} for number in range(200)]
    pubsub.publish(TOPIC, messages_of([json.dumps({"seen": rows, "note": "kept"}).encode()]))
    options = ["--output_format=jsonl", "--trace_format=auto", "--select", ".seen"]
    drain(tmp_path, pubsub, f"--output={tmp_path / 'out'}", *options)
    (file,) = (tmp_path / "out").glob("*.jsonl")
    crushed = json.loads(file.read_bytes())
    assert crushed["note"] == "kept"
    assert isinstance(crushed["seen"], str) or len(crushed["seen"]) < len(rows)
