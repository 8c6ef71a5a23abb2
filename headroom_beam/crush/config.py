"""The options of crushing, and the native options made from them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headroom_beam import _core
from headroom_beam.crush.trace_formats import AUTO, TraceFormat, resolve

__all__ = ["SmartCrusherConfig", "options_for"]


def _option(text: str, *, default: object) -> Any:
    # The field carries its help text, so that the command line needs no text of its own.
    return dataclasses.field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class SmartCrusherConfig:
    """The options of crushing: what to keep, and what may go to the store.

    Each option changes the output. The help text of each field describes it.

    Raises:
        ValueError: a value is out of its range. The message names the option and the range.
        TypeError: there is no such option, or a value has another type.

    >>> SmartCrusherConfig(max_items_after_crush=0)
    Traceback (most recent call last):
    ValueError: option max_items_after_crush: 0 is not in 1..=1000000
    """

    max_tokens: int = _option(
        "Budget of one payload in tokens. Beyond it, tables lose rows to the store, and texts lose lines.",
        default=4096,
    )
    max_items_after_crush: int = _option(
        "Rows of an array to keep when `with_compaction` is off; rows that must stay may exceed it.",
        default=15,
    )
    min_items_to_analyze: int = _option("Arrays with fewer items never lose rows.", default=5)
    min_tokens_to_crush: int = _option(
        "Payloads with fewer tokens lose nothing, unless over `max_tokens`. They may become a table.",
        default=200,
    )
    lossless_min_savings_ratio: float = _option(
        "Share of an array's bytes that a table must save, 0 to 1.", default=0.05
    )
    with_compaction: bool = _option(
        "Write tables and documents. When off, JSON stays JSON, and rows beyond `max_items_after_crush` are "
        "dropped.",
        default=True,
    )
    lossless_only: bool = _option(
        "Leave nothing out: no rows, lines or strings of a payload go to the store.", default=False
    )
    variance_threshold: float = _option(
        "Keep a row if a number in it lies more than this many scaled median absolute deviations from the "
        "median.",
        default=3.0,
    )
    preserve_change_points: bool = _option(
        "Keep the rows at which the level of a numeric column changes.", default=True
    )
    dedup_identical_items: bool = _option(
        "When rows are dropped, keep only one of several rows with equal bytes.", default=True
    )
    first_fraction: float = _option("Share of the kept rows that is taken from the start.", default=0.3)
    last_fraction: float = _option("Share of the kept rows that is taken from the end.", default=0.15)
    blob_min_bytes: int = _option(
        "Strings of at least this many bytes go to the store when that saves tokens.", default=1024
    )
    excerpt_tokens: int = _option(
        "Tokens of a long string among other values that stay readable beside its marker.", default=160
    )
    keep_patterns: Sequence[str] = _option(
        "Rows and lines that hold one of these texts (letter case ignored) are always kept.", default=()
    )
    max_record_bytes: int = _option("A longer record is a failure of kind `too_large`.", default=64 << 20)
    max_depth: int = _option("A record nested deeper is a failure of kind `too_deep`.", default=256)
    max_columns: int = _option(
        "An array with more columns doesn't become a table. The selection of rows tells only so many of its "
        "columns apart.",
        default=1024,
    )
    hash_digits: Literal[24, 64] = _option(
        "Digits of the hash in a marker: 24, or 64 where hostile tenants share a store.", default=24
    )
    verify: bool = _option(
        "Restore every changed payload in memory, and accept it only if the bytes are equal.", default=True
    )
    exact_tokens: bool = _option("Count tokens exactly for reports; decisions stay the same.", default=False)

    def __post_init__(self) -> None:
        if isinstance(self.keep_patterns, str):
            raise TypeError("option keep_patterns: give a list of texts, not one text")
        object.__setattr__(self, "keep_patterns", tuple(self.keep_patterns))
        # Paths have nothing to do with the other options.
        options_for(self, "json")


def options_for(
    config: SmartCrusherConfig, trace_format: str | Sequence[str] | TraceFormat = AUTO
) -> _core.Options:
    """Returns the native options for a configuration and a trace format.

    Args:
        config: the options of crushing.
        trace_format: where payloads are, in a form that `headroom_beam.crush.trace_formats.resolve` takes.

    Raises:
        ValueError: the format is unknown, a path doesn't parse, or an option is out of its range.

    >>> options = [options_for(SmartCrusherConfig(), name) for name in ("auto", "json")]
    >>> options[0].fingerprint() == options[1].fingerprint()
    False
    """
    options = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    try:
        return _core.Options(paths=resolve(trace_format), **options)
    except OverflowError:
        # Native integers have no sign and 64 bits.
        name = next(
            name for name, value in options.items() if isinstance(value, int) and not 0 <= value < 1 << 64
        )
        raise ValueError(f"option {name}: {options[name]} is out of its range") from None
