"""Runs that are killed (G3): all visible files are right, and starting the run again finishes it.

Signal 9 kills them right before and right after each of their objects becomes visible, and at random moments.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.effort import tries
from helpers.generators import AWKWARD, DROPPING, RUN_DATE, compress, lines_of
from helpers.oracles import is_complete, restored_digests, source_digests, tree, unresolved_markers

from headroom_beam.files.plan import RunSettings
from headroom_beam.files.run import run_shards
from headroom_beam.store.store import OriginalStore


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "records.jsonl").write_bytes(lines_of(9))
    (folder / "awkward.jsonl").write_bytes(AWKWARD)
    (folder / "more.jsonl.gz").write_bytes(compress(lines_of(3, first=9), ".gz"))
    return folder


def settings_of(tmp_path: Path, name: str) -> RunSettings:
    return RunSettings(
        output=str(tmp_path / name),
        originals=str(tmp_path / f"{name}.originals"),
        trace_format="json",
        config=DROPPING,
        shard_bytes=15_000,
        run_date=RUN_DATE,
    )


def undisturbed(inputs: Path, tmp_path: Path) -> dict[str, bytes]:
    settings = settings_of(tmp_path, "undisturbed")
    run_shards([str(inputs)], settings)
    return written(settings)


def written(settings: RunSettings) -> dict[str, bytes]:
    """Returns the files that equal runs share. Their plan and store.json differ in roots and time."""
    files = {f"out/{name}": data for name, data in tree(Path(settings.output)).items() if name != "_run.json"}
    store = tree(Path(settings.originals))
    return files | {f"store/{name}": data for name, data in store.items() if name != "store.json"}


def check_what_is_visible(settings: RunSettings) -> None:
    """Checks that originals of visible parts can be read, and that a complete run restores to its input."""
    if not Path(settings.output).exists():
        return
    assert unresolved_markers(Path(settings.output), Path(settings.originals)) == set()
    if is_complete(Path(settings.output)):
        assert source_digests_match(settings)


def source_digests_match(settings: RunSettings) -> bool:
    output = Path(settings.output)
    restored = restored_digests(output, Path(settings.originals), output.parent / f"{output.name}.restored")
    return restored == source_digests(output.parent / "in")


def run_and_die(inputs: Path, settings: RunSettings, at: int, *, after: bool) -> bool:
    """Runs in a forked process, which is killed before or after it makes object number `at`.

    Returns False if it ended before that.
    """
    process = os.fork()
    if process == 0:
        made = 0
        link = os.link

        def dying_link(source: str, target: str, **options: bool) -> None:
            nonlocal made
            made += not Path(target).exists()
            if made == at and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            link(source, target, **options)
            if made == at:
                os.kill(os.getpid(), signal.SIGKILL)

        os.link = dying_link  # type: ignore[assignment]
        status = 1
        try:
            run_shards([str(inputs)], settings)
            status = 0
        finally:
            os._exit(status)
    _, result = os.waitpid(process, 0)
    assert os.WIFSIGNALED(result) or os.waitstatus_to_exitcode(result) == 0
    return os.WIFSIGNALED(result)


@pytest.mark.parametrize(("at", "after"), [(1, True), (2, False)])
def test_a_run_killed_at_every_object_is_finished_in_the_end(
    inputs: Path, tmp_path: Path, at: int, after: bool
) -> None:
    # Each process makes one object, and is killed right after it, or right before the next one. The latter
    # leaves a temporary file.
    expected = undisturbed(inputs, tmp_path)
    settings = settings_of(tmp_path, "killed")
    kills = 0
    while run_and_die(inputs, settings, at, after=after):
        check_what_is_visible(settings)
        kills += 1
        assert kills < 100
    assert kills > len(expected)
    assert written(settings) == expected
    check_what_is_visible(settings)
    assert OriginalStore.open(settings.originals).check().problems == ()


@pytest.mark.parametrize("at", [2, 4, 7])
def test_a_run_killed_once_is_finished_by_the_next(inputs: Path, tmp_path: Path, at: int) -> None:
    expected = undisturbed(inputs, tmp_path)
    settings = settings_of(tmp_path, "killed")
    assert run_and_die(inputs, settings, at, after=True)
    run_shards([str(inputs)], settings)
    assert written(settings) == expected
    check_what_is_visible(settings)


def start(inputs: Path, output: Path, originals: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pipelines.crush", "--input", str(inputs), "--output", str(output)]
    command += [
        "--originals",
        str(originals),
        "--trace_format",
        "json",
        "--max_tokens",
        "300",
        "--shard_bytes",
        "15000",
    ]
    command += ["--run_date", RUN_DATE.isoformat()]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + 300
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def test_the_program_killed_at_random_moments_is_finished_by_the_next(inputs: Path, tmp_path: Path) -> None:
    expected = undisturbed(inputs, tmp_path)
    settings = settings_of(tmp_path, "random")
    output, originals = Path(settings.output), Path(settings.originals)
    draw = random.Random()
    for _ in range(tries(2, 30)):
        with start(inputs, output, originals) as process:
            wait_until((output / "_run.json").exists, process)
            time.sleep(draw.uniform(0, 0.4))
            process.kill()
        check_what_is_visible(settings)
    with start(inputs, output, originals) as process:
        assert process.wait(300) == 0
    assert written(settings) == expected
    check_what_is_visible(settings)
    assert is_complete(output)
