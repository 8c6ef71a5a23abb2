"""Rows make an object only when there are any, and held rows can be dropped."""

from contextlib import ExitStack
from pathlib import Path

from headroom_beam.files.rows_writer import RowsWriter
from headroom_beam.objects.open import open_objects


def test_without_a_row_there_is_no_object(tmp_path: Path) -> None:
    with ExitStack() as stack:
        RowsWriter(open_objects(str(tmp_path)), "a.jsonl", stack).commit()
    assert not (tmp_path / "a.jsonl").exists()


def test_held_rows_are_kept_or_dropped(tmp_path: Path) -> None:
    with ExitStack() as stack:
        rows = RowsWriter(open_objects(str(tmp_path)), "a.jsonl", stack)
        for row, keep in ((b"1\n", True), (b"2\n", False), (b"3\n", True)):
            rows.hold()
            rows.write(row)
            rows.settle(keep=keep)
        rows.settle(keep=False)
        rows.write(b"4\n")
        rows.commit()
    assert (tmp_path / "a.jsonl").read_bytes() == b"1\n3\n4\n"


def test_what_is_not_committed_is_dropped(tmp_path: Path) -> None:
    with ExitStack() as stack:
        RowsWriter(open_objects(str(tmp_path)), "a.jsonl", stack).write(b"1\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
