"""The coding agents whose sessions are recorded: a table, with all that differs between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialects import MODEL

KEY = "loopback-needs-no-key"


@dataclass(frozen=True)
class Setting:
    """Where an agent runs: a home folder and a project folder of its own, and the model's address."""

    home: Path
    project: Path
    url: str

    def write(self, name: str, text: str) -> None:
        """Writes a file of the home folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_json(self, name: str, value: Any) -> None:
        """Writes a file of the home folder as JSON."""
        self.write(name, json.dumps(value, indent=2) + "\n")


@dataclass(frozen=True)
class Agent:
    """An agent: how it is installed, configured, run and resumed, and what its session files hold.

    Args:
        name: what folders and options call it.
        package: its npm package.
        version: the pinned version.
        program: the program that the package installs.
        launcher: what is run instead, where only an install script of the package would make the program: a
            pattern below `node_modules`. Node.js runs a file that ends in `.cjs`.
        configure: writes configuration into the home folder.
        variables: gives environment variables.
        run: gives the arguments that answer a prompt and end.
        resume: gives the arguments that go on with a session; takes the session's id and a prompt.
        session_files: a pattern below the home folder for the files that a resumed agent reads.
        session_id: gives the id by which a session file is resumed.
        payload_paths: where results and all their copies stand, in the project's path language.
        sent_paths: those of them whose copies a resumed agent sends back.
        ignored: patterns of paths in requests that differ from run to run.
        command_end: what is appended to every command of the script.
        sent_characters: how much of a result it sends back once resumed, the beginning and the end of it.
        keeps_offsets: it remembers byte offsets into the file, so that lines must keep their length.
        resumes_on_terminal: it resumes on a terminal, where the prompt is typed.
        rewrites: once resumed it writes its whole history anew, and reads that one from then on.
        setup: gives the arguments of a first command that configures it.
        export: gives the arguments that print a session; the agent keeps it in a data base.
        import_: gives the arguments that read a printed session in again.
    """

    name: str
    package: str
    version: str
    program: str
    run: Callable[[str], list[str]]
    resume: Callable[[str, str], list[str]]
    session_files: str
    payload_paths: tuple[str, ...]
    sent_paths: tuple[str, ...]
    configure: Callable[[Setting], None] = lambda _setting: None
    variables: Callable[[Setting], dict[str, str]] = lambda _setting: {}
    launcher: str = ""
    session_id: Callable[[Path], str] = lambda session: session.stem
    ignored: tuple[str, ...] = ()
    command_end: str = ""
    sent_characters: int | None = None
    keeps_offsets: bool = False
    resumes_on_terminal: bool = False
    rewrites: bool = False
    setup: Callable[[Setting], list[str]] | None = None
    export: Callable[[str], list[str]] | None = None
    import_: Callable[[Path], list[str]] | None = None


# --------------------------------------------------------------------------------------------- Claude Code


_CLAUDE_OPTIONS = ["--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"]

CLAUDE_CODE = Agent(
    name="claude-code",
    package="@anthropic-ai/claude-code",
    version="2.1.332",
    program="claude",
    launcher="@anthropic-ai/claude-code/cli-wrapper.cjs",
    variables=lambda setting: {
        "ANTHROPIC_BASE_URL": setting.url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        # It refuses to skip its questions as root unless it is told that it can do no harm.
        "IS_SANDBOX": "1",
    },
    run=lambda prompt: ["-p", prompt, *_CLAUDE_OPTIONS],
    resume=lambda session, prompt: ["-p", prompt, "--resume", session, *_CLAUDE_OPTIONS],
    session_files=".claude/projects/*/*.jsonl",
    payload_paths=(
        "{type=user}.message.content[*]{type=tool_result}.content:string",
        "{type=user}.message.content[*]{type=tool_result}.content[*]{type=text}.text:string",
        "{type=user}.toolUseResult.stdout:string",
    ),
    sent_paths=("{type=user}.message.content[*]{type=tool_result}.content:string",),
)

# --------------------------------------------------------------------------------------------------- Codex


def _configure_codex(setting: Setting) -> None:
    setting.write(
        ".codex/config.toml",
        f"""model = "{MODEL}"
