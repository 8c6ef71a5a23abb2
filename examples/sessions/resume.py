"""Checks that a crushed session still opens: each agent goes on with it and sends compacted results back.

    python examples/sessions/record.py && python examples/sessions/resume.py
    python examples/sessions/resume.py codex --crush 'headroom-beam crush --input {input} --output {output} …'
    python examples/sessions/resume.py pi --each_path

Every recorded agent is resumed twice, each time in the home folder that the recorded run left: once with its
own session file (the control), once with the crushed one. It gets a further prompt and runs one more command.
Then the first requests of both runs are compared:

* both agents went on: they ran the command and ended with the model's last sentence;
* where a result was compacted in the file, the request has the compacted text, and nowhere the original;
* nothing else differs;
* the request is smaller by as many bytes as these results.

An agent that remembers byte offsets gets lines padded with blanks to their old length.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import codex_threads
from agents import AGENTS, CODEX, Agent, Setting
from places import walk
from record import chosen, results_of
from running import (
    INSTALLED,
    RESUMES,
    SECOND_PROMPT,
    SESSIONS,
    AgentFailed,
    Workplace,
    call,
    call_on_terminal,
    environment,
)
from scripted_model import LAST_SENTENCE, Request, read_requests, serving

CRUSH = (
    "headroom-beam crush {padding} --input {input} --output {output} --originals {originals} "
    "--trace_format {paths}"
)
TOLERANCE = 0.01


@dataclass(frozen=True)
class Change:
    """A string of the session file, before and after."""

    before: str
    after: str


@dataclass(frozen=True)
class Outcome:
    """What was found out about one agent."""

    agent: Agent
    file_bytes: int
    crushed_bytes: int
    control_bytes: int
    request_bytes: int
    compacted: int
    results: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        name = f"{self.agent.name} {self.agent.version}"
        parts = (
            f"{name}: file {self.file_bytes:,} → {self.crushed_bytes:,} bytes",
            f"next request {self.control_bytes:,} → {self.request_bytes:,} bytes",
            f"{self.compacted} of {self.results} results compacted",
            "; ".join(self.problems) or "all else equal",
        )
        return ", ".join(parts)


# ------------------------------------------------------------------------------------------------- crushing


def crush(agent: Agent, session: Path, paths: Sequence[str], command: str, folder: Path) -> list[bytes]:
    """Crushes a session file with a command and gives its lines.

    Args:
        agent: whose session it is.
        session: the file. One whole JSON value becomes one line.
        paths: the payload paths that the command gets.
        command: what is run; {padding}, {input}, {output}, {originals} and {paths} are filled in.
        folder: where the command works; emptied first.

    Raises:
        subprocess.CalledProcessError: the command failed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "input" / "session.jsonl"
    source.parent.mkdir(parents=True)
    source.write_bytes(b"".join(lines_of(session)))
    values = {
        "input": str(source.parent),
        "output": str(folder / "output"),
        "originals": str(folder / "originals"),
    }
    lists = {"{paths}": paths, "{padding}": ["--pad_lines"] if agent.keeps_offsets else []}
    words = [
        filled
        for word in shlex.split(command)
        for filled in (lists[word] if word in lists else [word.format_map(values)])
    ]
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (folder / "crush.log").open("wb") as log:
        environment = {**os.environ, "PATH": search}
        subprocess.run(words, check=True, stdout=log, stderr=log, env=environment, timeout=600)
    crushed = [path for path in (folder / "output").rglob("*.jsonl") if not path.parent.name.startswith("_")]
    if len(crushed) != 1:
        raise AgentFailed(f"{agent.name}: the command left {len(crushed)} files; see {folder}")
    return crushed[0].read_bytes().splitlines(keepends=True)


