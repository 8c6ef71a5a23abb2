"""One record of a run is found by line, offset or hash, and shown before and after."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from file_runs import compress
from originals import bury

from headroom_beam import OriginalStore, SmartCrusherConfig, errors
from headroom_beam.files.find_record import RecordPlace, parse_place
from headroom_beam.files.plan import RunSettings, recorded_run
from headroom_beam.files.record_report import describe_record, format_record
from headroom_beam.files.record_view import RecordView, view_record
from headroom_beam.files.run import run_shards

LOG = "a line of a log, number {}\n" * 400
LISTING = [{"id": at, "name": f"file {at * 7919 % 1000}", "mode": "rw"} for at in range(80)]
BLOB = "0123456789abcdef" * 2000
HOSTILE = "\x1b]0;owned\x07 \x1b[2J\r\u202e\x9b31m "


def line_of(*results: object, **more: object) -> bytes:
    return json.dumps(
        {"steps": [{"tool": f"tool {at}", "out": one} for at, one in enumerate(results)], **more}
    ).encode()


LINES = [
    line_of(json.dumps(LISTING), LISTING, "ok", {"log": LOG, "rows": LISTING}, id=1),
    b"",
    b"broken \xff\x1b[2J",
    b"\xef\xbb\xbf" + line_of(LOG, id=2) + b"\r",
    line_of("ok"),
    json.dumps({"none": 1}).encode(),
    line_of(BLOB),
    line_of(HOSTILE + LOG, LOG + HOSTILE, HOSTILE * 3),
    line_of("x " * 60_000),
]
FILE = b"\n".join(LINES)


class Crushed:
    """A run over one file, in several parts, and its places."""

    def __init__(self, root: Path, suffix: str = ".jsonl", data: bytes = FILE, **options: Any) -> None:
        self.name = f"deep/trace{suffix}"
        self.input = root / "in" / self.name
        self.input.parent.mkdir(parents=True)
        self.input.write_bytes(compress(data, suffix))
        options = {"trace_format": ".steps[*].out @ .tool", "shard_bytes": 20_000, **options}
        config = {"max_tokens": 200, "max_record_bytes": 100_000, **options.pop("config", {})}
        self.settings = RunSettings(
            output=str(root / "out"),
            originals=str(root / "originals"),
            config=SmartCrusherConfig(**config),
            **options,
        )
        self.manifest = run_shards([str(root / "in")], self.settings)
        self.store = OriginalStore.open(self.settings.originals)

    def view(self, place: str) -> RecordView:
        return view_record(self.settings.output, parse_place(place))


@pytest.fixture
def run(tmp_path: Path) -> Crushed:
    return Crushed(tmp_path)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_each_line_is_found_by_number_and_by_any_byte_of_it(tmp_path: Path, suffix: str) -> None:
    run = Crushed(tmp_path, suffix)
    assert len(run.manifest.parts) == (1 if suffix != ".jsonl" else -(-len(FILE) // 20_000))
    start = 0
    for number, line in enumerate(LINES, 1):
        view = run.view(f"{run.name}:{number}")
        assert (view.line.source, view.line.line, view.line.offset) == (run.name, number, None)
        content = line.removesuffix(b"\r")
        assert view.bytes_before == len(content)
        for offset in {start, start + len(line) // 2, start + len(line) - (number == 9)}:
            place = run.view(f"{run.name}@{offset}").line
            assert (place.line, place.offset, place.part) == (number, start, view.line.part)
        start += len(line) + 1


def test_payloads_are_shown_before_and_after_with_their_place(run: Crushed) -> None:
    view = run.view(f"{run.name}:1")
    record = json.loads(LINES[0])
    after = json.loads(view.line.compacted)
    assert [one.payload.tool for one in view.payloads] == [f"tool {at}" for at in range(4)]
    places = [one.place for one in view.payloads]
    assert places == [".steps[0].out", ".steps[1].out", None, ".steps[3].out"]
    table, rows, short, document = view.payloads
    assert table.before == record["steps"][0]["out"]
    assert table.after == after["steps"][0]["out"]
    assert rows.before == json.dumps(LISTING)
    assert rows.after == after["steps"][1]["out"]
    assert (short.before, short.after) == (None, None)
    assert document.before == json.dumps(record["steps"][3]["out"])
    assert json.loads(document.after or "") == after["steps"][3]["out"]
    assert "rows kept" in table.payload.explanation


@pytest.mark.parametrize(
    "options", [{}, {"hash_digits": 64}, {"exact_tokens": True}, {"with_compaction": False}]
)
def test_a_record_is_found_by_the_hash_of_each_marker_whatever_the_options(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    run = Crushed(tmp_path, config=options)
    hashes: dict[str, int] = {}
    for number in (1, 4, 7):
        for one in run.view(f"{run.name}:{number}").payloads:
            # The first record that has a marker is shown.
            hashes.update({hash_: number for hash_ in one.payload.hashes if hash_ not in hashes})
    assert len(hashes) >= 3
    for hash_, number in hashes.items():
        assert run.view(hash_).line.line == number
        assert run.view(hash_[:24]).line.line == number
        assert run.view(f"<<ccr:{hash_},text,1.0KB>>").line.line == number
    assert run.view(run.view(f"{run.name}:3").failure.hashes[0]).line.line == 3  # type: ignore[union-attr]


def test_a_whole_record_is_one_payload(tmp_path: Path) -> None:
    run = Crushed(tmp_path, trace_format="json")
    (one,) = run.view(f"{run.name}:1").payloads
    assert (one.place, one.before) == ("", LINES[0].decode())
    assert one.after
    assert one.after != one.before
    (same,) = run.view(f"{run.name}:6").payloads
    assert (same.before, same.after) == (LINES[5].decode(), LINES[5].decode())


def test_lines_without_payloads_say_what_they_are(run: Crushed) -> None:
    texts = [format_record(run.view(f"{run.name}:{number}"), width=80) for number in (2, 3, 6, 9)]
    assert "a blank line" in texts[0]
    assert "failure invalid_utf8" in texts[1]
    assert "headroom-beam get " in texts[1]
    assert "no payload" in texts[2]
    assert "failure too_large: " in texts[3]


def test_a_line_that_was_stored_in_pieces_is_not_read_as_a_whole(tmp_path: Path) -> None:
    long = b'"' + b"x " * (5 << 20) + b'"'
    run = Crushed(tmp_path, data=b"\n".join([LINES[4], long + b"\r", LINES[5]]))
    view = run.view(f"{run.name}:2")
    assert (view.bytes_before, view.payloads) == (None, ())
    assert view.failure is not None
    assert view.failure.kind == "too_large"
    assert len(view.failure.hashes) == 2
    assert run.view(view.failure.hashes[1]).line.line == 2
    assert "? → " in format_record(view, width=80)
    last = run.view(f"{run.name}@{len(LINES[4]) + len(long) + 3}")
    assert (last.line.line, last.line.compacted) == (3, LINES[5])


def test_nothing_of_a_record_can_drive_a_terminal(run: Crushed) -> None:
    view = run.view(f"{run.name}:8")
    for width in (20, 80, 160):
        for full in (False, True):
            text = format_record(view, width=width, full=full)
            assert all(letter.isprintable() or letter == "\n" for letter in text)
            assert "\\x1b" in text.replace("\n", "")
    assert json.loads(json.dumps(describe_record(view)))["payloads"][0]["before"] == HOSTILE + LOG


def test_texts_stand_side_by_side_where_there_is_room(run: Crushed) -> None:
    view = run.view(f"{run.name}:4")
    narrow, wide = (format_record(view, width=width) for width in (80, 140))
    assert "── before\n" in narrow
    assert narrow.index("── before") < narrow.index("── after")
    assert re.search(r"^── before +│ ── after$", wide, re.MULTILINE)
    assert max(map(len, wide.splitlines())) <= 140


def test_long_texts_are_cut_unless_all_is_asked_for(run: Crushed) -> None:
    view = run.view(f"{run.name}:4")
    short, full = (format_record(view, width=80, full=full) for full in (False, True))
    assert f"… cut here; --full shows all {len(LOG):,} characters" in short
    assert "cut here" not in full
    assert full.count("a line of a log") >= 400


def test_a_file_may_be_named_by_its_full_path(run: Crushed, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.view(f"{run.input}:5").line.line == 5
    monkeypatch.chdir(run.input.parent)
    assert run.view(f"{run.input.name}:5").line.source == run.name


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        ("deep/trace.jsonl:10", ValueError, "has 9 lines"),
        ("deep/trace.jsonl:0", ValueError, "counted from 1"),
        (f"deep/trace.jsonl@{len(FILE)}", ValueError, "no line is at byte"),
        ("other.jsonl:1", ValueError, "no input file"),
        ("trace.jsonl", ValueError, "names no record"),
        ("", ValueError, "names no record"),
        ("0" * 24, errors.OriginalNotFound, "no marker of the run"),
        ("0" * 23, errors.InvalidHash, "24 or 64"),
        ("ABCDEF", errors.InvalidHash, "24 or 64"),
    ],
)
def test_a_place_that_is_not_there_is_an_error(
    run: Crushed, place: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run.view(place)


def test_places_are_read_from_the_right() -> None:
    assert parse_place("gs://b/a@2:b.jsonl@7") == RecordPlace("gs://b/a@2:b.jsonl", offset=7)
    assert parse_place("a@7:3") == RecordPlace("a@7", line=3)


def test_an_unfinished_run_is_an_error(run: Crushed) -> None:
    Path(run.settings.output, "_manifest.json").unlink()
    with pytest.raises(errors.StoreError, match="incomplete"):
        run.view(f"{run.name}:1")


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreError, match="no run"):
        view_record(str(tmp_path), parse_place("a:1"))


def test_an_erased_original_is_named(run: Crushed) -> None:
    bury(run.store, BLOB.encode(), "erased")
    with pytest.raises(errors.OriginalExpired, match="erased"):
        run.view(f"{run.name}:7")
    assert run.view(f"{run.name}:1").line.line == 1
    with pytest.raises(errors.OriginalExpired):
        run.view(f"{run.name}@{FILE.index(LINES[6])}")


def test_a_store_elsewhere_may_be_named(run: Crushed, tmp_path: Path) -> None:
    Path(run.settings.originals).rename(tmp_path / "moved")
    with pytest.raises(errors.StoreError, match="no store"):
        run.view(f"{run.name}:1")
    view = view_record(run.settings.output, parse_place(f"{run.name}:1"), originals=str(tmp_path / "moved"))
    assert len(view.payloads) == 4


def test_a_damaged_pack_is_an_error(run: Crushed) -> None:
    for pack in Path(run.settings.originals).glob("packs/*"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:-9])
    with pytest.raises(errors.IntegrityError):
        run.view(f"{run.name}:7")


def test_a_part_that_the_run_did_not_write_is_an_error(run: Crushed) -> None:
    view = run.view(f"{run.name}:5")
    part = Path(run.settings.output, view.line.part)
    part.chmod(0o644)
    part.write_bytes(part.read_bytes().replace(b'"ok"', b'{"rows":[{"a":"<<ccr:lit>>x"}]}'))
    with pytest.raises(errors.IntegrityError, match="gives another record"):
        run.view(f"{run.name}:5")


def test_the_plan_gives_back_the_settings(run: Crushed) -> None:
    found = recorded_run(run.settings.output)
    assert found.config == run.settings.config
    assert found.paths == tuple(run.settings.trace_format)
    assert found.originals == run.settings.originals
    assert [name for _, name in found.inputs] == [run.name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "0" * 64}, "mean something else"),
        ({"max_tokens": 201}, "mean something else"),
        ({"new_option": 1}, "doesn't know"),
        ({"max_tokens": -1}, "doesn't know"),
    ],
)
def test_a_plan_of_another_version_is_an_error(run: Crushed, change: dict[str, Any], message: str) -> None:
    path = Path(run.settings.output, "_run.json")
    plan = json.loads(path.read_bytes())
    plan["options"].update(change)
    path.chmod(0o644)
    path.write_text(json.dumps(plan))
    with pytest.raises(errors.FormatError, match=message):
        recorded_run(run.settings.output)


def test_a_view_is_described_with_all_its_fields(run: Crushed) -> None:
    described = describe_record(run.view(f"{run.name}:7"))
    (payload,) = described["payloads"]
    assert set(payload) > {"path", "tool", "strategy", "explanation", "place", "before", "after"}
    assert payload["before"] == BLOB
