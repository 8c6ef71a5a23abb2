"""A `SmartCrusher` with a store: other processes find every original."""

import datetime as dt
import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.generators import DOCUMENT, ROWS

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.smart_crusher import SmartCrusher
from headroom_beam.errors import (
    InvalidPayload,
    OriginalExpired,
)
from headroom_beam.store.store import OriginalStore
from headroom_beam.store.tombstones import Tombstone, encode_tombstones


def test_with_a_store_other_processes_find_every_original(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    crusher = SmartCrusher(store=store)
    compressed = crusher.crush(DOCUMENT).compressed
    assert crusher.restore(compressed) == DOCUMENT
    assert crusher.ccr_len() == 1
    crusher.crush(DOCUMENT)
    # The process doesn't remember what is in the store. So the second call counts the original again.
    assert crusher.ccr_len() == 2
    program = (
        "import sys; from headroom_beam import OriginalStore, SmartCrusher;"
        "print(SmartCrusher(store=OriginalStore.open(sys.argv[1])).ccr_get(sys.argv[2]), end='')"
    )
    digest = hashlib.sha256(b"x" * 2000).hexdigest()
    command = [sys.executable, "-c", program, store.root, digest[:24]]
    assert subprocess.check_output(command, text=True) == "x" * 2000


def test_with_a_store_memory_holds_nothing_and_has_no_limit(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    with pytest.raises(ValueError, match="no effect with a store"):
        SmartCrusher(store=store, max_memory_bytes=1)
    crusher = SmartCrusher(store=store)
    crusher.crush(DOCUMENT)
    (pack,) = store.pack_names()
    (Path(store.root) / pack).unlink()
    assert (
        SmartCrusher(store=OriginalStore.open(store.root)).ccr_get(hashlib.sha256(b"x" * 2000).hexdigest())
        is None
    )


def test_an_erased_original_is_not_returned_even_by_the_process_that_made_it(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    crusher = SmartCrusher(store=store)
    crusher.crush(DOCUMENT)
    digest = hashlib.sha256(b"x" * 2000).hexdigest()
    data = encode_tombstones([Tombstone(digest, "erased", dt.date(2026, 2, 1))])
    store.objects.put_if_absent(f"tombstones/{hashlib.sha256(data).hexdigest()}.jsonl", data)
    (pack,) = store.pack_names()
    (Path(store.root) / pack).unlink()
    with pytest.raises(OriginalExpired, match="erased"):
        SmartCrusher(store=OriginalStore.open(store.root)).ccr_get(digest[:24])


def test_bytes_that_are_not_text_are_left_to_the_store(tmp_path: Path) -> None:
    store = OriginalStore.open(tmp_path / "originals")
    block = _core.crush_block(b'{"broken": "\xff"}\n', options_for(SmartCrusherConfig(), "json"))
    store.put_many(block.originals(), run_date=dt.date(2026, 1, 31))
    (name,) = block.originals().column("hash").to_pylist()
    with pytest.raises(InvalidPayload, match=r"isn't UTF-8 \(byte 12\)"):
        SmartCrusher(store=store).ccr_get(name)


def test_a_crusher_with_a_store_can_be_pickled(tmp_path: Path) -> None:
    config = SmartCrusherConfig(max_items_after_crush=7)
    crusher = SmartCrusher(config, with_compaction=False, store=OriginalStore.open(tmp_path / "originals"))
    copy = pickle.loads(pickle.dumps(crusher))
    r = copy.crush_array_json(ROWS)
    assert r == crusher.crush_array_json(ROWS)
    assert crusher.ccr_get(r["ccr_hash"]) == ROWS


def test_a_crusher_with_originals_in_memory_can_not_be_pickled() -> None:
    with pytest.raises(TypeError, match="give it a store"):
        pickle.dumps(SmartCrusher())
