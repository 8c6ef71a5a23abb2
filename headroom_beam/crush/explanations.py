r"""Explains what was decided in a block: one row for each payload, and one for each unrecognised record.

>>> block = _core.crush_block(b'{"result": "short"}\n{"id": 7}\n', _core.Options(paths=[".result"]))
>>> for row in explanations(block, PathFormats([])):
...     print(row["offset"], row["recognised_by"], row["strategy"])
0 given path unchanged
20 nothing unchanged
"""

from collections.abc import Iterator
from typing import Any

from headroom_beam import _core
from headroom_beam.crush.path_formats import PathFormats

__all__ = ["explanations"]


def explanations(crushed: _core.CrushedBlock, formats: PathFormats) -> Iterator[dict[str, Any]]:
    """Yields the rows of a block, in its order.

    Args:
        crushed: the block.
        formats: the trace formats of the run.

    Yields:
        `offset` (bytes from the start of the block to the record) and the fields of
        `headroom_beam.records.Payload`. An unrecognised record has only those that say something of it.
    """
    records = crushed.records().select(["offset", "payloads"]).to_pylist()
    rows = [
        {
            "offset": record["offset"],
            **payload,
            "recognised_by": formats.why_recognised(payload["path"], payload["recognised_by"]),
        }
        for record in records
        for payload in record["payloads"]
    ]
    if crushed.unrecognised_count:
        rows += [_unrecognised(row) for row in crushed.unrecognised().to_pylist()]
        rows.sort(key=lambda row: row["offset"])
    yield from rows


def _unrecognised(row: dict[str, Any]) -> dict[str, Any]:
    why = (
        "something looks like a result, but isn't surely one: headroom-beam formats FILE shows it"
        if row["is_likely"]
        else "no path finds anything here, and nothing looks like a result"
    )
    return {"offset": row["offset"], "strategy": "unchanged", "explanation": why, "recognised_by": "nothing"}
