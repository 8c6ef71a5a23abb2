"""Measures how fast this project and headroom-ai crush the same payloads on one core, as JSON.

    python benchmarks/crush.py --peer .venv-peer/bin/python [DATA…]

Figures are medians in MB/s. `crush`, `crush_array_json` and `compact_document_json` are methods of
`SmartCrusher` on both sides. `orjson_loads` only parses the same text, for comparison. Texts on which
headroom-ai fails are left out on both sides; `left_out` is their number.
"""

from __future__ import annotations

import platform
from collections.abc import Callable

import orjson
from common import (
    Payload,
    Peer,
    arguments,
    files_of,
    megabytes_per_second,
    one_core,
    payloads_of,
    seconds_of,
    show,
)

from headroom_beam import SmartCrusher

METHODS = {
    "array": ("crush", "crush_array_json"),
    "document": ("crush", "compact_document_json"),
    "text": ("crush",),
}


def sample(payloads: list[Payload], max_bytes: int) -> list[str]:
    """Returns texts of about `max_bytes` in all, spread evenly over the payloads."""
    total = sum(len(payload.text.encode("utf-8", "surrogatepass")) for payload in payloads)
    step = max(1, round(total / max_bytes))
    return [payload.text for payload in payloads[::step]]


def over(texts: list[str], method: Callable[[str], object]) -> Callable[[], None]:
    """Returns a function that calls a method on each text."""

    def action() -> None:
        for text in texts:
            method(text)

    return action


def ours(texts: list[str], method: str) -> Callable[[], None]:
    """Returns a function that calls a method of a new crusher on each text, as the peer's passes do."""

    def action() -> None:
        over(texts, getattr(SmartCrusher(), method))()

    return action


def compare(texts: list[str], kind: str, peer: Peer, repeats: int) -> dict[str, object]:
    """Returns the figures of one kind of payload."""
    able = [text for text in texts if peer.crush(text) is not None]
    size_bytes = sum(len(text.encode()) for text in able)
    result: dict[str, object] = {
        "payloads": len(able),
        "left_out": len(texts) - len(able),
        "bytes": size_bytes,
        "largest_bytes": max((len(text.encode()) for text in able), default=0),
    }
    if not able:
        return result
    if kind != "text":
        result["orjson_loads_mb_per_s"] = megabytes_per_second(
            size_bytes, seconds_of(over(able, orjson.loads), repeats)
        )
    for method in METHODS[kind]:
        own = megabytes_per_second(size_bytes, seconds_of(ours(able, method), repeats))
        theirs = megabytes_per_second(size_bytes, peer.seconds(method, able, repeats))
        result[method] = {"ours_mb_per_s": own, "peer_mb_per_s": theirs, "times": round(own / theirs, 1)}
    return result


def main() -> None:
    """Measures every kind of payload in the data."""
    parser = arguments(__doc__)
    parser.add_argument(
        "--max-bytes", type=int, default=8_000_000, help="about how many bytes to measure of each kind"
    )
    options = parser.parse_args()
    payloads = [payload for path in files_of(options.data) for payload in payloads_of(path)]
    by_kind: dict[str, list[Payload]] = {kind: [] for kind in METHODS}
    for payload in payloads:
        by_kind[payload.kind].append(payload)
    with one_core() as core, Peer(options.peer) as peer:
        kinds = {
            kind: compare(sample(found, options.max_bytes), kind, peer, options.repeats)
            for kind, found in by_kind.items()
        }
    show(
        {
            "benchmark": "crush",
            "python": platform.python_version(),
            "core": core,
            "repeats": options.repeats,
            **kinds,
        }
    )


if __name__ == "__main__":
    main()
