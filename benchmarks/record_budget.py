"""Measures budgets for whole records: tokens, time and evidence that is left, as JSON.

    python benchmarks/record_budget.py CONVERSATIONS…

CONVERSATIONS are files with one conversation a line, or folders of them. Each line is crushed as one record,
with payloads found by shape, at several values of `max_record_tokens` and of `max_tokens`. Every record is
restored and compared.

* `tokens`: exact tokens of all payloads, and their share of what was logged;
* `recall`: the share of the evidence that stays, see `benchmarks/evidence.py`; `recent`: the same for the
  last ten results of each record that has evidence; `results`: the share of results that stay whole;
* `over`: records that exceed the budget, as their payloads' `over_budget` says; `used`: the share of the
  budget that is in use in records that had to give way;
* `seconds`: of crushing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common import files_of, lines_of, show
from conversations import events_in, messages_in
from evidence import results_with_evidence, stands_in

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.crush.config import options_for
from headroom_beam.crush.trace_formats import AUTO

RECENT = 10
DEFAULTS: dict[str, dict[str, int]] = {
    # "max_tokens": {"max_tokens": 4096},
    # "max_tokens 1,024": {"max_tokens": 1024},
    # "max_tokens 256": {"max_tokens": 256},
}


def texts_of(record: bytes) -> list[str]:
    """Returns the texts of the tool results of a record, in order."""
    found = (event for message in messages_in(json.loads(record)["messages"]) for event in events_in(message))
    return [event.text for event in found if event.kind == "result"]


def evidence_of(record: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yields the position of each result with evidence among the results of a record, and the evidence."""
    texts = texts_of(record)
    at = -1
    for result in results_with_evidence(list(messages_in(json.loads(record)["messages"]))):
        at = texts.index(result.text, at + 1)
        yield at, result.evidence


class Figures:
    """Sums of one set of options."""

    def __init__(self, config: SmartCrusherConfig) -> None:
        """Starts at nothing."""
        self._options = options_for(config, AUTO)
        self._budget = config.max_record_tokens
        self._sums: dict[str, float] = dict.fromkeys(
            ("tokens", "whole", "payloads", "over", "found", "all", "recent", "recent_all", "seconds"), 0
        )
        self._used: list[float] = []

    def add(self, record: bytes, evidence: Iterable[tuple[int, tuple[str, ...]]]) -> None:
        """Crushes one record, checks it, and adds what came of it."""
        sums = self._sums
        started = time.perf_counter()
        crushed = _core.crush_block(record, self._options)
        sums["seconds"] += time.perf_counter() - started
        compacted = crushed.lines()
        restored = _core.restore_block(compacted, crushed.originals())
        if restored.restored != record:
            raise SystemExit("a record didn't restore")
        payloads: list[dict[str, Any]] = crushed.records().column("payloads").to_pylist()[0]
        tokens = sum(payload["tokens_after"] for payload in payloads)
        sums["tokens"] += tokens
        sums["payloads"] += len(payloads)
        sums["whole"] += sum(not payload["share"] and not payload["hashes"] for payload in payloads)
        if self._budget and any(payload["share"] for payload in payloads):
            is_over = tokens > self._budget
            if is_over != any(payload["share"] and payload["over_budget"] for payload in payloads):
                raise SystemExit("a report is wrong about its record's budget")
            sums["over"] += is_over
            self._used += [] if is_over else [tokens / self._budget]
        texts = texts_of(compacted)
        evidence = list(evidence) if len(texts) == len(texts_of(record)) else []
        if not evidence:
            print(
                "none",
                len(texts),
                len(texts_of(record)),
                [i for i, (a, b) in enumerate(zip(texts, texts_of(record))) if a[:9] != b[:9]][:9],
            )
        for number, (at, atoms) in enumerate(evidence):
            found = sum(stands_in(atom, texts[at]) for atom in atoms)
            sums["found"] += found
            sums["all"] += len(atoms)
            if number >= len(evidence) - RECENT:
                sums["recent"] += found
                sums["recent_all"] += len(atoms)

    def figures(self, before: int) -> dict[str, Any]:
        """Returns the figures, given the tokens that were logged."""
        sums = self._sums
        return {
            "tokens": int(sums["tokens"]),
            "share": round(sums["tokens"] / max(1, before), 3),
            "recall": round(sums["found"] / max(1, sums["all"]), 3),
            "recent": round(sums["recent"] / max(1, sums["recent_all"]), 3),
            "results": round(sums["whole"] / max(1, sums["payloads"]), 3),
            "over": int(sums["over"]),
            "used": round(sum(self._used) / max(1, len(self._used)), 3),
            "gave_way": len(self._used) + int(sums["over"]),
            "seconds": round(sums["seconds"], 2),
        }


def main() -> None:
    """Prints the figures of every set of options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--budgets", nargs="*", type=int, default=[4096, 8192, 16384, 32768, 65536])
    parser.add_argument("--every", type=int, default=1, help="read one record of so many")
    arguments = parser.parse_args()
    sets = {
        **DEFAULTS,
        **{f"max_record_tokens {size:,}": {"max_record_tokens": size} for size in arguments.budgets},
    }
    scores = {
        name: Figures(SmartCrusherConfig(exact_tokens=True, **options)) for name, options in sets.items()
    }
    plain = options_for(
        SmartCrusherConfig(exact_tokens=True, lossless_only=True, with_compaction=False), AUTO
    )
    before = records = 0
    for path in files_of(arguments.paths):
        for number, line in enumerate(lines_of(path)):
            if number % arguments.every:
                continue
            record = line.encode() if isinstance(line, str) else line
            payloads = _core.crush_block(record, plain).records().column("payloads").to_pylist()
            if not payloads or not payloads[0]:
                continue
            before += sum(payload["tokens_before"] for payload in payloads[0])
            records += 1
            evidence = list(evidence_of(record))
            for score in scores.values():
                score.add(record, evidence)
    figures = {name: score.figures(before) for name, score in scores.items()}
    print(
        json.dumps({"records": records, "tokens_before": before, "figures": figures}).replace("}, ", "},\n")
    )


if __name__ == "__main__":
    main()
