"""Converts between Python, Arrow and the native crusher, the Rust crate `headroom-crusher`.

Nothing here knows Beam, files or the network. Crushing, restoring and counting run without the GIL. Errors of
the crusher are those of `headroom_beam.errors`. A wrong argument is a ValueError or TypeError, a defect of
the crusher is a RuntimeError. No message holds text of a record or an original.
"""

from collections.abc import Sequence
from typing import Literal, final

import pyarrow as pa
from typing_extensions import Self

__all__ = [
    "NOTATION_VERSION",
    "CallTable",
    "CrushedBlock",
    "CrushedText",
    "CutBlock",
    "CutPiece",
    "JsonCutter",
    "Options",
    "Recogniser",
    "RestoredBlock",
    "check_payload_path",
    "count_tokens",
    "crush_block",
    "crush_elements",
    "crush_records",
    "crush_text",
    "crush_text_file",
    "element_markers",
    "estimate_tokens",
    "framing",
    "markers",
    "raw_marker",
    "recognise",
    "restore_block",
    "restore_elements",
]

NOTATION_VERSION: int
"""Version of the notation (`docs/notation.md`) that this build writes. It also restores all earlier ones."""

@final
class Options:
    """Holds validated crushing options. It is immutable, and threads may share it.

    Args:
        paths: payload paths, in the language of `headroom_beam.crush.trace_formats`. An empty list means that
            the whole record is the payload.

    `SmartCrusherConfig` describes all other options. An option that is left out or None has its default from
    there. Sizes are in bytes, numbers of tokens in o200k tokens.

    Raises:
        ValueError: a value is out of its range, or a path doesn't parse. The message names the option and the
            range, or the place in the path.
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
        """Returns the SHA-256 of all options and paths, in hexadecimal digits."""

def check_payload_path(path: str) -> str:
    """Checks a payload path (see `headroom_beam.crush.trace_formats`) and returns its shortest spelling.

    Raises:
        ValueError: the text is no payload path. The message names the character, counted from 1, and what was
            expected there: `payload path '.output[' at character 8: expected [*]`.
    """

@final
class CrushedBlock:
    """The result of crushing a block of records. Each call of a method builds its answer anew."""

    record_count: int
    """Records of the input, compacted or failed. Blank lines are no records."""
    failure_count: int
    unproved_count: int
    """Payloads left as they were because their compacted form didn't restore. Each is a defect to report, but
    loses nothing."""
    unrecognised_count: int
    """Records in which no payload path selects or keeps anything, and no result is surely known by its shape.
    They aren't crushed. Failed records don't count, nor does any record where no paths are given."""
    likely_count: int
    """Those of the unrecognised records in which something looks like a result."""
    def paths(self) -> list[str]:
        """Returns the payload paths that found something, sorted."""
    def unrecognised(self) -> pa.RecordBatch:
        """Returns one row for each unrecognised record, in order.

        Columns: `offset` int64 (bytes from the start of the block), `is_likely` bool (something in it looks
        like a result).
        """
    def lines(self, *, padded: bool = False) -> bytes:
        """Returns the compacted block, line by line, with the line ends, blank lines and BOM of the input.

        Args:
            padded: pad each line that has become shorter with blanks to its old length.

        Raises:
            TypeError: the block comes from `crush_records` and has no lines.
        """
    def opened(self) -> list[int]:
        """Returns where in the compacted block the opened values begin, for a block of elements."""
    def records(self) -> pa.RecordBatch:
        """Returns one row for each compacted record, in order. Failed records aren't among them.

        Columns:
            index: int64, the record's position in the input, from 0.
            offset: int64, bytes from the start of the block.
            record: large_binary.
            bytes_before, bytes_after: int64, of the record.
            tokens_before, tokens_after: int64, of its payloads.
            payloads: list<struct<path: string, tool: string, strategy: string, hashes: list<string>,
                rows_total: int64, rows_kept: int64, tokens_before: int64, tokens_after: int64,
                over_budget: int64, explanation: string, recognised_by: string>>, as in
                `headroom_beam.records.Payload`.
        """
    def originals(self) -> pa.RecordBatch:
        """Returns the originals, each digest once, in the order in which they were left out.

        Columns: `hash` string (24 digits), `digest` fixed_size_binary(32), `kind` string, `size_bytes` int64,
        `item_count` int64 (rows of an array, else 0), `original` large_binary, `tool` string.
        """
    def failures(self) -> pa.RecordBatch:
        """Returns one row for each failed record, in order. The bytes of the record are among the originals.

        Columns: `index` int64 (as in `records`), `kind` string (as in `headroom_beam.records.Failure`),
        `message` string, `offset` int64 (bytes from the start of the block), `length` int64 (in bytes),
        `hash` string.
        """
    def totals(self) -> pa.RecordBatch:
        """Returns one row for each tool and strategy, sorted by them.

        Columns: `tool` string, `strategy` string, `payloads` int64 (their number), and the sums
        `bytes_before`, `bytes_after`, `tokens_before`, `tokens_after`, `rows_total`, `rows_kept`, int64 each.
        """

@final
class CallTable:
    """Names of tools by call id, from the records of one file so far: the last 4,096 calls.

    Where each record is one message, a call and its result stand in different records.
    """

    def __new__(cls) -> Self: ...

def crush_block(block: bytes, options: Options, calls: CallTable | None = None) -> CrushedBlock:
    """Crushes a block of JSON Lines that begins and ends at line boundaries.

    The last line end may be missing, and is then not added. A line that is no record (bad JSON, bad UTF-8,
    too large, too deep) becomes a failure. A `raw` marker takes its place.

    Args:
        block: the lines.
        options: how to crush.
        calls: the calls of the file so far, to which those of the block are added. None if the records of the
            block have nothing to do with one another.
    """

def crush_text_file(text: bytes, options: Options) -> CrushedBlock:
    """Crushes one text by itself, such as a file that holds the result of a tool.

    Args:
        text: JSON, or plain text.
        options: how to crush. `paths` has no effect: the whole text is the payload.

    Returns:
        A block of one record. Its `lines` are the compacted text.

    Raises:
        InvalidPayload: the text isn't UTF-8.
        LimitExceeded: the text is over a limit of the options.
    """

def crush_records(records: pa.Array, options: Options) -> CrushedBlock:
    """Crushes records, one for each value of an Arrow array.

    Args:
        records: binary, large_binary, string or large_string, without nulls.
        options: how to crush.

    Returns:
        A block without lines. `offset` is 0 in its rows.

    Raises:
        TypeError: the array has another type.
        ValueError: the array has nulls.
    """

@final
class JsonCutter:
    """Cuts JSON texts of any size into values that are small enough to hold, without holding a whole text.

    A value longer than a limit is *opened*: its own members or elements are cut in turn, and its brackets,
    keys, colons and commas stay between them. So a text whose bulk is one array gives an element for each
    element of that array, wherever it stands.

    A string or number over a limit of its own comes in pieces. So does everything from the first byte on that
    can't stand where it does. A text that ends too early is opened as far as it goes.

    Args:
        value_bytes: bytes of an array or object that stays whole.
        leaf_bytes: bytes of a string or number that stays whole.
        max_depth: values that may be opened around an element.
        block_bytes: a block ends with the first element that ends behind so many bytes.
    """

    def __new__(cls, *, value_bytes: int, leaf_bytes: int, max_depth: int, block_bytes: int) -> Self: ...
    @staticmethod
    def at(opened: Sequence[int], block_bytes: int) -> JsonCutter:
        """Returns a cutter that opens the values at given places of the file, in bytes, and no others."""
    is_whole: bool
    """Whether all is well so far. Once finished: whether every text was complete."""
    def push(self, chunk: bytes) -> list[CutBlock | CutPiece]:
        """Takes the next bytes of the file and returns what is complete."""
    def finish(self) -> list[CutBlock | CutPiece]:
        """Ends the file and returns the rest."""

@final
class CutBlock:
    """Some bytes of a file, and the elements in them."""

    offset: int
    """Bytes from the start of the file to the block."""
    data: bytes
    def elements(self) -> list[CutBlock]:
        """Returns a block for each element. What stands between the elements is in none of them."""
    def envelope(self) -> tuple[bytes, bytes]:
        """Returns the brackets and keys of the opened values around the first element: those before it, and
        those behind it."""

@final
class CutPiece:
    """A piece of a value that is too long to hold, or of the rest of a broken file."""

    offset: int
    """Bytes from the start of the file to the piece."""
    data: bytes
    last: bool
    """Whether no more pieces of the same value follow."""
    rest: bool
    """Whether nothing is cut behind it."""
    kind: str
    """As in `headroom_beam.records.Failure`: `too_large`, `too_deep` or `invalid_json`."""
    problem: str | None
    """What was expected where the rest begins, if it isn't JSON."""

