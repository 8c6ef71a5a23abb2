"""Measures the samples of trace formats, and writes the tables of `docs/formats.md`.

    python tools/formats_table.py print                     # the tables
    python tools/formats_table.py update docs/formats.md    # renews them in the document

A sample belongs to the format whose name its file name begins with: `codex.jsonl` to `codex`.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headroom_beam import SmartCrusherConfig
from headroom_beam.crush.trace_formats import TRACE_FORMATS
from headroom_beam.files.estimate import estimate_files
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.sample import plan_sample

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = (REPOSITORY / "examples" / "sessions" / "recorded", REPOSITORY / "examples" / "formats")
KINDS = {"lines": "JSON Lines", "document": "JSON"}
"""What the framings of the samples are called."""

CONFIG = SmartCrusherConfig(exact_tokens=True)


class Sample(NamedTuple):
    """A file of a format."""

    path: Path
    format_name: str


class Measured(NamedTuple):
    """What was found in a sample. Shares other than the first are of the results' tokens."""

    kind: str
    results: int
    share: float
    copied: float
    saved_without_loss: float
    saved_by_default: float
    paths: int


def samples() -> list[Sample]:
    """Returns all samples, in the order of the formats.

    Raises:
        ValueError: a file belongs to no format, or a format has no sample.
    """
    found = [Sample(path, _format_of(path)) for path in _files()]
    order = list(TRACE_FORMATS)
    if missing := {name for name in order if TRACE_FORMATS[name].paths} - {name for _, name in found}:
        raise ValueError(f"without a sample: {', '.join(sorted(missing))}")
    return sorted(found, key=lambda sample: (order.index(sample.format_name), sample.path.name))


def _files() -> list[Path]:
    return [
        path
        for folder in FOLDERS
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix != ".md"
    ]


def _format_of(path: Path) -> str:
    names = [name for name in TRACE_FORMATS if path.name.startswith(f"{name}.")]
    if not names:
        raise ValueError(f"{path.name} begins with the name of no trace format")
    return names[0]


def measure(path: Path, trace_format: str) -> Measured:
    """Measures one sample with a trace format, everything in it, with tokens counted exactly."""
    (source,) = sources = find_inputs([str(path)], max_bytes=CONFIG.max_record_bytes, left_out=[])
    estimate = estimate_files(
        sources,
        plan_sample(sources, None),
        trace_format=trace_format,
        config=CONFIG,
        budgets=[CONFIG.max_tokens],
    )
    if estimate["failures"]:
        raise ValueError(f"{path.name} has records that can't be read")
    total: dict[str, Any] = estimate["all"]
    tokens = total["tokens"] or 1
    is_one_line = source.framing == "lines" and estimate["records"] == 1
    return Measured(
        kind="JSON in one line" if is_one_line else KINDS[source.framing],
        results=total["payloads"],
        share=total["share"],
        copied=total["copy_tokens"] / tokens,
        saved_without_loss=total["saved_without_loss"] / tokens,
        saved_by_default=total["saved"][str(CONFIG.max_tokens)] / tokens,
        paths=len(estimate["paths"]),
    )


def formats_table() -> str:
    """Returns the table of all formats."""
    rows = [["name", "records of", "version", "put back in place"], ["---"] * 4]
    for one in TRACE_FORMATS.values():
        in_place = ("no: " + one.in_place if one.in_place else "yes") if one.paths else ""
        rows.append([f"`{one.name}`", one.title, one.version, in_place])
    return _markdown(rows)


def samples_table() -> str:
    """Returns the table of what the samples give."""
    head = [
        "sample",
        "kind of file",
        "results",
        "paths used",
        "share",
        "copies",
        "without loss",
        "by default",
    ]
    rows = [head, ["---", "---", *["---:"] * 6]]
    for path, name in samples():
        found = measure(path, name)
        shares = (found.share, found.copied, found.saved_without_loss, found.saved_by_default)
        place = path.relative_to(REPOSITORY).as_posix()
        used = f"{found.paths} of {len(TRACE_FORMATS[name].paths)}"
        cells = [f"[{path.name}](../{place})", found.kind, str(found.results), used]
        rows.append([*cells, *(f"{share:.0%}".replace("%", " %") for share in shares)])
    return _markdown(rows)


def paths_list() -> str:
    """Returns the paths of every format."""
    return "\n\n".join(
        "\n".join([f"`{one.name}`:", "", "```", *one.paths, "```"])
        for one in TRACE_FORMATS.values()
        if one.paths
    )


def _markdown(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def parts() -> Iterator[tuple[str, str]]:
    """Yields the name and the text of each generated part of the document."""
    yield "formats", formats_table()
    yield "samples", samples_table()
    yield "paths", paths_list()


def with_parts(document: str) -> str:
    """Returns a document with new parts, each between `<!-- NAME -->` and `<!-- /NAME -->`."""
    for name, text in parts():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        document, count = pattern.subn(lambda match, text=text: f"{match[1]}\n{text}\n\n{match[2]}", document)
        if count != 1:
            raise ValueError(f"the document has {count} places for the part {name}; it must have one")
    return document


def main() -> int:
    """Runs the command, and returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("print", help="print the tables and the paths")
    commands.add_parser("update", help="renew them in a document").add_argument("document", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "print":
        print(*(text for _, text in parts()), sep="\n\n")
        return 0
    document = arguments.document.read_text(encoding="utf-8")
    arguments.document.write_text(with_parts(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
