"""Compressed files are read whole or not at all, and written the same way every time."""

import gzip
import io
import random

import pytest
from helpers.generators import compress
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.errors import IntegrityError
from headroom_beam.files.codecs import (
    Codec,
    Compressor,
    FileWriter,
    codec_of,
    decompressed,
    open_decompressed,
)
from headroom_beam.objects.base import ObjectConflict
from headroom_beam.objects.open import open_objects

CODECS: list[Codec] = ["gzip", "zstd"]
SUFFIX = {"gzip": ".jsonl.gz", "zstd": ".jsonl.zst"}


def read(data: bytes, codec: Codec) -> bytes:
    return b"".join(decompressed(io.BytesIO(data), codec, name="file"))


@pytest.mark.parametrize("codec", ["plain", *CODECS])
@given(pieces=st.lists(st.binary(max_size=300), max_size=5))
def test_compressed_data_decompresses(codec: Codec, pieces: list[bytes]) -> None:
    compressor = Compressor(codec)
    packed = b"".join(map(compressor.compress, pieces)) + compressor.finish()
    assert read(packed, codec) == b"".join(pieces)


@pytest.mark.parametrize("codec", CODECS)
def test_several_members_or_frames_are_read_whole(codec: Codec) -> None:
    assert (
        read(
            compress(b"one\n", SUFFIX[codec])
            + compress(b"two\n", SUFFIX[codec])
            + compress(b"", SUFFIX[codec]),
            codec,
        )
        == b"one\ntwo\n"
    )


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_cut_anywhere_is_an_error(codec: Codec) -> None:
    data = random.Random(1).randbytes(200) + b'{"id": 1}\n' * 50
    for packed in (
        compress(data, SUFFIX[codec]),
        compress(b"first\n", SUFFIX[codec]) + compress(data, SUFFIX[codec]),
    ):
        whole = len(packed) - len(compress(data, SUFFIX[codec]))
        for length in range(len(packed)):
            if length and length == whole:
                continue  # A complete first member.
            with pytest.raises(IntegrityError, match="damaged"):
                read(packed[:length], codec)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("tail", [b"\0", b"\n", b"garbage behind the end"])
def test_bytes_behind_the_end_are_an_error(codec: Codec, tail: bytes) -> None:
    with pytest.raises(IntegrityError):
        read(compress(b"data\n", SUFFIX[codec]) + tail, codec)


@pytest.mark.parametrize("codec", CODECS)
def test_a_flipped_bit_is_an_error(codec: Codec) -> None:
    compressor = Compressor(codec)
    packed = bytearray(compressor.compress(random.Random(2).randbytes(500)) + compressor.finish())
    packed[len(packed) // 2] ^= 1
    with pytest.raises(IntegrityError):
        read(bytes(packed), codec)


@pytest.mark.parametrize("codec", CODECS)
def test_chunks_are_bounded_however_far_a_file_expands(codec: Codec) -> None:
    packed = compress(bytes(30_000_000), SUFFIX[codec])
    assert len(packed) < 100_000
    sizes = [len(chunk) for chunk in decompressed(io.BytesIO(packed), codec, name="file")]
    assert sum(sizes) == 30_000_000
    assert max(sizes) <= 1 << 20


def test_gzip_carries_neither_time_nor_name() -> None:
    compressor = Compressor("gzip")
    assert (compressor.compress(b"x") + compressor.finish())[3:8] == bytes(5)


@pytest.mark.parametrize("name", ["a.json", "a.gz", "a.jsonl.bz2", "a"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=r"\.jsonl\.zst"):
        codec_of(name)


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("suffix", [".jsonl", *SUFFIX.values()])
def test_a_file_is_visible_only_when_it_is_published(root: str, suffix: str, in_memory: bool) -> None:
    objects = open_objects(root)
    writer = FileWriter(objects, f"a/b{suffix}", in_memory=in_memory)
    writer.write(b"one\n")
    writer.write(b"two\n")
    assert not objects.exists(f"a/b{suffix}")
    writer.publish()
    assert b"".join(open_decompressed(objects, f"a/b{suffix}")) == b"one\ntwo\n"
    dropped = FileWriter(objects, f"a/c{suffix}", in_memory=in_memory)
    dropped.write(b"one\n")
    dropped.close()
    assert not objects.exists(f"a/c{suffix}")


def test_publishing_the_same_lines_in_other_compressed_bytes_is_success(root: str) -> None:
    objects = open_objects(root)
    objects.put_if_absent("a.jsonl.gz", gzip.compress(b"one\n", 1, mtime=12345))
    same = FileWriter(objects, "a.jsonl.gz")
    same.write(b"one\n")
    same.publish()
    other = FileWriter(objects, "a.jsonl.gz")
    other.write(b"two\n")
    with pytest.raises(ObjectConflict):
        other.publish()
