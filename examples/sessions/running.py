"""Installs agents and runs them, in a folder and an environment of their own, on loopback only."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents import Agent, Setting
from project import make_project
from scripted_model import read_script

REPOSITORY = Path(__file__).resolve().parent.parent.parent
INSTALLED = REPOSITORY / "target" / "agents"
SESSIONS = REPOSITORY / "target" / "sessions"
COMMANDS = Path(__file__).resolve().parent / "commands.txt"

RESUMES = 2
"""How many commands at the end of the script are for resumed sessions."""

QUIET_S = 3
"""A terminal on which nothing was written for so many seconds is waiting for a key."""

FIRST_PROMPT = "Look at the data of this project."
SECOND_PROMPT = "Count the lines of the log."


class AgentFailed(RuntimeError):
    """An agent didn't do what the script asks for."""


@dataclass(frozen=True)
class Workplace:
    """The folders of one agent below `target/sessions`.

    Args:
        root: the folder around all of them.
        base: which home folder runs begin with.
        recorded_commands: how many commands of the script a recorded session has at most.
    """

    root: Path
    base: str = "recorded"
    recorded_commands: int | None = None

    def commands(self, agent: Agent, *, resumes: int) -> list[str]:
        """The commands that an agent runs in all, until its session was resumed so many times."""
        commands = read_script(COMMANDS)
        first, further = commands[:-RESUMES], commands[-RESUMES:]
        return [
            command + agent.command_end for command in first[: self.recorded_commands] + further[:resumes]
        ]

    @property
    def home(self) -> Path:
        """Its home folder, while it runs."""
        return self.root / "home"

    @property
    def project(self) -> Path:
        """The project that it looks at."""
        return self.root / "project"

    @property
    def recorded(self) -> Path:
        """Its home folder as an earlier run left it."""
        return self.root / self.base

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.root / "output.log"

    def requests(self, run: str) -> Path:
        """The requests of a run."""
        return self.root / f"{run}.requests.jsonl"

    def begin(self, *, rows: int) -> None:
        """Starts anew, with an empty home folder and a new project."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.home.mkdir(parents=True)
        make_project(self.project, rows=rows)
        # A repository of its own, so that no agent takes the one around it for the project.
        subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", str(self.project)], check=True)

    def keep(self) -> None:
        """Puts the home folder away as the one that runs begin with."""
        shutil.rmtree(self.recorded, ignore_errors=True)
        copy_folder(self.home, self.recorded)

    def put_back(self, run: str) -> None:
        """Makes the home folder what it was after the earlier run, and forgets a run of this name."""
        self.requests(run).unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)
        copy_folder(self.recorded, self.home)


def copy_folder(source: Path, target: Path) -> None:
    """Copies files, folders and links with their times of change; leaves sockets out."""

    def others(folder: str, names: list[str]) -> list[str]:
        paths = {name: Path(folder, name) for name in names}
        return [
            name for name, path in paths.items() if not (path.is_symlink() or path.is_file() or path.is_dir())
        ]

    shutil.copytree(source, target, symlinks=True, ignore=others)


def install(agent: Agent) -> None:
    """Installs an agent's pinned version with npm, unless it is there. No script of a package is run."""
    folder = INSTALLED / agent.name
    manifest = folder / "node_modules" / agent.package / "package.json"
    if manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["version"] == agent.version:
        return
    folder.mkdir(parents=True, exist_ok=True)
    source = f"{agent.package}@{agent.version}"
    command = [
        "npm",
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder),
        source,
    ]
    subprocess.run(command, check=True, timeout=900, stdout=subprocess.DEVNULL)


def environment(agent: Agent, setting: Setting) -> dict[str, str]:
    """The whole environment of an agent: nothing of the caller's but where programs are.

    Proxies point at a closed port of this machine, so that what doesn't go to loopback goes nowhere.
    """
    temporary = setting.home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(setting.home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "CI": "1",
        "DO_NOT_TRACK": "1",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
        **agent.variables(setting),
    }


def call(agent: Agent, arguments: Sequence[str], setting: Setting, output: Path, *, timeout_s: float) -> None:
    """Runs an agent in the project folder, appending what it prints to a file.

    Raises:
        AgentFailed: it took too long or ended with an error.
    """
    with output.open("ab") as sink:
        process = subprocess.Popen(
            [*program_of(agent), *arguments],
            cwd=setting.project,
            env=environment(agent, setting),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.DEVNULL if agent.export else sink,
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AgentFailed(f"{agent.name} took longer than {timeout_s} s; see {output}") from None
        finally:
            end_processes(setting.home)
            process.wait()
    if code:
        raise AgentFailed(f"{agent.name} ended with code {code}; see {output}")


def call_on_terminal(
    agent: Agent,
    arguments: Sequence[str],
    typed: str,
    ended: Callable[[], bool],
    setting: Setting,
    output: Path,
    *,
    timeout_s: float,
) -> None:
    """Runs an agent on a terminal, types a line once its screen is quiet, and ends it when `ended` says so.

    Raises:
        AgentFailed: it took too long.
    """
    variables = {**environment(agent, setting), "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    deadline = time.monotonic() + timeout_s
    process = subprocess.Popen(
        [*program_of(agent), *arguments],
        cwd=setting.project,
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    keys = [typed.encode(), b"\r"]
    # Keys that come before the agent has drawn its screen are lost, and so may be others. Without an answer
    # on the screen they are typed again.
    drawn, typing = False, False
    try:
        with output.open("ab") as sink:
            while not ended():
                if time.monotonic() > deadline:
                    raise AgentFailed(f"{agent.name} took longer than {timeout_s} s; see {output}")
                readable, _, _ = select.select([ours], [], [], QUIET_S)
                if readable:
                    sink.write(os.read(ours, 65536))
                    drawn = True
                    if typing:
                        keys, typing = keys[1:], False
                elif drawn and keys:
                    os.write(ours, keys[0])
                    typing = True
    finally:
        end_processes(setting.home)
        process.wait()
        os.close(ours)


def program_of(agent: Agent) -> list[str]:
    """The words that start an agent."""
    modules = INSTALLED / agent.name / "node_modules"
    if not agent.launcher:
        return [str(modules / ".bin" / agent.program)]
    found = sorted(modules.glob(agent.launcher))
    if not found:
        raise AgentFailed(f"{agent.name}: no {agent.launcher} was installed")
    return [*(["node"] if found[0].suffix == ".cjs" else []), str(found[0])]


def end_processes(home: Path) -> None:
    """Ends every process whose home folder this is: agents leave servers of their own behind."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            if f"HOME={home}".encode() in variables:
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue
