"""Counts exact o200k tokens and bytes of tool results in several spellings, per file and in all, as JSON.

    python benchmarks/savings.py --peer .venv-peer/bin/python [DATA…]

* `logged`: as the log has it;
* `compact`: JSON without spaces and needless escapes;
* `toon`: TOON, by its official library;
* `peer_lossless`, `peer_default`: headroom-ai, in its lossless mode and at its defaults;
* `ours_lossless`, `ours_default`: this project likewise.

Text that isn't JSON stays as logged in the first three. Each result of this project is restored, without any
originals in the lossless mode, and compared with the logged text. The program fails if they differ. Results
of headroom-ai aren't checked. Where a spelling fails on a payload, the payload counts as logged, and under
`failed`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import toon_format
from common import Payload, Peer, arguments, files_of, payloads_of, show

from headroom_beam import SmartCrusher, _core

SPELLINGS = ("logged", "compact", "toon", "peer_lossless", "peer_default", "ours_lossless", "ours_default")
KINDS = ("array", "document", "text")


def compact(text: str) -> str:
    """Returns JSON without spaces and without escapes that aren't needed."""
    return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


def toon(text: str) -> str:
    """Returns JSON as TOON."""
    return str(toon_format.encode(json.loads(text)))


def proved(text: str, crusher: SmartCrusher, empty: SmartCrusher | None = None) -> str:
    """Crushes a text, checks that it restores, and returns the compressed text.

    Args:
        text: the payload.
        crusher: crushes the text.
        empty: a crusher without originals, which restores the text; by default `crusher` does.

    Raises:
        AssertionError: the restored text differs.
    """
    compressed = crusher.crush(text).compressed
    if (empty or crusher).restore(compressed) != text:
        raise AssertionError("a payload was not restored")
    return compressed


class Totals:
    """Sums of tokens and bytes by spelling."""

    def __init__(self) -> None:
        """Starts at nothing."""
        self.payloads = 0
        self.tokens = dict.fromkeys(SPELLINGS, 0)
        self.bytes = dict.fromkeys(SPELLINGS, 0)
        self.failed: dict[str, int] = {}

    def add(self, spellings: dict[str, str | None]) -> None:
        """Adds one payload; None stands for a spelling that failed."""
        self.payloads += 1
        for name, spelled in spellings.items():
            if spelled is None:
                self.failed[name] = self.failed.get(name, 0) + 1
            text = spellings["logged"] if spelled is None else spelled
            assert text is not None
            self.tokens[name] += _core.count_tokens(text)
            self.bytes[name] += len(text.encode())

    def merge(self, other: Totals) -> None:
        """Adds another's figures."""
        self.payloads += other.payloads
        for name in SPELLINGS:
            self.tokens[name] += other.tokens[name]
            self.bytes[name] += other.bytes[name]
        for name, count in other.failed.items():
            self.failed[name] = self.failed.get(name, 0) + count

    def figures(self) -> dict[str, Any]:
        """Returns the figures, with the share of compact JSON's tokens."""
        base = self.tokens["compact"] or 1
        return {
            "payloads": self.payloads,
            "tokens": self.tokens,
            "bytes": self.bytes,
            "share_of_compact_tokens": {name: round(self.tokens[name] / base, 3) for name in SPELLINGS},
            "failed": self.failed,
        }


def spell(text: str, kind: str, peer: Peer, crushers: tuple[SmartCrusher, ...]) -> dict[str, Any]:
    """Returns the text in every spelling; None where one failed."""
    default, lossless, empty = crushers
    return {
        "logged": text,
        "compact": text if kind == "text" else attempt(compact, text),
        "toon": text if kind == "text" else attempt(toon, text),
        "peer_lossless": peer.crush(text, lossless_only=True),
        "peer_default": peer.crush(text),
        "ours_lossless": proved(text, lossless, empty),
        "ours_default": proved(text, default),
    }


def attempt(spelling: Callable[[str], str], text: str) -> str | None:
    """Returns a spelling of the text. None when its library fails, or the result can't be UTF-8."""
    try:
        spelled = spelling(text)
        spelled.encode()
    except Exception:  # noqa: BLE001 - any failure of another library is a result here
        return None
    return spelled


def measure(payloads: list[Payload], peer: Peer) -> dict[str, Totals]:
    """Returns totals by kind."""
    totals = {kind: Totals() for kind in KINDS}
    lossless, empty = SmartCrusher(lossless_only=True), SmartCrusher()
    for payload in payloads:
        # A new crusher for each payload, so that no marker resolves to an original of another one.
        totals[payload.kind].add(spell(payload.text, payload.kind, peer, (SmartCrusher(), lossless, empty)))
    return totals


def main() -> None:
    """Measures every data set."""
    options = arguments(__doc__).parse_args()
    total = {kind: Totals() for kind in (*KINDS, "all")}
    sets: dict[str, Any] = {}
    with Peer(options.peer) as peer:
        for path in files_of(options.data):
            print(f"{path.name} …", file=sys.stderr)
            found = measure(payloads_of(path), peer)
            everything = Totals()
            for kind, totals in found.items():
                total[kind].merge(totals)
                everything.merge(totals)
            total["all"].merge(everything)
            sets[path.name] = {kind: totals.figures() for kind, totals in found.items() if totals.payloads}
            sets[path.name]["all"] = everything.figures()
    sets["total"] = {kind: totals.figures() for kind, totals in total.items() if totals.payloads}
    show({"benchmark": "savings", "tokens": "o200k", "sets": sets})


if __name__ == "__main__":
    main()
