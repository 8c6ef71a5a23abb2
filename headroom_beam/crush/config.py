"""How to crush: the options that users give, and the native options made of them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headroom_beam import _core
from headroom_beam.crush.trace_formats import TraceFormat, resolve

__all__ = ["SmartCrusherConfig", "options_for"]


def _option(text: str, *, default: object) -> Any:
    # The sentence goes along with the field, so that the command line explains its options with the same
    # words.
    return dataclasses.field(default=default, metadata={"help": text})


@dataclass(frozen=True, kw_only=True)
class SmartCrusherConfig:
    """What to keep and how far to go.

    Each option changes the output; one that doesn't exist here is a TypeError.

    Raises:
        ValueError: a value out of its range; the message names the option and the range.
        TypeError: an option that doesn't exist, or a value of another type.

    >>> SmartCrusherConfig(max_items_after_crush=0)
    Traceback (most recent call last):
    ValueError: option max_items_after_crush: 0 is not in 1..=1000000
    """

    max_tokens: int = _option(
        "Tokens of one payload: a table over it loses rows to the store, a text over it lines.", default=4096
    )
    max_items_after_crush: int = _option(
        "Rows to keep where rows are dropped without compaction; rows that must stay may exceed it.",
        default=15,
    )
    min_items_to_analyze: int = _option("Arrays with fewer items never lose rows.", default=5)
    min_tokens_to_crush: int = _option(
        "Payloads with fewer tokens never lose anything; they may still become a table.", default=200
    )
    lossless_min_savings_ratio: float = _option(
        "Share of an array's bytes that a table must save, 0 to 1.", default=0.05
    )
    with_compaction: bool = _option(
        "Write tables and documents; without, JSON stays JSON and rows beyond `max_items_after_crush` are "
        "dropped.",
        default=True,
    )
    lossless_only: bool = _option("Never drop rows and never put anything away.", default=False)
    variance_threshold: float = _option(
        "Robust deviations from the median beyond which a number is an outlier, and its row is kept.",
        default=3.0,
    )
    preserve_change_points: bool = _option(
        "Keep the rows at which the level of a numeric column changes.", default=True
    )
    dedup_identical_items: bool = _option(
        "Among rows with equal bytes, keep one when rows are dropped.", default=True
    )
    first_fraction: float = _option("Share of the kept rows that is taken from the start.", default=0.3)
    last_fraction: float = _option("Share of the kept rows that is taken from the end.", default=0.15)
    blob_min_bytes: int = _option(
        "Strings of at least this many bytes go to the store when that saves tokens.", default=1024
    )
    excerpt_tokens: int = _option(
        "Tokens that stay readable beside the marker of a long text among other values.", default=160
    )
    keep_patterns: Sequence[str] = _option(
        "Rows and lines that hold one of these texts (letter case ignored) are always kept.", default=()
    )
    max_record_bytes: int = _option("A longer record is a failure of kind `too_large`.", default=64 << 20)
    max_depth: int = _option("A record nested deeper is a failure of kind `too_deep`.", default=256)
    max_columns: int = _option(
        "An array whose rows have more distinct columns is not made a table, and only so many are told "
        "apart in it.",
        default=1024,
    )
    hash_digits: Literal[24, 64] = _option(
        "Digits of the hash in a marker; 64 where hostile tenants share a store.", default=24
    )
    verify: bool = _option(
        "Restore every changed payload in memory and compare before it is accepted.", default=True
    )
    exact_tokens: bool = _option(
        "Count tokens exactly for reports; decisions always use the estimate.", default=False
    )

    def __post_init__(self) -> None:
        if isinstance(self.keep_patterns, str):
            raise TypeError("option keep_patterns: give a list of texts, not one text")
        object.__setattr__(self, "keep_patterns", tuple(self.keep_patterns))
        options_for(self)


def options_for(
    config: SmartCrusherConfig, trace_format: str | Sequence[str] | TraceFormat = "json"
) -> _core.Options:
    """Gives the native options for a configuration; every caller of the native crusher takes them from here.

    Args:
        config: what to keep and how far to go.
        trace_format: where payloads are, as `headroom_beam.crush.trace_formats.resolve` takes it.

    Raises:
        ValueError: an unknown format, a path that doesn't parse, or an option out of its range.
    """
    options = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return _core.Options(paths=resolve(trace_format), **options)
