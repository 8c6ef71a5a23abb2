"""What goes to the store as it is, goes in pieces of bounded size."""

from headroom_beam.files.blocks import PIECE_BYTES
from headroom_beam.files.kept import Kept


def test_pieces_join_to_what_was_added() -> None:
    pieces: list[bytes] = []

    def keep(piece: bytes) -> str:
        pieces.append(piece)
        return str(len(pieces))

    kept = Kept(keep)
    data = bytes(range(256)) * (PIECE_BYTES // 100)
    for start in range(0, len(data), 999_999):
        kept.add(data[start : start + 999_999])
    assert kept.finish() == [str(number + 1) for number in range(len(pieces))]
    assert b"".join(pieces) == data
    assert kept.size_bytes == len(data)
    assert {len(piece) for piece in pieces[:-1]} == {PIECE_BYTES}


def test_nothing_is_kept_of_nothing() -> None:
    kept = Kept(lambda _: "")
    kept.add(b"")
    assert (kept.finish(), kept.size_bytes) == ([], 0)
