"""The command line: data on standard output, one line of talk for an error, and the documented exit codes."""

import datetime as dt
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from headroom_beam import _core, errors
from headroom_beam.cli.main import main
from headroom_beam.store.store import OriginalStore

BROKEN = b'{"broken": "\xff\xfe'
BLOB = "0123456789" * 100_000
LINES = [
    json.dumps(
        {
            "tool": "ls",
            "result": [{"name": f"file {n}", "size_bytes": n * 37, "mode": "rw"} for n in range(80)],
        }
    ),
    "",
    json.dumps({"tool": "cat", "result": {"path": "a", "text": BLOB}}),
]
TRACE = "\n".join(LINES).encode() + b"\n" + BROKEN


def hash_of(original: bytes) -> str:
    return hashlib.sha256(original).hexdigest()[:24]


class Run(NamedTuple):
    input: Path
    output: Path
    originals: Path

    def arguments(self, *more: str) -> list[str]:
        return [
            "--input",
            str(self.input),
            "--output",
            str(self.output),
            "--originals",
            str(self.originals),
            *more,
        ]

    def check(self, *more: str) -> list[str]:
        return ["check", "--input", str(self.output), "--originals", str(self.originals), *more]

    def pack(self) -> Path:
        (pack,) = self.originals.glob("packs/*.parquet")
        return pack


FORMAT = ("--trace_format", ".result @ .tool")


@pytest.fixture(scope="module")
def crushed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("cli")
    run = Run(root / "logs" / "trace.jsonl", root / "out", root / "originals")
    run.input.parent.mkdir()
    run.input.write_bytes(TRACE)
    assert main(["crush", *run.arguments(*FORMAT, "--json")]) == 0
    return run


