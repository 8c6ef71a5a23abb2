"""A part is visible once it is published, and described with its place in the source."""

import hashlib
from pathlib import Path

from headroom_beam.files.part_writer import PartWriter
from headroom_beam.files.sources import Source, Span
from headroom_beam.objects.open import open_objects


def test_a_part_says_what_it_stands_for(tmp_path: Path) -> None:
    span = Span(Source("/r", "a.jsonl", 100, "1"), 10, 50, "a.00001-of-00002.jsonl")
    notes: list[str] = []
    part = PartWriter(open_objects(str(tmp_path)), span, "lines", notes, in_memory=False)
    part.write(b"[1]\n", source=b"[ 1 ]\n", offset=12)
    part.records += 1
    notes.append("it has grown")
    assert not (tmp_path / span.part).exists()
    described = part.publish(["packs/x"])
    assert (tmp_path / span.part).read_bytes() == b"[1]\n"
    assert (described.start, described.stop, described.records) == (12, 18, 1)
    assert described.source_digest == hashlib.sha256(b"[ 1 ]\n").hexdigest()
    assert (described.framing, described.note, described.packs) == ("lines", "it has grown", ["packs/x"])


def test_a_document_that_was_opened_is_one_of_elements(tmp_path: Path) -> None:
    span = Span(Source("/r", "a.json", 9, "1", framing="document"), 0, 9, "a.json")
    for opened, framing in (([], "document"), ([0], "elements")):
        objects = open_objects(str(tmp_path / framing))
        part = PartWriter(objects, span, "document", [], in_memory=True)
        part.opened += opened
        assert (part.publish([]).framing, part.publish([]).start) == (framing, 0)


def test_a_part_that_is_closed_is_not_there(tmp_path: Path) -> None:
    span = Span(Source("/r", "a.json", 9, "1"), 0, 9, "a.json")
    part = PartWriter(open_objects(str(tmp_path)), span, "lines", [], in_memory=False)
    part.write(b"x", source=b"x", offset=0)
    part.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
