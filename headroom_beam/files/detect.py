"""What an input file is, as its first bytes tell: its codec, and how it holds its records.

JSON Lines are told from whole-file JSON by content, whatever the file is called. A name ending in `.jsonl`,
`.jsonl.gz` or `.jsonl.zst` still counts for something: such a file is never taken for anything but JSON.

The answer depends on the file's first bytes, its size and its name alone, so it is the same on every machine,
and it stands in the plan of the run.
"""

import io
import itertools
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import zstandard

from headroom_beam import _core
from headroom_beam.errors import HeadroomBeamError, IntegrityError
from headroom_beam.files.blocks import Chunk
from headroom_beam.files.codecs import SUFFIXES, Codec, codec_by_magic, codec_of, decompressed
from headroom_beam.files.sources import Framing, LeftOut, Source, head_of
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects

__all__ = ["DOCUMENT_BYTES", "detect_all", "detect_chunks", "detected"]

DOCUMENT_BYTES = 16 << 20
"""Bytes, decompressed, of a JSON text that is one record. A longer one is cut into its elements."""

_HEAD_BYTES = 64 << 10

# Looking at a file in a bucket waits for the network most of the time.
_THREADS = 16

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PARQUET, _PARQUET_ENCRYPTED = b"PAR1", b"PARE"
_SQLITE = b"SQLite format 3\0"
_TAR_AT, _TAR = 257, b"ustar"


def detect_all(sources: Iterable[Source], left_out: list[LeftOut]) -> list[Source]:
    """Looks at the beginning of every input file.

    Args:
        sources: as they were found.
        left_out: takes the files in folders that can't be read.

    Returns:
        The others, in the same order, with codec and framing.

    Raises:
        StoreError: a file that was named can't be read.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        found = []
        for source, answer in pool.map(_try, sources):
            if isinstance(answer, Source):
                found.append(answer)
            elif source.named or getattr(answer, "retryable", False):
                raise answer
            else:
                left_out.append(LeftOut(source.name, "it can't be read"))
    return found


def _try(source: Source) -> tuple[Source, Source | HeadroomBeamError]:
    try:
        return source, detected(open_objects(source.root), source)
    except HeadroomBeamError as error:
        return source, error


def detected(objects: Objects, source: Source) -> Source:
    r"""Tells the codec and framing of one file.

    Args:
        objects: where it is.
        source: as it was found.

    Raises:
        StoreError: it can't be read.

    >>> import tempfile
    >>> objects = open_objects(tempfile.mkdtemp())
    >>> _ = objects.put_if_absent("a.log", b'{"id": 1}\n{"id": 2}\n')
    >>> detected(objects, Source(objects.root, "a.log", 20, "1", named=False)).framing
    'lines'
    """
    is_jsonl = source.name.endswith(tuple(SUFFIXES))
    head = head_of(objects, source.name, min(source.size_bytes, _HEAD_BYTES))
    codec = codec_by_magic(head)
    if is_jsonl and source.named:
        codec = codec if codec != "plain" else codec_of(source.name)
    if not head:
        if is_jsonl and (source.named or codec_of(source.name) == "plain"):
            return source._replace(framing="lines", compression=codec_of(source.name))
        return source._replace(framing="copied", compression="plain", note="it is empty")
    if head.startswith(_ZIP):
        return source._replace(framing="zip", compression="plain")
    if head.startswith(_PARQUET):
        return source._replace(framing="parquet", compression="plain")
    if note := _note(head):
        return source._replace(framing="copied", compression="plain", note=note)
    try:
        text, whole = _begin(head, codec, ends=len(head) == source.size_bytes)
    except IntegrityError:
        if source.named:
            # The run fails when it reads the file, and says where it is damaged.
            return source._replace(framing="lines", compression=codec)
        return source._replace(framing="copied", compression="plain", note=f"it is no whole {codec} file")
    if text[_TAR_AT:].startswith(_TAR):
        return source._replace(framing="tar", compression=codec)
    if not is_jsonl and _core.framing(text, whole) == "unknown":
        text, whole = _more(objects, source, codec)
    framing = _framing(text, whole=whole, is_jsonl=is_jsonl)
    if framing == "copied":
        return source._replace(framing="copied", compression="plain", note=_why_no_json(text))
    return source._replace(framing=framing, compression=codec)


def detect_chunks(name: str, chunks: Iterable[Chunk]) -> tuple[Framing, Iterator[Chunk]]:
    """Tells how a member of an archive holds its records.

    Args:
        name: its name.
        chunks: its bytes.

    Returns:
        The framing, and the same chunks again.
    """
    rest = iter(chunks)
    taken: list[Chunk] = []
    text, whole = b"", False
    is_jsonl = name.endswith(".jsonl")
    while not whole and (len(text) < _HEAD_BYTES or _core.framing(text, whole) == "unknown"):
        if len(text) > DOCUMENT_BYTES or (is_jsonl and len(text) >= _HEAD_BYTES):
            break
        chunk = next(rest, None)
        if chunk is None:
            whole = True
        else:
            taken.append(chunk)
            text += chunk.data
    framing = _framing(text[: DOCUMENT_BYTES + 1], whole=whole, is_jsonl=is_jsonl)
    return framing, itertools.chain(taken, rest)


def _note(head: bytes) -> str:
    """What people should know of a file that can't be taken apart."""
    if head.startswith(_PARQUET_ENCRYPTED):
        return "it is encrypted"
    if head.startswith(_SQLITE):
        return "it is an SQLite store, so it is copied; headroom-beam export prints the conversations in it"
    return ""


def _framing(text: bytes, *, whole: bool, is_jsonl: bool) -> Framing:
    framing = _core.framing(text, whole)
    if framing in ("lines", "blank") or (is_jsonl and (framing != "document" or b"\n" not in text)):
        return "lines"
    return "copied" if framing == "other" else "document"


def _why_no_json(text: bytes) -> str:
    """The note on a copied file: where it stops being JSON, if it begins as such."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip()[:1] in (b"{", b"["):
        try:
            _core.recognise(text)
        except HeadroomBeamError as error:
            return f"it isn't JSON: {error}"
    return "it isn't JSON"


def _begin(head: bytes, codec: Codec, *, ends: bool) -> tuple[bytes, bool]:
    """The first decompressed bytes of a file, and whether they are all of it."""
    if codec == "plain":
        return head, ends
    try:
        if codec == "gzip":
            stream = zlib.decompressobj(31)
            text = stream.decompress(head, _HEAD_BYTES)
            return text, ends and stream.eof and not stream.unused_data
        text = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(head)).read(_HEAD_BYTES)
        return text, ends and len(text) < _HEAD_BYTES
    except (zlib.error, zstandard.ZstdError) as error:
        raise IntegrityError(f"damaged {codec} file: {error}") from error


def _more(objects: Objects, source: Source, codec: Codec) -> tuple[bytes, bool]:
    """Reads a file to the end of its first line, or beyond `DOCUMENT_BYTES`."""
    text = bytearray()
    with objects.open(source.name) as file:
        for chunk in _until_damaged(decompressed(file, codec, name=source.name)):
            text += chunk
            if b"\n" in chunk or len(text) > DOCUMENT_BYTES:
                return bytes(text[: DOCUMENT_BYTES + 1]), False
    return bytes(text), True


def _until_damaged(chunks: Iterator[bytes]) -> Iterator[bytes]:
    # What is damaged further on is found when the file is crushed.
    try:
        yield from chunks
    except IntegrityError:
        return