@pytest.fixture
def run(crushed: Run, tmp_path: Path) -> Run:
    """A copy that a test may damage."""
    shutil.copytree(crushed.output.parent, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        path.chmod(0o755)
    return Run(*(tmp_path / "copy" / path.relative_to(crushed.output.parent) for path in crushed))


def test_crush_gives_its_summary_as_json(crushed: Run, capfd: pytest.CaptureFixture[str]) -> None:
    # The run is complete, so this does nothing but say again what it was.
    assert main(["crush", *crushed.arguments(*FORMAT, "--json")]) == 0
    summary = json.loads(capfd.readouterr().out)
    assert (summary["records"], summary["compacted"], summary["failures"]) == (3, 2, {"invalid_utf8": 1})
    assert summary == json.loads((crushed.output / "_summary.json").read_text())


def test_crush_gives_its_summary_as_a_table(crushed: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["crush", *crushed.arguments(*FORMAT)]) == 0
    captured = capfd.readouterr()
    assert [line.split()[0] for line in captured.out.splitlines()[:4]] == ["tool", "cat", "ls", "all"]
    assert captured.err == ""


def test_another_run_into_the_same_output_is_refused(crushed: Run, capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["crush", *crushed.arguments(*FORMAT, "--max_tokens", "999")])
    assert code == errors.StoreError.exit_code
    assert "StoreError: " in capfd.readouterr().err


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (("--max_items_after_crush", "0"), "max_items_after_crush"),
        (("--trace_format", "opnai"), "unknown trace format"),
        (("--trace_format", ".a["), "at character 3"),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(
    crushed: Run, capfd: pytest.CaptureFixture[str], more: tuple[str, ...], what: str
) -> None:
    assert main(["crush", *crushed.arguments(*more)]) == 2
    captured = capfd.readouterr()
    assert what in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_restore_gives_the_bytes_of_the_input(
    crushed: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "--input",
        str(crushed.output),
        "--originals",
        str(crushed.originals),
        "--output",
        str(tmp_path),
    ]
    assert main(["restore", *arguments, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {
        "restored_files": 1, "restored_bytes": len(TRACE), "unresolved_lines": 0,
    }  # fmt: skip
    assert (tmp_path / "trace.jsonl").read_bytes() == TRACE


def test_restore_without_an_original_says_so_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    run.pack().unlink()
    arguments = [
        "--input",
        str(run.output),
        "--originals",
        str(run.originals),
        "--output",
        str(tmp_path / "r"),
    ]
    assert main(["restore", *arguments]) == errors.OriginalNotFound.exit_code
    assert not (tmp_path / "r" / "trace.jsonl").exists()


@pytest.mark.parametrize("original", [BROKEN, BLOB.encode()])
def test_get_writes_the_exact_bytes(
    crushed: Run, capfdbinary: pytest.CaptureFixture[bytes], original: bytes
) -> None:
    for name in (hash_of(original), hashlib.sha256(original).hexdigest()):
        assert main(["get", name, "--originals", str(crushed.originals)]) == 0
        captured = capfdbinary.readouterr()
        assert (captured.out, captured.err) == (original, b"")


def test_get_as_json_says_what_is_known(crushed: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["get", hash_of(BLOB.encode()), "--originals", str(crushed.originals), "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["original_content"] == BLOB
    assert (answer["tool_name"], answer["size_bytes"]) == ("cat", len(BLOB))


@pytest.mark.parametrize(
    ("name", "error"),
    [("0" * 24, errors.OriginalNotFound), ("xyz", errors.InvalidHash), ("0" * 12, errors.InvalidHash)],
)
def test_get_says_in_one_line_why_there_is_no_original(
    crushed: Run, capfd: pytest.CaptureFixture[str], name: str, error: type[errors.HeadroomBeamError]
) -> None:
    assert main(["get", name, "--originals", str(crushed.originals)]) == error.exit_code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"{error.__name__}: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("command", [["get", "0" * 24], ["check"], ["serve"]])
def test_a_store_that_is_not_there_is_an_error_and_isnt_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--originals", str(tmp_path / "none")]) == errors.StoreError.exit_code
    assert "no store" in capfd.readouterr().err
    assert not (tmp_path / "none").exists()


def test_check_prints_nothing_when_all_is_well(crushed: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(crushed.check()) == 0
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("0 problems\n")


def test_check_as_json_counts_originals_that_no_marker_names(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(run.check("--json")) == 0
    before = json.loads(capfd.readouterr().out)
    block = _core.crush_block(b"not json\n", _core.Options())
    OriginalStore.open(run.originals).put_many(block.originals(), run_date=dt.date(2026, 1, 31))
    assert main(run.check("--json")) == 0
    after = json.loads(capfd.readouterr().out)
    assert (before["orphan_count"], after["orphan_count"]) == (0, 1)
    assert after["original_count"] == before["original_count"] + 1


def test_check_finds_a_marker_without_its_original(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    run.pack().unlink()
    assert main(run.check()) == errors.IntegrityError.exit_code
    lines = [line.split("\t") for line in capfd.readouterr().out.splitlines()]
    assert {name for kind, name, _ in lines if kind == "dangling"} == {
        hash_of(BROKEN),
        hash_of(BLOB.encode()),
    }


def test_check_finds_a_flipped_bit_in_a_pack(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(run.pack().read_bytes())
    data[len(data) // 2] ^= 1
    run.pack().write_bytes(data)
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert run.pack().name in capfd.readouterr().out


@pytest.mark.parametrize(
    ("before", "after"), [(b"rw", b"rx"), (b"<<ccr:", b"<<ccr:?"), (hash_of(BROKEN).encode(), b"0" * 24)]
)
def test_check_finds_a_part_that_is_not_what_the_run_wrote(
    run: Run, capfd: pytest.CaptureFixture[str], before: bytes, after: bytes
) -> None:
    part = run.output / "trace.jsonl"
    data = part.read_bytes()
    assert before in data
    part.write_bytes(data.replace(before, after))
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert "trace.jsonl" in capfd.readouterr().out


def test_check_finds_a_part_that_is_gone(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    (run.output / "trace.jsonl").unlink()
    assert main(run.check()) == errors.IntegrityError.exit_code
    assert [line.split("\t")[0] for line in capfd.readouterr().out.splitlines()] == ["lost"]


def test_check_of_an_unfinished_run_says_so(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    (run.output / "_manifest.json").unlink()
    assert main(run.check()) == errors.StoreError.exit_code
    assert "incomplete" in capfd.readouterr().err


def test_serve_takes_a_token_from_a_file_or_the_environment_and_refuses_short_ones(
    crushed: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = ["serve", "--originals", str(crushed.originals), "--port", "0"]
    (tmp_path / "token").write_text("short\n")
    assert main([*serve, "--token-file", str(tmp_path / "token")]) == 2
    assert "at least 16" in capfd.readouterr().err
    assert main([*serve, "--token-file", str(tmp_path / "none")]) == errors.StoreError.exit_code
    monkeypatch.setenv("HEADROOM_BEAM_TOKEN", "short")
    assert main(serve) == 2


@pytest.mark.parametrize(
    "arguments", [[], ["crsh"], ["get"], ["get", "0" * 24], ["check", "--inptu", "x"], ["crush"]]
)
def test_a_command_line_that_does_not_parse_is_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_names_all_commands(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capfd.readouterr().out
    assert all(
        f"    {command} " in text
        for command in ("crush", "restore", "estimate", "show", "get", "check", "serve")
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_had_enough_ends_get_quietly(
    crushed: Run, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "get",
        hash_of(BLOB.encode()),
        "--originals",
        str(crushed.originals),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == b"01234"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(300) == errors.StoreError.exit_code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_what_the_operating_system_refuses_is_one_line(crushed: Run) -> None:
    command = [
        sys.executable,
        "-m",
        "headroom_beam.cli",
        "get",
        hash_of(BROKEN),
        "--originals",
        str(crushed.originals),
    ]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == errors.StoreError.exit_code
    assert result.stderr.startswith("OSError: ")
    assert result.stderr.count("\n") == 1


def test_the_command_line_starts_without_beam_and_the_server() -> None:
    program = (
        "import sys, headroom_beam.cli.main;"
        "print(sorted({'apache_beam', 'starlette', 'pyarrow', 'google.cloud.storage'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