model_provider = "loopback"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.loopback]
name = "loopback"
base_url = "{setting.url}/v1"
wire_api = "responses"
""",
    )


CODEX = Agent(
    name="codex",
    package="@openai/codex",
    version="0.171.0",
    program="codex",
    configure=_configure_codex,
    run=lambda prompt: ["exec", "--skip-git-repo-check", prompt],
    resume=lambda session, prompt: ["exec", "resume", "--skip-git-repo-check", session, prompt],
    session_files=".codex/sessions/*/*/*/rollout-*.jsonl",
    # rollout-2026-03-02T08-00-00-<the id, a UUID of 36 characters>
    session_id=lambda session: session.stem[-36:],
    payload_paths=(
        "{type=response_item}.payload{type=function_call_output}.output",
        "{type=response_item}.payload{type=custom_tool_call_output}.output",
        "{type=event_msg}.payload.item{type=CommandExecution}.aggregated_output:string",
    ),
    sent_paths=("{type=response_item}.payload{type=function_call_output}.output",),
    ignored=(r"\.client_metadata\..*", r"\.input\[\d+\]\.id", r"\.prompt_cache_key"),
    keeps_offsets=True,
)

# ---------------------------------------------------------------------------------------------- Gemini CLI


_GEMINI_MODEL = "gemini-2.5-pro"


def _first_session_id(session: Path) -> str:
    with session.open(encoding="utf-8") as lines:
        return str(json.loads(next(lines))["sessionId"])


GEMINI_CLI = Agent(
    name="gemini-cli",
    package="@google/gemini-cli",
    version="0.61.0",
    program="gemini",
    configure=lambda setting: setting.write_json(
        ".gemini/settings.json",
        {
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "telemetry": {"enabled": False},
        },
    ),
    variables=lambda setting: {"GOOGLE_GEMINI_BASE_URL": setting.url, "GEMINI_API_KEY": KEY},
    run=lambda prompt: ["--yolo", "--skip-trust", "--model", _GEMINI_MODEL, "-p", prompt],
    resume=lambda session, prompt: [
        *("--yolo", "--skip-trust", "--model", _GEMINI_MODEL),
        *("--resume", session, "-p", prompt),
    ],
    session_files=".gemini/tmp/*/chats/session-*.jsonl",
    session_id=_first_session_id,
    payload_paths=(
        "{type=gemini}.toolCalls[*].result[*].functionResponse.response.output:string",
        "{type=gemini}.toolCalls[*].resultDisplay:string",
        "{type=user}.content[*].functionResponse.response.output:string",
        '."$set".messages[*]{type=gemini}.toolCalls[*].result[*].functionResponse.response.output:string',
        '."$set".messages[*]{type=gemini}.toolCalls[*].resultDisplay:string',
        '."$set".messages[*]{type=user}.content[*].functionResponse.response.output:string',
    ),
    # All of them go out side by side, under the same call.
    sent_paths=(
        "{type=gemini}.toolCalls[*].result[*].functionResponse.response.output:string",
        "{type=user}.content[*].functionResponse.response.output:string",
        '."$set".messages[*]{type=gemini}.toolCalls[*].result[*].functionResponse.response.output:string',
        '."$set".messages[*]{type=user}.content[*].functionResponse.response.output:string',
    ),
    rewrites=True,
)

# ----------------------------------------------------------------------------------------------- Qwen Code


QWEN_CODE = Agent(
    name="qwen-code",
    package="@qwen-code/qwen-code",
    version="0.24.4",
    program="qwen",
    configure=lambda setting: setting.write_json(
        ".qwen/settings.json",
        {
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            # Its own terminal loses the output of commands that end at once.
        },
    ),
    variables=lambda setting: {
        "OPENAI_BASE_URL": f"{setting.url}/v1",
        "OPENAI_API_KEY": KEY,
        "OPENAI_MODEL": MODEL,
        "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
    },
    run=lambda prompt: ["--auth-type", "openai", "--yolo", prompt],
    resume=lambda session, prompt: ["--auth-type", "openai", "--yolo", "--resume", session, prompt],
    session_files=".qwen/projects/*/chats/*.jsonl",
    payload_paths=(
        "{type=tool_result}.message.parts[*].functionResponse.response.output:string",
        "{type=tool_result}.toolCallResult.resultDisplay:string",
        "{type=tool_result}.toolCallResult.resultDisplay.output:string",
        "{type=tool_result}.toolCallResult.resultDisplay.text:string",
    ),
    sent_paths=("{type=tool_result}.message.parts[*].functionResponse.response.output:string",),
    # It loses the output of a command that ends at once.
    command_end="; sleep 0.5",
)

# ------------------------------------------------------------------------------------------------------ pi


_PI_OPTIONS = ["--provider", "loopback", "--model", MODEL]


def _configure_pi(setting: Setting) -> None:
    model = {
        "id": MODEL,
        "name": MODEL,
        "reasoning": False,
        "input": ["text"],
        "contextWindow": 200_000,
        "maxTokens": 8_000,
        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
    }
    provider = {"baseUrl": f"{setting.url}/v1", "api": "openai-completions", "apiKey": KEY, "models": [model]}
    setting.write_json(".pi/agent/models.json", {"providers": {"loopback": provider}})


PI = Agent(
    name="pi",
    package="@mariozechner/pi-coding-agent",
    version="0.73.1",
    program="pi",
    configure=_configure_pi,
    variables=lambda _setting: {"PI_OFFLINE": "1", "PI_TELEMETRY": "0"},
    run=lambda prompt: [*_PI_OPTIONS, "-p", prompt],
    resume=lambda session, prompt: [*_PI_OPTIONS, "--session", session, "-p", prompt],
    session_files=".pi/agent/sessions/*/*.jsonl",
    # <time>_<the id>
    session_id=lambda session: session.stem.split("_")[1],
    payload_paths=(
        "{type=message}.message{role=toolResult}.content[*]{type=text}.text:string @ .toolName",
        "{type=message}.message{role=toolResult}.details.truncation.content:string @ .toolName",
    ),
    sent_paths=("{type=message}.message{role=toolResult}.content[*]{type=text}.text:string @ .toolName",),
)

# ------------------------------------------------------------------------------------------------- Copilot


COPILOT = Agent(
    name="copilot",
    package="@github/copilot",
    version="1.0.102",
    program="copilot",
    variables=lambda setting: {
        "COPILOT_AUTO_UPDATE": "false",
        "COPILOT_MODEL": MODEL,
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_API_KEY": KEY,
        "COPILOT_PROVIDER_BASE_URL": f"{setting.url}/v1",
        "COPILOT_PROVIDER_TYPE": "openai",
    },
    run=lambda prompt: ["-p", prompt, "--allow-all-tools"],
    resume=lambda session, prompt: ["-p", prompt, "--allow-all-tools", f"--resume={session}"],
    session_files=".copilot/session-state/*/events.jsonl",
    session_id=lambda session: session.parent.name,
    # The second prompt, after eight calls and their results, begins with the time of day.
    ignored=(r"\.messages\[19\]\.content",),
    payload_paths=(
        "{type=tool.execution_complete}.data.result.content:string",
        "{type=tool.execution_complete}.data.result.detailedContent:string",
    ),
    sent_paths=("{type=tool.execution_complete}.data.result.content:string",),
)

# ------------------------------------------------------------------------------------------------ opencode


_OPENCODE_OPTIONS = ["-m", f"loopback/{MODEL}", "--format", "json"]


def _configure_opencode(setting: Setting) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "loopback",
        "options": {"baseURL": f"{setting.url}/v1", "apiKey": KEY},
        "models": {MODEL: {"name": MODEL}},
    }
    setting.write_json(
        "opencode.json",
        {"provider": {"loopback": provider}, "share": "disabled", "autoupdate": False, "permission": "allow"},
    )


OPENCODE = Agent(
    name="opencode",
    package="opencode-ai",
    version="1.18.33",
    program="opencode",
    launcher="opencode-linux-*/bin/opencode",
    configure=_configure_opencode,
    variables=lambda setting: {
        "OPENCODE_CONFIG": str(setting.home / "opencode.json"),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
    },
    run=lambda prompt: ["run", *_OPENCODE_OPTIONS, "--title", "A look at the shop", prompt],
    resume=lambda session, prompt: ["run", *_OPENCODE_OPTIONS, "--session", session, prompt],
    session_files="exported/*.json",
    payload_paths=(
        ".messages[*].parts[*]{type=tool}.state.output:string @ .tool",
        ".messages[*].parts[*]{type=tool}.state.metadata.output:string @ .tool",
    ),
    sent_paths=(".messages[*].parts[*]{type=tool}.state.output:string @ .tool",),
    export=lambda session: ["export", session],
    import_=lambda session: ["import", str(session)],
)

# --------------------------------------------------------------------------------------------------- Cline


CLINE = Agent(
    name="cline",
    package="cline",
    version="3.0.65",
    program="cline",
    variables=lambda _setting: {"CLINE_TELEMETRY_DISABLED": "1"},
    setup=lambda setting: [
        *("auth", "--provider", "openai-compatible", "--apikey", KEY),
        *("--modelid", MODEL, "--baseurl", f"{setting.url}/v1"),
    ],
    run=lambda prompt: [prompt],
    # It resumes on a terminal only, where the prompt has to be typed.
    resume=lambda session, _prompt: ["--id", session],
    resumes_on_terminal=True,
    sent_characters=8_000,
    session_files=".cline/data/sessions/*/*.messages.json",
    session_id=lambda session: session.parent.name,
    payload_paths=(".messages[*].content[*]{type=tool_result}.content[*].result:string",),
    sent_paths=(".messages[*].content[*]{type=tool_result}.content[*].result:string",),
)

AGENTS: dict[str, Agent] = {
    agent.name: agent for agent in (CLAUDE_CODE, CODEX, GEMINI_CLI, QWEN_CODE, PI, COPILOT, OPENCODE, CLINE)
}
"""Every agent by its name."""
