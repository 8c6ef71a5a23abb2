"""The native crusher: conversions between Python, Arrow and the Rust crate `headroom-crusher`.

Nothing here knows Beam, files or the network. Every function releases the GIL while it works, and every error
is one of `headroom_beam.errors`. Text never appears in an error message.
"""

from collections.abc import Sequence
from typing import Literal, final

import pyarrow as pa
from typing_extensions import Self

__all__ = [
    "NOTATION_VERSION",
    "CrushedBlock",
    "CrushedText",
    "Options",
    "RestoredBlock",
    "check_payload_path",
    "count_tokens",
    "crush_block",
    "crush_records",
    "crush_text",
    "estimate_tokens",
    "markers",
    "raw_marker",
    "restore_block",
]

NOTATION_VERSION: int
"""Version of the notation in `docs/notation.md` that this build writes; it restores that one and all before it."""

@final
class Options:
    """Validated crushing options, immutable and shareable between threads.

    `paths` are payload paths as `headroom_beam.formats` spells them; an empty list means that the whole record is
    the payload. All sizes are in bytes, all token counts in o200k tokens. An option that is left out or None has the
    default that `SmartCrusherConfig` documents.

    Raises `ValueError` for a value out of range, naming the option and the range.
    """

    def __new__(
        cls,
        *,
        paths: Sequence[str] = ...,
        max_record_bytes: int | None = None,
        max_depth: int | None = None,
        max_columns: int | None = None,
        max_tokens: int | None = None,
        max_items_after_crush: int | None = None,
        min_items_to_analyze: int | None = None,
        min_tokens_to_crush: int | None = None,
        lossless_min_savings_ratio: float | None = None,
        lossless_only: bool | None = None,
        with_compaction: bool | None = None,
        variance_threshold: float | None = None,
        preserve_change_points: bool | None = None,
        dedup_identical_items: bool | None = None,
        first_fraction: float | None = None,
        last_fraction: float | None = None,
        blob_min_bytes: int | None = None,
        excerpt_tokens: int | None = None,
        keep_patterns: Sequence[str] | None = None,
        hash_digits: Literal[24, 64] | None = None,
        verify: bool | None = None,
        exact_tokens: bool | None = None,
    ) -> Self: ...
    def fingerprint(self) -> str:
        """Hex SHA-256 over every option: equal exactly when two runs would write the same bytes."""

def check_payload_path(path: str) -> str:
    """Checks a payload path, as `headroom_beam.formats` spells them; gives its shortest spelling.

    Raises `ValueError` for a text that is no path. The message names the character, counted from 1, and what was
    expected there: `payload path '.output[' at character 8: expected [*]`.
    """

@final
class CrushedBlock:
    """What crushing a block of records gives. Batches are built when asked for, once."""

    record_count: int
    """Records seen: lines that aren't blank, whether compacted or failed."""
    failure_count: int
    unproved_count: int
    """Payloads left as they were because their compacted form did not restore: a defect, to be reported, that loses nothing."""
    def lines(self) -> bytes:
        """The compacted block: the same lines in the same order, with the line ends, blank lines and BOM of the input."""
    def records(self) -> pa.RecordBatch:
        """One row per compacted record (failed ones are not in it).

        Columns: `index` int64 (position among the records of the input), `offset` int64 (bytes from the start of the block), `record` large_binary,
        `bytes_before` int64, `bytes_after` int64, `tokens_before` int64, `tokens_after` int64 (of the payloads),
        `payloads` list<struct<path: string, tool: string, strategy: string, hashes: list<string>, rows_total: int64,
        rows_kept: int64, tokens_before: int64, tokens_after: int64, over_budget: int64, explanation: string>>.
        """
    def originals(self) -> pa.RecordBatch:
        """Columns: `hash` string, `digest` fixed_size_binary(32), `kind` string, `size_bytes` int64, `item_count` int64
        (rows of an array, else 0), `original` large_binary, `tool` string. In order of appearance, each digest once."""
    def failures(self) -> pa.RecordBatch:
        """Columns: `index` int64, `kind` string (as `headroom_beam.records.Failure.kind`), `message` string, `offset` int64 (in the block), `length` int64, `hash` string.
        The failed line's bytes are among the originals."""
    def totals(self) -> pa.RecordBatch:
        """One row per (tool, strategy), sorted: `tool` string, `strategy` string, `payloads`, `bytes_before`,
        `bytes_after`, `tokens_before`, `tokens_after`, `rows_total`, `rows_kept`: int64."""

