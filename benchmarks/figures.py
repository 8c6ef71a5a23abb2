"""Turns the output of the benchmarks into the tables of the README.

    python benchmarks/figures.py FOLDER [--update README.md]

FOLDER holds `crush.json`, `savings.json`, `pipeline.json` and `evidence.json`, as `make bench` leaves them.
Prints the tables, or puts them between the README's comments `<!-- figures -->` and `<!-- /figures -->`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

START, END = "<!-- figures -->\n", "<!-- /figures -->\n"
SPELLINGS = {
    "toon": "TOON",
    "peer_lossless": "headroom-ai, lossless",
    "ours_lossless": "**ours, lossless**",
    "peer_default": "headroom-ai",
    "ours_default": "**ours**",
}


def table(header: list[str], rows: list[list[str]]) -> str:
    """Returns a Markdown table, with all columns but the first aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def savings(result: dict[str, Any]) -> str:
    """Returns the table of savings: shares of compact JSON's tokens, by kind of payload."""
    kinds = result["sets"]["total"]
    rows = []
    for kind, figures in kinds.items():
        shares = figures["share_of_compact_tokens"]
        best = {min(("toon", "peer_lossless", "ours_lossless"), key=shares.get)}
        best.add(min(("peer_default", "ours_default"), key=shares.get))
        cells = [f"{shares[name]:.2f}{' ✓' if name in best else ''}" for name in SPELLINGS]
        rows.append([kind, f"{figures['payloads']:,}", f"{figures['tokens']['compact']:,}", *cells])
    return table(["results", "number", "tokens of compact JSON", *SPELLINGS.values()], rows)


def speed(result: dict[str, Any]) -> str:
    """Returns the table of speeds, by kind of payload and method."""
    rows = []
    for kind in ("array", "document", "text"):
        figures = result[kind]
        parsed = figures.get("orjson_loads_mb_per_s")
        for method, pair in figures.items():
            if isinstance(pair, dict):
                rows.append(
                    [
                        f"{kind}, `{method}`",
                        f"{pair['ours_mb_per_s']:.0f}",
                        f"{pair['peer_mb_per_s']:.1f}",
                        f"{pair['times']:.1f}",
                        f"{parsed:.0f}" if parsed else "",
                    ]
                )
    return table(
        ["MB/s on one core", "ours", "headroom-ai", "times", "`orjson.loads` of the same text"], rows
    )


def pipeline(result: dict[str, Any]) -> str:
    """Returns the table of speeds from files to files."""
    names = {
        "bare": "a bare loop over the same blocks: crush, write, nothing verified, no Beam",
        "ours": "`pipelines.crush`, one core: originals verified and durable before a record that names them",
        "naive": "ReadFromText → headroom-ai → WriteToText, one core, originals lost",
    }
    rows = [[text, f"{result[name]['mb_per_s']:.1f}"] for name, text in names.items()]
    return table([f"{result['bytes'] / 1e6:.0f} MB, files to files", "MB/s"], rows)


def evidence(result: dict[str, Any]) -> str:
    """Returns the table of the evidence that stays readable, and of the tokens that this takes."""
    scores = result["scores"]
    names = {"whole": "as logged", "ours_default": "**ours**", "peer_default": "headroom-ai"}
    names |= {"head_at_ours_default": "the beginning, in as many tokens as ours"}
    names |= {"head_tail_at_ours_default": "beginning and end, in as many tokens as ours"}
    rows = [
        [text, f"{scores[name]['recall']:.2f}", f"{scores[name]['tokens']:,}"] for name, text in names.items()
    ]
    return table(
        [f"{result['evidence']} pieces of evidence in {result['results']} results", "readable", "tokens"],
        rows,
    )


def main() -> None:
    """Prints the tables, or updates a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--update", type=Path, metavar="FILE")
    options = parser.parse_args()
    parts = []
    for make in (savings, evidence, speed, pipeline):
        path = (
            options.folder / f"{make.__name__}.json" if make is not speed else options.folder / "crush.json"
        )
        parts.append(make(json.loads(path.read_text(encoding="utf-8"))))
    text = "\n".join(parts)
    if options.update is None:
        print(text, end="")
        return
    page = options.update.read_text(encoding="utf-8")
    if page.count(START) != 1 or page.count(END) != 1:
        raise SystemExit(f"{options.update} must have {START.strip()} and {END.strip()} once each")
    before, rest = page.split(START)
    options.update.write_text(f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