def framing(head: bytes, whole: bool) -> Literal["blank", "lines", "document", "unknown", "other"]:
    """Tells how a file holds its records, from its first bytes.

    Args:
        head: how the file begins, decompressed.
        whole: whether that is all of it.

    Returns:
        `lines` for a record in each line; `document` for JSON texts of any layout; `other` for no JSON;
        `blank` for whitespace; `unknown` when more bytes must be seen.
    """

def crush_elements(block: CutBlock, options: Options, calls: CallTable | None = None) -> CrushedBlock:
    """Crushes each element of a block as a record of its own, found by the paths of the whole text.

    What stands between the elements is copied. An element that is no JSON, too large or too deep becomes a
    failure. `calls` is as for `crush_block`.
    """

@final
class CrushedText:
    """The result of crushing one text by itself."""

    compressed: str
    was_modified: bool
    strategy: str
    """The strongest change: `unchanged`, `minified`, `table`, `blob`, `excerpt` or `rows`."""
    explanation: str
    """What was decided, in words: the strategy, rows or lines kept by rule, rows dropped by reason."""
    kept_rows: str | None
    """With `kind="array"` the kept rows as JSON, without a sentinel. None when no row was dropped."""
    rows_marker: str
    """The marker of the dropped rows; empty when no row was dropped."""
    rows_hash: str | None
    """The hash in `rows_marker`."""
    original_count: int
    table: bool
    """Whether `compressed` is a table."""
    tokens_before: int
    tokens_after: int
    def fields(self) -> tuple[str, str, bool, str, str, int, int]:
        """Returns the fields of `headroom_beam.crush.smart_crusher.Crushed`, in their order there.

        For short texts, one call is quicker than reading each field.
        """
    def originals(self) -> pa.RecordBatch:
        """Returns the originals, with the columns of `CrushedBlock.originals`."""
    def original_rows(self) -> list[tuple[bytes, str, bytes]]:
        """Returns the digest, hash (24 digits) and bytes of each original.

        For few originals, this is quicker than a batch.
        """

