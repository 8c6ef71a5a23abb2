"""Sessions about programs: what they do, what is wrong with them, and what they print when they fail."""

from __future__ import annotations

import contextlib
import functools
import http.client
import http.server
import io
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recording import PYTHON, REPOSITORY, Conversation, output_of

GO_TESTS = ["errors", "unicode/utf8", "container/list", "path", "text/tabwriter"]
RUST_ERRORS = ["E0382", "E0499", "E0277", "E0308", "E0106", "E0373"]


def go_tests(talk: Conversation) -> None:
    """Runs tests that print events, one JSON object a line."""
    talk.ask("Do the tests of these packages pass? " + ", ".join(GO_TESTS))
    for name in GO_TESTS:
        talk.run("go_test", ["go", "test", "-json", name], package=name)
    talk.answer("All of them ran; each package's last event says pass or fail.")


def python_lints(talk: Conversation) -> None:
    """Lints the package with every rule, and reads the worst file."""
    talk.ask("What would ruff find in the package with every rule on? Show me the worst file.")
    command = [
        "ruff",
        "check",
        "--select",
        "ALL",
        "--isolated",
        "--exit-zero",
        "--output-format",
        "json",
        "headroom_beam/errors.py",
        "headroom_beam/records.py",
    ]
    findings = json.loads(
        talk.run("ruff", command, cwd=REPOSITORY, why="I'll lint with every rule.", select="ALL")
    )[:250]
    files: dict[str, int] = {}
    for finding in findings:
        files[finding["filename"]] = files.get(finding["filename"], 0) + 1
    worst = max(sorted(files), key=lambda name: files[name])
    row = next(finding["location"]["row"] for finding in findings if finding["filename"] == worst)
    talk.run(
        "read_file",
        ["sed", "-n", f"{max(1, row - 20)},{row + 40}p", worst.removeprefix("/repo/")],
        cwd=REPOSITORY,
        path=worst,
        line=row,
        why="That file has the most.",
    )
    code = findings[0]["code"]
    talk.run("bash", ["ruff", "rule", code], why=f"What does {code} mean?")
    talk.answer(f"{worst} has {files[worst]} of the {len(findings)} findings.")


def lints_of_a_dependency(talk: Conversation) -> None:
    """Lints a dependency, which gives a long report."""
    talk.ask("How does pluggy's code look to ruff? Group the findings by rule.")
    folder = next(Path(path, "pluggy") for path in sys.path if Path(path, "pluggy").is_dir())
    shutil.copytree(folder, talk.workspace / "pluggy", ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        "ruff",
        "check",
        "--select",
        "ALL",
        "--isolated",
        "--exit-zero",
        "--output-format",
        "json",
        "pluggy",
    ]
    findings = json.loads(talk.run("ruff", command, select="ALL", path="/project/pluggy"))
    counts = Counter(finding["code"] for finding in findings)
    for code, _ in counts.most_common(3):
        talk.run("bash", ["ruff", "rule", code], why=f"What does {code} mean?")
    talk.answer("; ".join(f"{code} {count}" for code, count in counts.most_common(10)))


def web_server(talk: Conversation) -> None:
    """Reads the access log of a small web server, which misses some pages."""
    talk.ask("Serve the documentation folder, fetch every page of it, and show me the log.")
    folder = Path("/usr/share/doc")
    pages = [f"/{path.relative_to(folder)}" for path in sorted(folder.glob("lib*/copyright"))[:240]]
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    log = io.StringIO()
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        contextlib.redirect_stderr(log),
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        connection = http.client.HTTPConnection(*server.server_address[:2])
        for number, page in enumerate(pages):
            connection.request("GET", f"{page}.gz" if number % 60 == 40 else page)
            connection.getresponse().read()
        connection.close()
        server.shutdown()
        thread.join()
    talk.log(
        "read_log", {"service": "documentation"}, log.getvalue(), why=f"{len(pages)} pages fetched; the log:"
    )
    missing = sum(" 404 " in line for line in log.getvalue().splitlines())
    talk.answer(f"{missing} lines of the log say 404, all for compressed copies that don't exist.")


