"""Finding input files, dividing them into shards, and reading the shards back."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_beam.errors import IntegrityError, StoreError
from headroom_beam.files.blocks import Block, LinePiece
from headroom_beam.files.shards import Source, Span, find_sources, plan_shards, read_span
from headroom_beam.objects.open import open_objects

NAMES = ["a.jsonl", "b.jsonl.gz", "deep/c.jsonl", "deep/er/d.jsonl", "deep/er/e1.jsonl.zst", "notes.txt"]


@pytest.fixture
def files(root: str) -> str:
    """A root, local or in a bucket, with files in folders."""
    objects = open_objects(root)
    for name in NAMES:
        objects.put_if_absent(name, gzip.compress(b"1\n") if name.endswith("gz") else b"1\n2\n")
    return root


def names_of(*patterns: str) -> list[str]:
    return [source.name for source in find_sources(patterns)]


def test_a_directory_gives_its_files_at_any_depth(files: str) -> None:
    assert names_of(files) == NAMES
    assert names_of(files + "/deep") == ["c.jsonl", "er/d.jsonl", "er/e1.jsonl.zst"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.jsonl", ["a.jsonl"]),
        ("**/*.jsonl", ["a.jsonl", "deep/c.jsonl", "deep/er/d.jsonl"]),
        ("deep/*.jsonl", ["c.jsonl"]),
        ("de*/*.jsonl", ["deep/c.jsonl"]),
        ("deep/**/?.jsonl", ["c.jsonl", "er/d.jsonl"]),
        ("deep/er/[a-d].jsonl", ["d.jsonl"]),
        ("deep/er/e[!0]*.zst", ["e1.jsonl.zst"]),
        ("deep/er/d.jsonl", ["d.jsonl"]),
    ],
)
def test_a_relative_path_begins_below_the_longest_folder_before_the_first_wildcard(
    files: str, pattern: str, names: list[str]
) -> None:
    assert names_of(f"{files}/{pattern}") == names


def test_a_source_knows_where_it_is_and_which_version_it_has(files: str) -> None:
    (source,) = find_sources([files + "/deep/c.jsonl"])
    info = open_objects(source.root).info(source.name)
    assert info is not None
    assert (source.size_bytes, source.version) == (4, info.version)


def test_a_file_whose_name_has_wildcards_is_found_by_it(tmp_path: Path) -> None:
    (tmp_path / "a[1].jsonl").write_bytes(b"1\n")
    assert names_of(str(tmp_path / "a[1].jsonl")) == ["a[1].jsonl"]


def test_local_patterns_work_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n")
    monkeypatch.chdir(tmp_path)
    assert names_of("*.jsonl") == names_of("a.jsonl") == names_of(".") == ["a.jsonl"]


def test_an_input_without_files_is_an_error(files: str) -> None:
    for pattern in ("*.nothing", "nothing.jsonl", "nothing/"):
        with pytest.raises(StoreError, match="matches no file"):
            find_sources([f"{files}/{pattern}"])
    with pytest.raises(ValueError, match="no input"):
        find_sources([])


def test_another_suffix_in_a_pattern_is_not_left_out(files: str) -> None:
    assert names_of(f"{files}/*") == ["a.jsonl", "b.jsonl.gz", "notes.txt"]


def test_files_of_a_directory_were_not_named(files: str) -> None:
    assert {source.named for source in find_sources([files])} == {False}
    assert {source.named for source in find_sources([f"{files}/a.jsonl", f"{files}/**/*.zst"])} == {True}


def test_two_inputs_with_one_relative_path_are_an_error(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").write_bytes(b"1\n")
    with pytest.raises(ValueError, match=r"a\.jsonl"):
        find_sources([str(tmp_path / "one"), str(tmp_path / "two" / "*.jsonl")])
    assert names_of(str(tmp_path / "*" / "*.jsonl")) == ["one/a.jsonl", "two/a.jsonl"]


def source(name: str, size_bytes: int) -> Source:
    return Source("/root", name, size_bytes, "1")


def test_small_files_share_a_shard_and_keep_their_order() -> None:
    shards = plan_shards([source(f"{letter}.jsonl", 30_000) for letter in "abcde"], shard_bytes=70_000)
    assert [[span.part for span in shard.spans] for shard in shards] == [
        ["a.jsonl", "b.jsonl"],
        ["c.jsonl", "d.jsonl"],
        ["e.jsonl"],
    ]


def test_a_big_file_is_divided_evenly_into_ordered_parts() -> None:
    shards = plan_shards([source("x/big.jsonl", 100)], shard_bytes=30)
    spans = [span for shard in shards for span in shard.spans]
    assert [(span.start, span.stop) for span in spans] == [(0, 25), (25, 50), (50, 75), (75, 100)]
    assert [span.part for span in spans] == [f"x/big.0000{number}-of-00004.jsonl" for number in range(4)]


def test_a_big_file_of_lines_under_another_name_is_divided_too() -> None:
    shards = plan_shards([source("x/big.log", 60), source("y/big", 60)], shard_bytes=30)
    assert [span.part for shard in shards for span in shard.spans] == [
        "x/big.00000-of-00002.log",
        "x/big.00001-of-00002.log",
        "y/big.00000-of-00002",
        "y/big.00001-of-00002",
    ]


def test_a_document_is_never_divided() -> None:
    (shard,) = plan_shards([source("big.json", 10_000)._replace(framing="document")], shard_bytes=30)
    assert [span.part for span in shard.spans] == ["big.json"]


def test_a_compressed_file_is_never_divided() -> None:
    (shard,) = plan_shards([source("big.jsonl.zst", 10_000)], shard_bytes=30)
    assert [span.part for span in shard.spans] == ["big.jsonl.zst"]


def test_many_tiny_files_do_not_make_an_endless_shard() -> None:
    shards = plan_shards([source(f"{number:05d}.jsonl", 0) for number in range(5000)])
    assert max(len(shard.spans) for shard in shards) <= 4096


@pytest.mark.parametrize("name", ["_shards/a.jsonl", "_failures/a.jsonl", "_explanations/a.jsonl"])
def test_names_that_a_run_uses_itself_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="rename"):
        plan_shards([source(name, 1)])


def test_parts_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two parts"):
        plan_shards([source("a.00000-of-00002.jsonl", 5), source("a.jsonl", 20)], shard_bytes=10)


LINES = st.lists(st.sampled_from([b"", b"{}", b"x" * 9, b"\r", b'{"a":1}\r']), max_size=40)


@given(
    lines=LINES,
    end=st.sampled_from([b"", b"\n"]),
    shard_bytes=st.integers(1, 60),
    block_bytes=st.integers(1, 40),
)
def test_the_shards_of_a_file_have_every_line_once(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    end: bytes,
    shard_bytes: int,
    block_bytes: int,
) -> None:
    path = tmp_path_factory.mktemp("shards") / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + end)
    shards = plan_shards(find_sources([str(path)]), shard_bytes=shard_bytes)
    items = [
        item for shard in shards for span in shard.spans for item in read_span(span, block_bytes=block_bytes)
    ]
    data = path.read_bytes()
    assert b"".join(item.data for item in items) == data
    assert all(data[item.offset :].startswith(item.data) for item in items)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_line_over_the_limit_comes_in_pieces(tmp_path: Path, name: str) -> None:
    data = b"1\n" + b"x" * 500_000 + b"\r\n2\n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (shard,) = plan_shards(find_sources([str(tmp_path / name)]))
    items = list(read_span(shard.spans[0], max_record_bytes=1000))
    assert [type(item) for item in items] == [Block, LinePiece, Block]
    assert items[1] == LinePiece(2, b"x" * 500_000, b"\r\n")


def test_a_truncated_file_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(os.urandom(1000))[:-9])
    (shard,) = plan_shards(find_sources([str(path)]))
    with pytest.raises(IntegrityError, match=r"a\.jsonl\.gz"):
        list(read_span(shard.spans[0]))


@pytest.mark.parametrize("change", ["longer", "rewritten", "gone"])
def test_a_file_that_changed_since_the_plan_is_an_error(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n2\n")
    (found,) = find_sources([str(path)])
    if change == "longer":
        path.write_bytes(b"1\n2\n3\n")
    elif change == "rewritten":
        path.write_bytes(b"1\n3\n")
        os.utime(path, ns=(1, 1))
    else:
        path.unlink()
    with pytest.raises(StoreError):
        list(read_span(Span(found, 0, 4, "a.jsonl")))
