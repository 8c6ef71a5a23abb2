"""Writers that are killed (G3): visible packs are whole, and a second try completes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

from helpers.effort import tries
from helpers.generators import some_originals
from helpers.oracles import hash_of
from helpers.repository import TESTS

from headroom_beam import OriginalStore

ROUNDS = tries(4, 60)

WRITER = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from helpers.generators import RUN_DATE, rows_of, some_originals
from headroom_beam import OriginalStore
store = OriginalStore.open(sys.argv[1])
for number in range(int(sys.argv[2]), 10_000):
    rows = rows_of(some_originals(40, seed=number, size_bytes=2000))
    names = store.put_many(rows.to_batches(max_chunksize=10), run_date=RUN_DATE, pack_bytes=30_000)
    store.write_index(names)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_point_leaves_only_whole_packs(tmp_path):
    source = random.Random(3)
    acknowledged = -1
    for _ in range(ROUNDS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(acknowledged + 1)],
            stdout=subprocess.PIPE,
            text=True,
        )
        first = "".join(writer.stdout.readline() for _ in range(source.randint(1, 3)))
        time.sleep(source.random() * 0.1)
        os.kill(writer.pid, signal.SIGKILL)
        printed = (first + writer.stdout.read()).split()
        assert writer.wait() == -signal.SIGKILL
        acknowledged = int(printed[-1])
        report = OriginalStore.open(tmp_path, create=False).check()
        assert report.problems == ()
        assert report.leftover_count == len(list(tmp_path.rglob(".tmp-*")))
    reader = OriginalStore.open(tmp_path)
    for number in range(acknowledged + 1):
        texts = some_originals(40, seed=number, size_bytes=2000)
        assert reader.get_many(map(hash_of, texts)).unresolved == {}
    assert acknowledged >= ROUNDS
    for name in os.listdir(tmp_path / "packs"):
        assert name.endswith(".parquet") != name.startswith(".tmp-")


def test_a_kill_at_any_point_of_creating_a_store_leaves_none_or_a_whole_one(tmp_path):
    script = (
        "import sys; from headroom_beam import OriginalStore;"
        "print('x', flush=True); OriginalStore.open(sys.argv[1])"
    )
    for number in range(4):
        root = tmp_path / str(number)
        maker = subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE)
        maker.stdout.readline()
        time.sleep(number * 0.003)
        maker.kill()
        maker.wait()
        maker.stdout.close()
        if (root / "store.json").exists():
            assert json.loads((root / "store.json").read_text())["version"] == 1
        assert OriginalStore.open(root).check().problems == ()
