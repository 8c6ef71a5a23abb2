"""Records the traces under `examples/traces/`: an agent answers questions about a machine and a checkout.

Every tool result is what a program printed when `recording.py` ran it. Only paths, names of this machine and
e-mail addresses are replaced. The sessions hold the questions and answers. What the agent asks for next comes
from what it has just read. A session is left out if one of its programs isn't installed; standard error names
it.

    python examples/record_traces.py --output examples/traces
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import sessions_packages as packages
import sessions_programs as programs
from recording import REPOSITORY, Conversation, Session, anthropic_messages, openai_messages
from samples import write_samples

GO_PACKAGES = [
    "net/http",
    "encoding/json",
    "archive/zip",
    "crypto/tls",
    "go/types",
    "image/png",
    "text/template",
    "os/exec",
]
DEBIAN_PACKAGES = [
    "bash",
    "coreutils",
    "gzip",
    "tar",
    "sed",
    "grep",
    "libc-bin",
    "make",
    "git",
    "perl-base",
    "util-linux",
]
MODULES = ["json.decoder", "zipfile", "http.client", "textwrap", "heapq", "bisect", "shlex", "graphlib"]

# The sessions of each file: name, programs that must be installed, function. A file of conversations has one
# record for each conversation, a file of messages one for each message.
PLAN: dict[str, list[tuple[str, str, Session]]] = {
    "openai_conversations.jsonl": [
        ("dependencies", "cargo git", packages.native_dependencies),
        ("metadata", "", packages.package_metadata),
        ("lints", "ruff", programs.python_lints),
        ("go-tree", "go", packages.go_tree),
        ("ledger", "cargo rustc", programs.broken_rust),
        *((f"go-{name.replace('/', '-')}", "go", packages.go_package(name)) for name in GO_PACKAGES),
    ],
    "openai_messages.jsonl": [
        ("environment", "", packages.installed_python_packages),
        ("database", "sqlite3 dpkg-query", packages.data_base),
        ("history", "git", programs.history),
        ("failures", "git make jq node sqlite3 curl gzip cargo go perl", programs.failures),
        ("tests", "go", programs.go_tests),
        *((f"debian-{name}", "dpkg find ldd", packages.debian_package(name)) for name in DEBIAN_PACKAGES),
    ],
    "anthropic_conversations.jsonl": [
        ("system", "dpkg dpkg-query", packages.system_packages),
        ("shop", "ruff", programs.broken_python),
        ("pluggy", "ruff", programs.lints_of_a_dependency),
        ("functions", "", packages.data_base_functions),
        ("pictures", "go base64", programs.pictures_and_pages),
    ],
    "anthropic_messages.jsonl": [
        ("checkout", "git", programs.files_of_the_checkout),
        ("ring", "gcc", programs.broken_c),
        ("tally", "cargo", programs.lints_of_rust),
        ("processes", "ps strace", programs.processes),
        ("server", "", programs.web_server),
        *((f"pydoc-{name}", "", packages.standard_library(name)) for name in MODULES),
    ],
}


def record(name: str, session: Session) -> Conversation:
    """Runs one session in a workspace of its own, and returns the conversation."""
    with tempfile.TemporaryDirectory(prefix="headroom-beam-") as folder:
        workspace = Path(folder).resolve()
        write_samples(workspace)
        conversation = Conversation(name, workspace=workspace)
        session(conversation)
        return conversation


def lines_of(file_name: str, conversation: Conversation) -> list[str]:
    """Returns one conversation as records, in the form and spelling of the named file."""
    # One form has Python's spacing and escapes, the other compact UTF-8: both are common in real logs.
    if file_name.startswith("openai"):
        messages, spelling = openai_messages(conversation), {}
    else:
        messages, spelling = (
            anthropic_messages(conversation),
            {"ensure_ascii": False, "separators": (",", ":")},
        )
    if "conversations" in file_name:
        return [json.dumps({"id": conversation.name, "messages": messages}, **spelling)]
    return [json.dumps({"conversation": conversation.name, **message}, **spelling) for message in messages]


def main() -> None:
    """Records every file of the plan."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "examples" / "traces", help="folder of the files"
    )
    parser.add_argument("--only", help="record only sessions whose name contains this")
    options = parser.parse_args()
    # The linters are installed beside this interpreter.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    options.output.mkdir(parents=True, exist_ok=True)
    for file_name, sessions in PLAN.items():
        lines: list[str] = []
        for name, needed, session in sessions:
            missing = [program for program in needed.split() if shutil.which(program) is None]
            if missing:
                print(f"{name}: left out, {', '.join(missing)} not installed", file=sys.stderr)
            elif not options.only or options.only in name:
                records = lines_of(file_name, record(name, session))
                print(
                    f"{name}: {len(records)} records, {sum(map(len, records)):,} characters", file=sys.stderr
                )
                lines += records
        (options.output / file_name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
