"""Records a session of each agent: it runs the commands of the script in a made-up project.

    python examples/sessions/record.py                 # every agent
    python examples/sessions/record.py codex pi --rows 240

What it leaves in target/sessions/AGENT: the session files in `session/`, the home folder as the agent left it
in `recorded/`, every request in `record.requests.jsonl` and what the agent printed in `output.log`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

from agents import AGENTS, Agent, Setting
from dialects import DIALECTS, Result
from running import FIRST_PROMPT, SESSIONS, AgentFailed, Workplace, call, install
from scripted_model import Request, read_requests, serving

ROWS = 120


def record(agent: Agent, workplace: Workplace, *, rows: int, timeout_s: float) -> list[Path]:
    """Records one session and gives its files.

    Raises:
        AgentFailed: the agent didn't run every command of the script and then end.
    """
    install(agent)
    workplace.begin(rows=rows)
    script = workplace.commands(agent, resumes=0)
    requests = workplace.requests("record")
    with serving(script, requests) as model:
        setting = Setting(workplace.home, workplace.project, model.url)
        agent.configure(setting)
        if agent.setup:
            call(agent, agent.setup(setting), setting, workplace.log, timeout_s=timeout_s)
        call(agent, agent.run(FIRST_PROMPT), setting, workplace.log, timeout_s=timeout_s)
        if agent.export:
            _export(agent, setting, workplace, timeout_s=timeout_s)
    check_commands(agent, read_requests(requests), script)
    workplace.keep()
    files = sorted(workplace.recorded.glob(agent.session_files))
    if not files:
        raise AgentFailed(f"{agent.name} left no file {agent.session_files}")
    for file in files:
        target = workplace.root / "session" / file.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, target)
    return files


def _export(agent: Agent, setting: Setting, workplace: Workplace, *, timeout_s: float) -> None:
    assert agent.export is not None
    session = re.search(r'"sessionID":"(\w+)"', workplace.log.read_text(encoding="utf-8"))
    if session is None:
        raise AgentFailed(f"{agent.name} printed no session id; see {workplace.log}")
    exported = setting.home / "exported" / f"{session[1]}.json"
    exported.parent.mkdir()
    call(agent, agent.export(session[1]), setting, exported, timeout_s=timeout_s)


def check_commands(agent: Agent, requests: list[Request], script: list[str]) -> None:
    """Checks that every command was run, that each had a result, and that the last sentence was asked for."""
    turns = [request for request in requests if request.offers_shell]
    asked = [request.command for request in turns if request.command]
    if sorted(asked) != sorted(script) or not turns or turns[-1].command is not None:
        raise AgentFailed(f"{agent.name} ran {len(asked)} commands of {len(script)}")
    empty = [
        number for number, result in enumerate(results_of(turns[-1]), start=1) if not result.text.strip()
    ]
    if empty:
        raise AgentFailed(f"{agent.name} sent back nothing for command {empty[0]}")


def results_of(request: Request) -> list[Result]:
    """The tool results in a request."""
    return DIALECTS[str(request.dialect)].results(request.body)


def chosen(names: list[str]) -> list[Agent]:
    """The agents of these names, or all."""
    return [AGENTS[name] for name in names] if names else list(AGENTS.values())


def main() -> int:
    """Records the agents that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "agents", nargs="*", choices=[[], *AGENTS], metavar="AGENT", help="default: every agent"
    )
    parser.add_argument("--rows", type=int, default=ROWS, help=f"how large the project's files are ({ROWS})")
    parser.add_argument(
        "--timeout_s", type=float, default=180, help="seconds that one run of an agent may take (180)"
    )
    given = parser.parse_args()
    failed = 0
    for agent in chosen(given.agents):
        try:
            files = record(
                agent, Workplace(SESSIONS / agent.name), rows=given.rows, timeout_s=given.timeout_s
            )
            sizes = ", ".join(f"{file.stat().st_size:,} bytes" for file in files)
            print(f"{agent.name} {agent.version}: {sizes}", flush=True)
        except AgentFailed as error:
            print(error, file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