def crush_block(block: bytes, options: Options) -> CrushedBlock:
    """Crushes raw JSONL bytes that begin and end at line boundaries (a missing last newline is kept missing).

    A line that is not a record (bad JSON, bad UTF-8, too large, too deep) becomes a `raw` marker in its place and a failure.
    """

def crush_records(records: pa.Array, options: Options) -> CrushedBlock:
    """Crushes an Arrow array of binary, large_binary, string or large_string, one record each. `offset` is 0 in the rows. `lines()` is not available."""

@final
class CrushedText:
    """What crushing one bare JSON text or plain text gives."""

    compressed: str
    was_modified: bool
    strategy: str
    """`unchanged`, `minified`, `table`, `blob`, `excerpt` or `rows`: the strongest thing that was done."""
    explanation: str
    """The strategy and, where rows were dropped, how many were kept and by which rules."""
    kept_rows: str | None
    """With `kind="array"` the kept rows as JSON, without a sentinel; None where all rows are kept."""
    rows_marker: str
    """The rows marker when rows were dropped, else the empty string."""
    rows_hash: str | None
    """The hash in `rows_marker`."""
    original_count: int
    table: bool
    """True when `compressed` is a table."""
    tokens_before: int
    tokens_after: int
    def fields(self) -> tuple[str, str, bool, str, str, int, int]:
        """The text compressed, the text as it came, `was_modified`, `strategy`, `explanation`, `tokens_before` and `tokens_after`: for
        short texts quicker than one by one."""
    def originals(self) -> pa.RecordBatch:
        """As `CrushedBlock.originals`."""
    def original_rows(self) -> list[tuple[bytes, str, bytes]]:
        """Digest, hash of 24 digits and bytes of each original: for few of them quicker than a batch."""

def crush_text(
    text: str,
    options: Options,
    *,
    kind: Literal["array", "document", "any"] = "any",
    query: str = "",
    bias: float = 1.0,
) -> CrushedText:
    """Crushes one text by itself: `array` and `document` insist on that JSON type and raise InvalidPayload with line
    and column otherwise; `any` takes all JSON and plain text. `bias` above 1 keeps more rows, below 1 fewer."""

def markers(block: bytes, *, lines: bool = True) -> pa.RecordBatch:
    """Every marker that restoring the block would resolve, found by the restore walker.

    Columns: `offset` int64 and `length` int64 of the line in the block, `hash` string (24 or 64 digits).
    With `lines=False` the block is one bare text. Raises FormatError for an unknown marker or head form.
    """

@final
class RestoredBlock:
    restored: bytes
    """The original lines; a line with an unresolved marker stays as it was."""
    restored_count: int
    def unresolved(self) -> pa.RecordBatch:
        """Columns: `offset` int64, `length` int64, `hash` string (empty for a format error), `kind` string (`missing` or `format`), `message` string."""

def restore_block(block: bytes, originals: pa.RecordBatch, *, lines: bool = True) -> RestoredBlock:
    """Puts originals back. `originals` has `hash` string and `original` large_binary (or binary); digests are the
    store's to verify, here each hash is compared with the bytes' SHA-256 again. With `lines=False` the block is one bare text."""

def count_tokens(text: str) -> int:
    """Exact o200k tokens."""

def estimate_tokens(text: str) -> int:
    """The estimate that decisions use: integers only, the same on every machine."""

def raw_marker(digest: bytes, size_bytes: int, hash_digits: int = 24) -> str:
    """The `raw` marker of an original, for lines that are streamed to the store in pieces."""