def crush_text(
    text: str,
    options: Options,
    *,
    kind: Literal["array", "document", "any"] = "any",
    query: str = "",
    bias: float = 1.0,
) -> CrushedText:
    """Crushes one text by itself.

    Args:
        text: JSON, or plain text.
        options: how to crush. `paths` has no effect: the whole text is the payload.
        kind: `array` accepts only a JSON array, `document` only a JSON object, `any` every text.
        query: words that the reader is after.
        bias: above 1 keeps more rows, below 1 fewer.

    Raises:
        InvalidPayload: the text isn't of this kind. The message names line and column.
        LimitExceeded: the text is over a limit of the options.
        UnicodeEncodeError: the text holds a lone surrogate.
        ValueError: the kind is unknown.
    """

def markers(block: bytes, *, lines: bool = True) -> pa.RecordBatch:
    """Finds every marker whose original is needed to restore a block.

    Args:
        block: compacted lines.
        lines: False when the block is one text by itself.

    Returns:
        One row for each marker, in order, with the columns `offset` int64 and `length` int64 (of its line in
        the block, in bytes), and `hash` string (24 or 64 digits).

    Raises:
        FormatError: a marker, header or table has an unknown form.
        InvalidPayload: a line isn't JSON, or the text isn't UTF-8.
    """

