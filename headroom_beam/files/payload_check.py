"""Says loudly that an input has no payloads, or that most of its records are failures, and what to do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from headroom_beam.errors import PayloadNotFound
from headroom_beam.files.terminal_text import one_line

__all__ = ["check_counts", "check_summary"]

_NAME_WIDTH = 100

_ADVICE = {
    "invalid_json": "are they JSON? Other files in a folder are copied, unless their name ends in .jsonl",
    "invalid_utf8": "decode the input to UTF-8 first",
    "too_large": "raise --max_record_bytes",
    "too_deep": "raise --max_depth",
    "internal": "this is a defect: please report it",
}


def check_summary(summary: Mapping[str, Any]) -> None:
    """Raises PayloadNotFound for the summary of a run without payloads, or mostly of failures.

    Args:
        summary: the content of `_summary.json`.

    >>> check_summary(
    ...     {
    ...         "records": 9,
    ...         "failures": {},
    ...         "payloads": 0,
    ...         "unrecognised": 9,
    ...         "likely": 0,
    ...         "doubtful_files": [],
    ...     }
    ... )  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    headroom_beam.errors.PayloadNotFound: no payload in 9 records; say where payloads are with ...
    """
    check_counts(
        summary["records"],
        summary["failures"],
        summary["payloads"],
        summary["doubtful_files"],
        unrecognised=summary["unrecognised"],
        likely=summary["likely"],
    )


def check_counts(
    records: int,
    failures: Mapping[str, int],
    payloads: int,
    files: Sequence[Mapping[str, Any]],
    *,
    unrecognised: int | None = None,
    likely: int = 0,
) -> None:
    """Raises PayloadNotFound if no payload was found, or if more than half of all records are failures.

    An input without records is no error.

    Args:
        records: records read.
        failures: failures by kind.
        payloads: payloads found.
        files: files without payloads or with failures: `file`, `records`, `failures`, and `formats` that find
            payloads in it.
        unrecognised: records in which nothing was recognised; None if that isn't known.
        likely: records in which something looks like a result, but isn't surely one.
    """
    failed = sum(failures.values())
    if 2 * failed > records:
        raise PayloadNotFound(_mostly_failures(records, failures, files))
    if records and not payloads:
        broken = f" ({failed:,} failures)" if failed else ""
        what = _what_to_do(files, unrecognised, likely)
        raise PayloadNotFound(f"no payload in {records:,} records{broken}; {what}")


def _mostly_failures(records: int, failures: Mapping[str, int], files: Sequence[Mapping[str, Any]]) -> str:
    kinds = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    counts = ", ".join(f"{kind} {count:,}" for kind, count in kinds)
    worst = max(files, key=lambda file: file["failures"], default=None)
    where = f", most of them in {one_line(worst['file'], _NAME_WIDTH)}" if worst is not None else ""
    advice = _ADVICE.get(kinds[0][0], "")
    return f"{sum(failures.values()):,} of {records:,} records are failures ({counts}){where}; {advice}"


def _what_to_do(files: Sequence[Mapping[str, Any]], unrecognised: int | None, likely: int) -> str:
    hints = Counter(name for file in files for name in file["formats"])
    if hints:
        return f"--trace_format {hints.most_common(1)[0][0]} would find some"
    if likely:
        return (
            f"something in {likely:,} of them looks like a result, but isn't surely one: "
            "headroom-beam formats FILE shows it, with the option that takes it for one"
        )
    if unrecognised == 0:
        return "their formats are known, and no tool's result is in them"
    return (
        "say where payloads are with --select PATH, such as '.result' or '.steps[*].output'; "
        "headroom-beam formats FILE shows what is in a file"
    )
