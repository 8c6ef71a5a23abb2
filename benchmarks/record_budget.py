"""Measures budgets for whole records: tokens, evidence that stays, and time, as JSON.

    python benchmarks/record_budget.py CONVERSATIONS…

CONVERSATIONS are files with one conversation a line, `{"messages": […]}`, or folders of them. Each line is
crushed as one record at several budgets. Payloads are found by shape. Every record is restored and compared,
and its tokens are compared with what its reports say.

* `share`: tokens of all payloads, divided by what was logged; counted exactly;
* `recall`: the share of the evidence that stays, see `benchmarks/evidence.py`;
* `recent`: the same, in the last ten results with evidence of each conversation;
* `gave_way`: conversations in which payloads gave way to the record's budget; `over`: those that exceed it
  nevertheless, since each payload keeps its excerpt; `used`: the part of the budget in use in the others;
* `seconds`: of crushing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import files_of, lines_of, show
from conversations import events_in, messages_in
from evidence import results_with_evidence, stands_in

from headroom_beam import SmartCrusherConfig, _core
from headroom_beam.crush.config import options_for
from headroom_beam.crush.trace_formats import AUTO

RECENT = 10
BUDGETS = (
    {"max_tokens": 4096},
    {"max_tokens": 1024},
    {"max_tokens": 256},
    *({"max_record_tokens": 1024 << power} for power in range(8)),
)


class Evidence(NamedTuple):
    """What later calls use of one result of a conversation."""

    position: int
    """The number of the result in its conversation."""
    atoms: tuple[str, ...]
    recent: bool


def results_of(record: bytes) -> list[str]:
    """Returns the texts of a conversation's results, in order."""
    events = (
        event for message in messages_in(json.loads(record)["messages"]) for event in events_in(message)
    )
    return [event.text for event in events if event.kind == "result"]


def evidence_of(record: bytes) -> Iterator[Evidence]:
    """Yields the evidence of a conversation, result by result."""
    texts = results_of(record)
    found = list(results_with_evidence(list(messages_in(json.loads(record)["messages"]))))
    position = -1
    for number, result in enumerate(found):
        position = texts.index(result.text, position + 1)
        yield Evidence(position, result.evidence, number >= len(found) - RECENT)


class Figures:
    """Sums for one budget."""

    def __init__(self, budget: dict[str, int]) -> None:
        """Starts at nothing."""
        self._options = options_for(SmartCrusherConfig(exact_tokens=True, **budget), AUTO)
        self._budget = budget.get("max_record_tokens", 0)
        self._used: list[float] = []
        self._found = {True: 0, False: 0}
        self._all = {True: 0, False: 0}
        self._over = self._tokens = 0
        self._seconds = 0.0

    def crush(self, record: bytes) -> list[str]:
        """Crushes one record, checks it, and returns the texts of its results."""
        started = time.perf_counter()
        crushed = _core.crush_block(record, self._options)
        self._seconds += time.perf_counter() - started
        compacted = crushed.lines()
        if _core.restore_block(compacted, crushed.originals()).restored != record:
            raise SystemExit("a record didn't restore")
        (payloads,) = crushed.records().column("payloads").to_pylist()
        tokens = sum(payload["tokens_after"] for payload in payloads)
        self._tokens += tokens
        shared = [payload for payload in payloads if payload["share"]]
        is_over = bool(self._budget) and tokens > self._budget
        if is_over != any(payload["tokens_after"] > payload["share"] for payload in shared):
            raise SystemExit("a report is wrong about the budget of its record")
        self._over += is_over
        if shared and not is_over:
            self._used.append(tokens / self._budget)
        return results_of(compacted)

    def score(self, evidence: list[Evidence], texts: list[str]) -> None:
        """Adds the evidence of a conversation that stays in the texts of its results."""
        for position, atoms, recent in evidence:
            self._found[recent] += sum(stands_in(atom, texts[position]) for atom in atoms)
            self._all[recent] += len(atoms)

    def figures(self, tokens_before: int) -> dict[str, Any]:
        """Returns the figures, given the tokens that were logged."""
        return {
            "share": round(self._tokens / tokens_before, 3),
            "recall": round(sum(self._found.values()) / max(1, sum(self._all.values())), 3),
            "recent": round(self._found[True] / max(1, self._all[True]), 3),
            "gave_way": len(self._used) + self._over,
            "over": self._over,
            "used": round(sum(self._used) / max(1, len(self._used)), 3),
            "seconds": round(self._seconds, 2),
        }


def tokens_of(record: bytes) -> int:
    """Returns the exact tokens of a record's payloads, as they were logged."""
    options = options_for(SmartCrusherConfig(exact_tokens=True, lossless_only=True), AUTO)
    (tokens,) = _core.crush_block(record, options).records().column("tokens_before").to_pylist()
    return int(tokens)


def measure(records: Iterator[bytes]) -> dict[str, Any]:
    """Returns the figures of all budgets over the same records."""
    scores = {
        " ".join(f"{name} {size}" for name, size in budget.items()): Figures(budget) for budget in BUDGETS
    }
    count = tokens_before = unscored = 0
    for record in records:
        tokens = tokens_of(record)
        if not tokens:
            continue
        count, tokens_before = count + 1, tokens_before + tokens
        evidence, before = list(evidence_of(record)), len(results_of(record))
        texts = {name: figures.crush(record) for name, figures in scores.items()}
        # A result that was no string may not be known as one after crushing. Then places can't be compared.
        if any(len(found) != before for found in texts.values()):
            unscored += 1
            continue
        for name, figures in scores.items():
            figures.score(evidence, texts[name])
    budgets = {name: figures.figures(max(1, tokens_before)) for name, figures in scores.items()}
    return {"records": count, "tokens_before": tokens_before, "unscored": unscored, "budgets": budgets}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("conversations", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, help="read one line of so many")
    known = parser.parse_args()
    lines = (line for path in files_of(known.conversations) for line in lines_of(path))
    show(measure(line for number, line in enumerate(lines) if number % known.every == 0))


if __name__ == "__main__":
    main()
