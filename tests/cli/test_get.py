"""`headroom-beam get`: the exact bytes of an original, or one line that says why not."""

import hashlib
import json

import pytest
from helpers.commands import BLOB, NOT_TEXT, CrushedTrace
from helpers.oracles import hash_of

from headroom_beam import errors
from headroom_beam.cli.main import main


@pytest.mark.parametrize("original", [NOT_TEXT, BLOB.encode()])
def test_get_writes_the_exact_bytes(
    crushed: CrushedTrace, capfdbinary: pytest.CaptureFixture[bytes], original: bytes
) -> None:
    for name in (hash_of(original), hashlib.sha256(original).hexdigest()):
        assert main(["get", name, "--originals", str(crushed.originals)]) == 0
        captured = capfdbinary.readouterr()
        assert (captured.out, captured.err) == (original, b"")


def test_get_as_json_gives_the_columns_of_the_original(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["get", hash_of(BLOB.encode()), "--originals", str(crushed.originals), "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["original_content"] == BLOB
    assert (answer["tool_name"], answer["size_bytes"]) == ("cat", len(BLOB))


@pytest.mark.parametrize(
    ("name", "error"),
    [("0" * 24, errors.OriginalNotFound), ("xyz", errors.InvalidHash), ("0" * 12, errors.InvalidHash)],
)
def test_get_says_in_one_line_why_there_is_no_original(
    crushed: CrushedTrace, capfd: pytest.CaptureFixture[str], name: str, error: type[errors.HeadroomBeamError]
) -> None:
    assert main(["get", name, "--originals", str(crushed.originals)]) == error.exit_code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"{error.__name__}: ")
    assert captured.err.count("\n") == 1
