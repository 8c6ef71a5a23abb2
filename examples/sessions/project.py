"""Makes the project that the agents look at: a made-up shop's source, log, orders, shipments and manual.

    python examples/sessions/project.py FOLDER --rows 120

The same arguments give the same bytes and the same times of change, on any machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, 8, 0, tzinfo=timezone.utc)
GOODS = ("kettle", "lamp", "rug", "chair", "shelf", "clock", "vase", "tray")
TOWNS = ("Aldermoor", "Brackwell", "Corrinton", "Dunhollow", "Eastmere")
WORDS = (
    *("order", "parcel", "customer", "counter", "shelf", "ledger", "clerk", "morning", "delivery", "return"),
    *(
        "label",
        "weight",
        "invoice",
        "window",
        "total",
        "address",
        "signature",
        "carrier",
        "warehouse",
        "receipt",
    ),
)


def files_of(rows: int) -> dict[str, str]:
    """Gives the text of every file by its path; `rows` sets how large they are.

    >>> sorted(files_of(3))[:3]
    ['data/orders.json', 'data/shipments.jsonl', 'data/stock.json']
    """
    chance = random.Random(rows)
    orders = [_order(chance, number) for number in range(rows)]
    return {
        "data/orders.json": json.dumps(orders, indent=1) + "\n",
        "data/shipments.jsonl": "".join(
            json.dumps(_shipment(chance, order)) + "\n" for order in orders[: rows // 2]
        ),
        "data/stock.json": json.dumps(_stock(chance, rows // 3), separators=(",", ":")) + "\n",
        "docs/manual.md": _manual(chance, rows // 4),
        "logs/service.log": "".join(_log_line(chance, number) for number in range(2 * rows)),
        "src/ledger.py": _module("ledger", rows // 12),
        "src/parcels.py": _module("parcels", rows // 12),
        "src/returns.py": _module("returns", rows // 12),
    }


def make_project(folder: Path, *, rows: int) -> None:
    """Writes the files, with a time of change that doesn't depend on today."""
    for name, text in files_of(rows).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (START.timestamp(), START.timestamp()))


def _order(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": 70_000 + number,
        "placed": (START + timedelta(minutes=7 * number)).isoformat(),
        "customer": {"number": chance.randrange(100, 999), "town": chance.choice(TOWNS)},
        "goods": chance.choice(GOODS),
        "pieces": chance.randrange(1, 9),
        "price": round(chance.uniform(4, 180), 2),
        "state": "failed" if number % 17 == 5 else "sent",
    }


def _shipment(chance: random.Random, order: dict[str, Any]) -> dict[str, Any]:
    return {
        "order": order["id"],
        "carrier": chance.choice(("north", "coast")),
        "grams": chance.randrange(200, 9000),
    }


def _stock(chance: random.Random, rows: int) -> dict[str, Any]:
    places = [
        {"place": f"{row:03d}", "goods": chance.choice(GOODS), "left": chance.randrange(40)}
        for row in range(rows)
    ]
    return {"counted": START.date().isoformat(), "places": places}


def _log_line(chance: random.Random, number: int) -> str:
    time = (START + timedelta(seconds=13 * number)).strftime("%Y-%m-%d %H:%M:%S")
    if number % 41 == 7:
        return f"{time} ERROR parcels: no label for order {70_000 + number}: printer offline\n"
    took_ms = chance.randrange(2, 90)
    part = chance.choice(("ledger", "parcels", "returns"))
    return f"{time} INFO  {part}: request {number} took {took_ms} ms\n"


def _manual(chance: random.Random, paragraphs: int) -> str:
    return "# Manual of the shop\n" + "".join(
        f"\n## Part {number + 1}\n\n{' '.join(_sentence(chance) for _ in range(4))}\n"
        for number in range(paragraphs)
    )


def _sentence(chance: random.Random) -> str:
    return "The " + " ".join(chance.choice(WORDS) for _ in range(9)) + "."


def _module(name: str, functions: int) -> str:
    head = f'"""The {name} of the shop."""\n'
    return head + "".join(
        f"\n\ndef {name}_step_{number}(amount: int) -> int:\n"
        f'    """Step {number}."""\n'
        f"    return amount + {number}\n"
        for number in range(functions)
    )


def main() -> None:
    """Makes the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=120, help="how large the files are (120)")
    given = parser.parse_args()
    make_project(given.folder, rows=given.rows)


if __name__ == "__main__":
    main()