def lines_of(session: Path) -> list[bytes]:
    """The lines of a session file; a whole JSON value, indented or not, becomes one line."""
    raw = session.read_bytes()
    try:
        value = json.loads(raw)
    except ValueError:
        return raw.splitlines(keepends=True)
    return [json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"]


def changes_between(original: Sequence[bytes], crushed: Sequence[bytes]) -> list[Change]:
    """Lists the strings that differ between two session files, in their order.

    Raises:
        AgentFailed: something other than the text of a string differs.
    """
    changes = []
    for before, after in zip(original, crushed, strict=True):
        for path, old, new in differences(json.loads(before), json.loads(after)):
            if not (isinstance(old, str) and isinstance(new, str)):
                raise AgentFailed(f"crushing changed more than a string at {path}")
            changes.append(Change(old, new))
    return changes


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Lists where two JSON values differ, with both values there.

    >>> list(differences({"a": [1, "x"], "b": 2}, {"a": [1, "y"], "b": 2}))
    [('.a[1]', 'x', 'y')]
    """
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key, value in before.items():
            yield from differences(value, after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, value in enumerate(before):
            yield from differences(value, after[index], f"{path}[{index}]")
    elif before != after:
        yield path, before, after


# ------------------------------------------------------------------------------------------------- resuming


def resume(
    agent: Agent,
    workplace: Workplace,
    run: str,
    lines: Sequence[bytes] | None,
    *,
    resumes: int = 1,
    timeout_s: float,
) -> list[Request]:
    """Resumes a session, for the first or second time, and gives the turns.

    Args:
        agent: whose session it is.
        workplace: its folders; the home folder becomes what it was before.
        run: what the run is called.
        lines: what stands in the session file instead of what stood there.
        resumes: how many times the session is resumed with this one.
        timeout_s: how long the agent may take.

    Raises:
        AgentFailed: it didn't run the next command and end.
    """
    workplace.put_back(run)
    session = _session_of(agent, workplace.home)
    if lines is not None:
        times = session.stat()
        session.write_bytes(b"".join(lines))
        os.utime(session, ns=(times.st_atime_ns, times.st_mtime_ns))
    script = workplace.commands(agent, resumes=resumes)
    with serving(script, workplace.requests(run)) as model:
        setting = Setting(workplace.home, workplace.project, model.url)
        agent.configure(setting)
        if agent.setup:
            call(agent, agent.setup(setting), setting, workplace.log, timeout_s=timeout_s)
        if agent.import_:
            for folder in (setting.home / ".local").glob("share/opencode"):
                shutil.rmtree(folder)
            call(agent, agent.import_(session), setting, workplace.log, timeout_s=timeout_s)
        arguments = agent.resume(agent.session_id(session), SECOND_PROMPT)
        if agent.resumes_on_terminal:

            def ended() -> bool:
                return any(
                    turn.offers_shell and not turn.command for turn in read_requests(workplace.requests(run))
                )

            call_on_terminal(
                agent, arguments, SECOND_PROMPT, ended, setting, workplace.log, timeout_s=timeout_s
            )
        else:
            call(agent, arguments, setting, workplace.log, timeout_s=timeout_s)
    turns = [request for request in read_requests(workplace.requests(run)) if request.offers_shell]
    if [turn.command for turn in turns] != [script[-1], None]:
        raise AgentFailed(
            f"{agent.name} didn't go on with its {run} session: {len(turns)} turns; see {workplace.log}"
        )
    return turns


def _session_of(agent: Agent, home: Path) -> Path:
    sessions = sorted(home.glob(agent.session_files), key=lambda path: path.stat().st_size)
    if not sessions:
        raise AgentFailed(f"{agent.name} has no recorded session; record it first")
    # A resumed Gemini CLI begins a second file, which stays nearly empty.
    return sessions[-1]


# ------------------------------------------------------------------------------------------------ comparing


def compare(
    agent: Agent, control: Request, crushed: Request, changes: Sequence[Change]
) -> tuple[int, list[str]]:
    """Compares the first requests after both resumes.

    Returns:
        How many strings of the request are compacted, and what is wrong.
    """
    used: list[Change] = []
    problems: list[str] = []
    for path, before, after in _unexplained(differences(control.body, crushed.body), agent):
        change = next((change for change in changes if _is_compacted(before, after, change, agent)), None)
        if change is None:
            problems.append(f"{path} differs, and isn't a result that was compacted")
        else:
            used.append(change)
    sent = {text for _, text in walk(control.body)}
    left = {text for _, text in walk(crushed.body)}
    originals = sum(change.before in sent and change.before in left for change in changes)
    if originals:
        problems.append(f"{originals} originals are still in the request")
    if not used:
        problems.append("no result in the request is compacted")
    saved = control.body_bytes - crushed.body_bytes
    expected = sum(_json_bytes(change.before) - _json_bytes(change.after) for change in used)
    # What an agent cuts before it sends it can't save as much as it did in the file.
    if agent.sent_characters is None and abs(saved - expected) > TOLERANCE * control.body_bytes:
        problems.append(f"the request is smaller by {saved} bytes, the file by {expected} in what was sent")
    return len(used), problems


def _unexplained(found: Iterator[tuple[str, Any, Any]], agent: Agent) -> Iterator[tuple[str, Any, Any]]:
    """Leaves out what differs from run to run, and looks into JSON that stands in a string."""
    for path, before, after in found:
        if any(re.fullmatch(ignored, path) for ignored in agent.ignored):
            continue
        inside = _decoded(before), _decoded(after)
        if None in inside:
            yield path, before, after
        else:
            yield from _unexplained(differences(*inside, path), agent)


def _decoded(value: Any) -> Any:
    """The list or object that a string holds as JSON, or nothing."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _is_compacted(before: Any, after: Any, change: Change, agent: Agent) -> bool:
    """Says whether a string of the request differs by this change of the session file alone."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return False
    replaced = change.before in before and before.replace(change.before, change.after) == after
    return replaced or (_is_cut(before, change.before, agent) and _is_cut(after, change.after, agent))


def _is_cut(sent: str, whole: str, agent: Agent) -> bool:
    """Says whether `sent` is `whole`, or the beginning and the end of it as the agent cuts them."""
    if agent.sent_characters is None or len(whole) <= agent.sent_characters:
        return sent == whole
    part = agent.sent_characters // 3
    return (
        len(sent) <= agent.sent_characters and sent[:part] == whole[:part] and sent[-part:] == whole[-part:]
    )


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode())


def check(agent: Agent, workplace: Workplace, command: str, *, resumes: int = 1, timeout_s: float) -> Outcome:
    """Resumes one agent's session as it was and crushed, and compares.

    The home folder that the control leaves is kept in `control/`, to be resumed again.
    """
    session = _session_of(agent, workplace.recorded)
    original = lines_of(session)
    crushed = crush(agent, session, agent.payload_paths, command, workplace.root / "crush")
    changes = changes_between(original, crushed)
    control = resume(agent, workplace, f"control-{resumes}", None, resumes=resumes, timeout_s=timeout_s)
    problems = [f"control: {problem}" for problem in _thread_problems(agent, workplace)]
    if resumes < RESUMES:
        Workplace(workplace.root, "control").keep()
    resumed = resume(agent, workplace, f"crushed-{resumes}", crushed, resumes=resumes, timeout_s=timeout_s)
    problems += _thread_problems(agent, workplace)
    compacted, differing = compare(agent, control[0], resumed[0], changes)
    return Outcome(
        agent=agent,
        file_bytes=sum(map(len, original)),
        crushed_bytes=sum(len(line.rstrip()) + 1 for line in crushed),
        control_bytes=control[0].body_bytes,
        request_bytes=resumed[0].body_bytes,
        compacted=compacted,
        results=len(results_of(control[0])),
        problems=(*problems, *differing),
    )


def _thread_problems(agent: Agent, workplace: Workplace) -> list[str]:
    """Asks Codex's own server for the turns of the thread: the recorded one and the new one."""
    if agent is not CODEX:
        return []
    setting = Setting(workplace.home, workplace.project, "http://127.0.0.1:9")
    session = agent.session_id(_session_of(agent, workplace.home))
    program = INSTALLED / agent.name / "node_modules" / ".bin" / agent.program
    turns = codex_threads.read_turns(program, session, environment(agent, setting), setting.project)
    prompts = [turn.prompt for turn in turns]
    last = turns[-1].last_message if turns else None
    if len(turns) == 2 and prompts[-1] == SECOND_PROMPT and last == LAST_SENTENCE:
        return []
    return [f"thread/read lists {len(turns)} turns in place of 2"]


def sent_paths(agent: Agent, workplace: Workplace, command: str, *, timeout_s: float) -> dict[str, int]:
    """Crushes the results at one path at a time, and counts those that the resumed agent sends back."""
    session = _session_of(agent, workplace.recorded)
    original = lines_of(session)
    control = resume(agent, workplace, "control", None, timeout_s=timeout_s)
    sent = {}
    for path in agent.payload_paths:
        crushed = crush(agent, session, [path], command, workplace.root / "crush")
        turns = resume(agent, workplace, "path", crushed, timeout_s=timeout_s)
        changes = changes_between(original, crushed)
        found = _unexplained(differences(control[0].body, turns[0].body), agent)
        sent[path] = sum(
            any(_is_compacted(before, after, change, agent) for change in changes)
            for _, before, after in found
        )
    return sent


def main() -> int:
    """Checks the agents that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "agents", nargs="*", choices=[[], *AGENTS], metavar="AGENT", help="default: every agent"
    )
    parser.add_argument("--crush", default=CRUSH, help=f"crushes a folder ({CRUSH})")
    parser.add_argument(
        "--timeout_s", type=float, default=180, help="seconds that one run of an agent may take (180)"
    )
    parser.add_argument(
        "--each_path", action="store_true", help="say which copies a resumed agent sends back"
    )
    given = parser.parse_args()
    failed = 0
    for agent in chosen(given.agents):
        workplace = Workplace(SESSIONS / agent.name)
        try:
            if given.each_path:
                for path, number in sent_paths(
                    agent, workplace, given.crush, timeout_s=given.timeout_s
                ).items():
                    print(f"{agent.name}: {number} sent back from {path}", flush=True)
                continue
            outcomes = [check(agent, workplace, given.crush, timeout_s=given.timeout_s)]
            if agent.rewrites:
                again = Workplace(workplace.root, "control")
                outcomes.append(check(agent, again, given.crush, resumes=2, timeout_s=given.timeout_s))
        except AgentFailed as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        for outcome in outcomes:
            print(outcome, flush=True)
            failed += bool(outcome.problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