def broken_python(talk: Conversation) -> None:
    """Looks for the mistakes in a small package: tests, types, a traceback."""
    talk.ask("Nothing works in /project/shop. Find out why.")
    talk.run("bash", [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "shop"], why="The tests first.")
    talk.run(
        "mypy",
        [PYTHON, "-m", "mypy", "--strict", "--output", "json", "shop"],
        why="Then the types.",
        strict=True,
    )
    talk.run(
        "read_file",
        ["cat", "-n", "shop/basket.py"],
        path="/project/shop/basket.py",
        why="Both point at one file.",
    )
    talk.run("bash", [PYTHON, "-m", "shop.basket"], why="Does it run at all?")
    talk.run("bash", [PYTHON, "-m", "json.tool", "shop/prices.json"], why="Is the price list valid?")
    talk.run(
        "bash",
        ["ruff", "check", "--isolated", "--select", "ALL", "--output-format", "json", "shop"],
        why="And ruff?",
    )
    talk.answer(
        "The price list has a comma too many, and `total` adds a string to a number when a price is missing."
    )


def broken_rust(talk: Conversation) -> None:
    """Reads compiler messages as JSON, and explanations of error codes."""
    talk.ask("Why doesn't /project/ledger build?")
    talk.run(
        "cargo_check",
        ["cargo", "check", "--message-format", "json", "--offline"],
        cwd=talk.workspace / "ledger",
        why="I'll ask the compiler.",
        message_format="json",
    )
    talk.run("read_file", ["cat", "-n", "ledger/src/lib.rs"], path="/project/ledger/src/lib.rs")
    for code in RUST_ERRORS:
        talk.run("bash", ["rustc", "--explain", code], why=f"What is {code}?")
    talk.answer("A moved value is used again, and a reference in a struct has no lifetime.")


def broken_c(talk: Conversation) -> None:
    """Reads diagnostics of gcc as JSON and as text."""
    talk.ask("gcc rejects /project/ring.c. What is wrong?")
    talk.run(
        "gcc",
        ["gcc", "-Wall", "-Wextra", "-fdiagnostics-format=json", "-c", "ring.c"],
        file="/project/ring.c",
    )
    talk.run("bash", ["gcc", "-Wall", "-Wextra", "-c", "ring.c"], why="The same as text.")
    talk.run("read_file", ["cat", "-n", "ring.c"], path="/project/ring.c")
    talk.answer("An undeclared name, a missing return and a format that doesn't fit its argument.")


def lints_of_rust(talk: Conversation) -> None:
    """Reads messages of clippy as JSON."""
    talk.ask("What does clippy think of /project/tally?")
    command = [
        "cargo",
        "clippy",
        "--message-format",
        "json",
        "--offline",
        "--",
        "-W",
        "clippy::pedantic",
        "-W",
        "clippy::restriction",
    ]
    talk.run("cargo_clippy", command, cwd=talk.workspace / "tally", lints=["pedantic", "restriction"])
    talk.run("read_file", ["cat", "-n", "tally/src/main.rs"], path="/project/tally/src/main.rs")
    talk.answer("It compiles; the rest is style.")


def history(talk: Conversation) -> None:
    """Reads the history of the repository, and its largest commits."""
    talk.ask("What was done in this repository lately? Look at the largest commits.")
    rows = list(commits(60))
    talk.rows("git_log", rows, why="I'll read the history.", limit=60)
    for row in sorted(rows, key=lambda row: -row["insertions"])[:5]:
        talk.run(
            "bash",
            ["git", "show", "--stat", "--format=%H%n%cI%n%s", row["commit"]],
            cwd=REPOSITORY,
            why=f"`{row['subject']}` is large.",
        )
    talk.answer(f"{len(rows)} commits; the largest five are above.")


def files_of_the_checkout(talk: Conversation) -> None:
    """Lists, searches and reads files of the repository."""
    talk.ask("Where is the format of a marker decided?")
    rows = [
        {"path": path, "mode": mode, "blob": blob, "size_bytes": int(size)}
        for mode, _, blob, size, path in (
            line.split(maxsplit=4) for line in output_of("git", "ls-tree", "-rl", "HEAD").splitlines()
        )
    ]
    talk.rows("list_files", rows, why="First the files.", path="/repo", recursive=True)
    talk.run(
        "bash",
        ["git", "grep", "-n", "-i", "marker", "--", "docs", "headroom_beam", "crates"],
        cwd=REPOSITORY,
        why="Then every mention.",
    )
    hits = output_of("git", "grep", "-n", "-w", "digest", "--", "*.py", "*.pyi", "*.rs").splitlines()[:200]
    talk.rows(
        "search_code",
        [dict(zip(("path", "line", "text"), hit.split(":", 2), strict=True)) for hit in hits],
        why="And `digest`, which it names.",
        pattern=r"\bdigest\b",
    )
    for row in sorted(
        (row for row in rows if row["path"].endswith((".md", ".pyi"))), key=lambda row: row["path"]
    )[:6]:
        talk.run("read_file", ["cat", "-n", row["path"]], cwd=REPOSITORY, path=f"/repo/{row['path']}")
    talk.answer("In docs/notation.md, which the native crate and the tests both follow.")


def processes(talk: Conversation) -> None:
    """Lists kernel threads, and traces small programs."""
    talk.ask("Is a kernel thread using time on this machine?")
    lines = output_of("ps", "--ppid", "2", "-o", "pid=,ppid=,stat=,rss=,times=,comm=").splitlines()
    names = ("pid", "ppid", "state", "rss_kib", "cpu_s", "command")
    rows: list[dict[str, Any]] = [dict(zip(names, line.split(maxsplit=5), strict=True)) for line in lines]
    talk.rows("list_processes", rows, parent=2)
    talk.run(
        "bash",
        ["strace", "-f", "-c", "-o", "/dev/stdout", PYTHON, "-c", "import json"],
        why="What does a start cost?",
    )
    talk.run(
        "bash",
        ["strace", "-e", "trace=openat,execve", "-o", "/dev/stdout", PYTHON, "-c", "import zlib"],
        why="Which files?",
    )
    talk.answer(f"{len(rows)} kernel threads, none of them busy.")


def failures(talk: Conversation) -> None:
    """Runs commands that fail, each in its own way."""
    talk.ask("Go through my list of commands and tell me which of them still fail.")
    for command in (
        ["ls", "-l", "no-such-folder"],
        ["git", "show", "no-such-revision"],
        ["make", "--directory", ".", "no-such-target"],
        ["tar", "-xf", "missing.tar.gz"],
        ["jq", ".rows[", "shop/prices.json"],
        ["node", "-e", "require('./no-such-module')"],
        ["sqlite3", "packages.db", "SELEKT 1"],
        [PYTHON, "-c", "import no_such_module"],
        [PYTHON, "-c", "print(1 / 0)"],
        ["sh", "-c", "echo partial output; exit 7"],
        ["curl", "--silent", "--show-error", "http://127.0.0.1:9/"],
        ["gzip", "-t", "shop/prices.json"],
        ["cargo", "build", "--manifest-path", "missing/Cargo.toml"],
        ["go", "build", "./no-such-package"],
        ["perl", "-e", "die 'out of cheese'"],
        ["grep", "-r", "needle", "shop"],
    ):
        talk.run("bash", command, why=f"`{Path(command[0]).name}`:")
    talk.answer("All of them fail; the exit status stands under each.")


def pictures_and_pages(talk: Conversation) -> None:
    """Fetches pictures in base64, and a page of HTML."""
    talk.ask("Fetch the test picture, and build the page of the json module.")
    root = Path(output_of("go", "env", "GOROOT").strip())
    for name in ("video-001.png", "video-001.jpeg", "video-005.gray.png"):
        picture = root / "src/image/testdata" / name
        encoded = output_of("base64", "-w0", str(picture))
        answer = {
            "path": f"image/testdata/{name}",
            "size": picture.stat().st_size,
            "encoding": "base64",
            "content": encoded,
        }
        talk.log("get_file_content", {"path": answer["path"]}, json.dumps(answer))
    subprocess.run([PYTHON, "-m", "pydoc", "-w", "json"], cwd=talk.workspace, check=True, capture_output=True)
    talk.run("read_file", ["cat", "json.html"], path="/project/json.html", why="The page is built.")
    talk.answer("Three pictures and one page.")


def commits(limit: int) -> Iterator[dict[str, Any]]:
    """Yields the repository's newest commits as rows, without their authors."""
    log = output_of("git", "log", f"-{limit}", "--numstat", "--format=%x1e%H%x1f%cI%x1f%s")
    for entry in log.split("\x1e")[1:]:
        head, *numbers = entry.strip().splitlines()
        commit, date, subject = head.split("\x1f")
        files = [line.split("\t") for line in numbers if line]
        added = sum(int(count) for count, _, _ in files if count != "-")
        removed = sum(int(count) for _, count, _ in files if count != "-")
        yield {
            "commit": commit,
            "date": date,
            "subject": subject,
            "insertions": added,
            "deletions": removed,
            "files": [path for _, _, path in files],
        }