def element_markers(block: CutBlock, *, skip_broken: bool = False) -> pa.RecordBatch:
    """As `markers`, for the elements of a block.

    Args:
        block: of compacted text.
        skip_broken: list no markers for an element whose form is wrong, instead of raising.
    """

@final
class RestoredBlock:
    """The result of restoring a block."""

    restored: bytes
    """The original lines. A line that can't be restored stays as it was."""
    restored_count: int
    """Lines restored; blank lines don't count."""
    def unresolved(self) -> pa.RecordBatch:
        """Returns one row for each line that can't be restored, in order.

        Columns: `offset` int64 and `length` int64 (of the line in the block, in bytes), `hash` string (empty
        unless an original is missing), `kind` string (`missing` or `format`), `message` string.
        """

def restore_block(
    block: bytes, originals: pa.RecordBatch, *, lines: bool = True, padded: bool = False
) -> RestoredBlock:
    """Restores a block: puts originals in the place of their markers, and decodes tables and documents.

    Args:
        block: compacted lines.
        originals: columns `hash` string and `original` binary or large_binary. An original is used only when
            its SHA-256 begins with the hash in the marker.
        lines: False when the block is one text by itself.
        padded: take off the blanks with which `CrushedBlock.lines` padded its lines. Lines only.

    Raises:
        TypeError: a column of `originals` is missing or has another type.
    """

def restore_elements(block: CutBlock, originals: pa.RecordBatch) -> RestoredBlock:
    """As `restore_block`, for the elements of a block. What stands between them is copied."""

def count_tokens(text: str) -> int:
    """Counts the o200k tokens of a text exactly."""

def estimate_tokens(text: str) -> int:
    """Estimates the o200k tokens of a text, as decisions do. It uses only integers, so all machines agree."""

def raw_marker(digest: bytes, size_bytes: int, hash_digits: int = 24) -> str:
    """Returns the `raw` marker of an original, for a line so long that it is stored in pieces.

    Args:
        digest: the SHA-256 of the original, 32 bytes.
        size_bytes: the size of the original, in bytes.
        hash_digits: digits of the hash in the marker, 24 or 64.

    Raises:
        ValueError: `digest` hasn't 32 bytes, or `hash_digits` is neither 24 nor 64.
    """

@final
class Recogniser:
    """Finds tools' results by their shape, in records of formats that nobody listed. One for each file.

    It remembers the calls of the records that it has seen, so that it names the tool of a result whose call
    stands in another record. Threads may not share it.
    """

    def __new__(cls) -> Self: ...
    def recognise(self, record: bytes) -> pa.RecordBatch:
        """Returns the results in one record, in document order.

        Columns:
            path: string, the payload path that selects it
            tool: string, or empty
            sure: bool, False where it only looks like a result
            reason: string, why it is taken for one
            tokens: int64, estimated
            offset: int64, where its token begins in the record; for a value in a string that holds JSON,
                where that string does
            length: int64, bytes of that token

        Raises:
            InvalidPayload: the record isn't JSON.
            LimitExceeded: it is too deep.
        """

    def learn(self, records: pa.Array) -> int:
        """Adds what is found in records, each looked at by itself, as crushing does.

        Args:
            records: large_binary. Those that are no JSON, and nulls, are passed over.

        Returns:
            How many were looked at.

        Raises:
            TypeError: the array has another type.
        """
    unreachable_count: int
    """Results so far that no path selects: a key on the way is an id, or what says that it is a result
    stands elsewhere."""
    def learned(self) -> pa.RecordBatch:
        """Returns what all records so far have shown, one row a path, in alphabetic order.

        Columns:
            path: string
            is_sure: bool, nothing speaks against crushing what the path selects
            reason: string, why the first result was taken for one
            records: int64, with a result there
            sure, likely: int64, results there
            against: int64, records in which the path would select something that must stay
            retrieved: int64, results of retrieval tools there: crushing by the path needs their tools' names
            tokens, longest: int64, of all results and of the longest
            tools: list of string, at most 8
        """

def recognise(record: bytes) -> pa.RecordBatch:
    """Returns the results in one record alone, as `Recogniser.recognise` does."""
