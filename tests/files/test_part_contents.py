"""The contents of parts are those of the input, compacted, whatever the part is."""

import hashlib
from pathlib import Path

import pytest
from helpers.mixed import document, many_members, packed_tar, packed_zip
from helpers.record_runs import FolderRun

from headroom_beam.files.part_contents import part_contents
from headroom_beam.objects.open import open_objects


@pytest.mark.parametrize("name", ["a.tar", "a.eval"])
def test_members_have_the_bytes_and_sizes_of_the_manifest(tmp_path: Path, name: str) -> None:
    members = many_members(1)
    run = FolderRun(tmp_path, {name: packed_zip(members) if name == "a.eval" else packed_tar(members)})
    (part,) = run.manifest.parts
    objects = open_objects(run.settings.output)
    seen = []
    for content, member in zip(part_contents(objects, part), part.members, strict=True):
        data = b"".join(content.chunks)
        assert hashlib.sha256(data).hexdigest() == member.compacted_digest
        assert content.compacted_bytes == len(data)
        assert (content.framing, content.start, content.stop) == (member.framing, 0, member.size_bytes)
        assert content.growth >= 1
        seen.append(content.name)
    assert seen == [f"{name}/{member}" for member, data in members.items() if data or name == "a.eval"]
    # Members that aren't read are passed over.
    last = list(part_contents(objects, part))[-1]
    assert last.name == seen[-1]


def test_a_file_is_one_content(tmp_path: Path) -> None:
    run = FolderRun(tmp_path, {"a.json": document(1)})
    (part,) = run.manifest.parts
    (content,) = part_contents(open_objects(run.settings.output), part)
    assert (content.name, content.framing, content.stop) == ("a.json", "document", len(document(1)))
    given = part_contents(open_objects(run.settings.output), part, iter([b"given"]))
    assert [b"".join(one.chunks) for one in given] == [b"given"]
