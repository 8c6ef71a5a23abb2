"""The scripted model speaks every dialect; recorded sessions and the comparison of requests are sound.

The agents themselves are run by `make sessions`.
"""

import doctest
import gzip
import hashlib
import http.client
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SESSIONS = REPOSITORY / "examples" / "sessions"
RECORDED = sorted((SESSIONS / "recorded").iterdir())
MODULES = [path.stem for path in sorted(SESSIONS.glob("*.py"))]
SCRIPT = ["echo one", "echo two"]

PLACES = {
    "claude-code.jsonl": {
        "{type=user}.message{role=user}.content[*]{type=tool_result}.content",
        "{type=user}.toolUseResult.stdout",
    },
    "claude-code.stream.jsonl": {
        "{type=user}.message{role=user}.content[*]{type=tool_result}.content",
        "{type=user}.tool_use_result.stdout",
    },
    "cline.json": {".messages[*]{role=user}.content[*]{type=tool_result}.content[*].result"},
    "codex.jsonl": {
        "{type=event_msg}.payload{type=item_completed}.item{type=CommandExecution}.aggregated_output",
        "{type=response_item}.payload{type=function_call_output}.output",
    },
    "copilot.jsonl": {"{type=tool.execution_complete}.data.result.content"},
    "gemini-cli.jsonl": {
        "{type=gemini}.toolCalls[*].result[*].functionResponse.response.output",
        "{type=gemini}.toolCalls[*].resultDisplay",
        "{type=user}.content[*].functionResponse.response.output",
    },
    "gemini-cli.resumed.jsonl": {
        '."$set".messages[*]{type=gemini}.toolCalls[*].result[*].functionResponse.response.output',
        '."$set".messages[*]{type=gemini}.toolCalls[*].resultDisplay',
        '."$set".messages[*]{type=user}.content[*].functionResponse.response.output',
        "{type=gemini}.toolCalls[*].result[*].functionResponse.response.output",
        "{type=gemini}.toolCalls[*].resultDisplay",
        "{type=user}.content[*].functionResponse.response.output",
    },
    "opencode.json": {
        ".messages[*].parts[*]{type=tool}.state.metadata.output",
        ".messages[*].parts[*]{type=tool}.state.output",
    },
    "pi.jsonl": {"{type=message}.message{role=toolResult}.content[*]{type=text}.text"},
    "qwen-code.jsonl": {
        "{type=tool_result}.message{role=user}.parts[*].functionResponse.response.output",
        "{type=tool_result}.toolCallResult.resultDisplay{type=shell_result}.output",
        "{type=tool_result}.toolCallResult.resultDisplay{type=shell_result}.text",
    },
}


@pytest.fixture(autouse=True)
def sessions_path(monkeypatch):
    monkeypatch.syspath_prepend(str(SESSIONS))


@pytest.fixture
def model(tmp_path):
    from scripted_model import serving

    with serving(SCRIPT, tmp_path / "requests.jsonl") as server:
        yield server


@pytest.fixture
def outputs(tmp_path):
    """What the commands print in the project of the recorded sessions."""
    from places import outputs_of
    from project import make_project
    from publish import ROWS
    from running import COMMANDS
    from scripted_model import read_script

    make_project(tmp_path / "project", rows=ROWS)
    return outputs_of(read_script(COMMANDS), tmp_path / "project")


def agent_of(path):
    from agents import AGENTS

    return AGENTS[path.name.split(".")[0]]


def post(model, path, body, headers=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", model.server_port, timeout=30)
    connection.request("POST", path, raw, {"Content-Type": "application/json", **(headers or {})})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def events_of(text):
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


class Chat:
    """A client of OpenAI Chat, which gives the command or the sentence that came back."""

    path = "/v1/chat/completions"

    def request(self, done, *, stream, shell):
        messages = [{"role": "user", "content": "go"}]
        for n in range(done):
            messages += [{"role": "assistant"}, {"role": "tool", "tool_call_id": f"c{n}", "content": f"r{n}"}]
        parameters = {"properties": {"command": {"type": "string"}}, "required": ["command"]}
        tools = (
            [{"type": "function", "function": {"name": "bash", "parameters": parameters}}] if shell else []
        )
        return {"messages": messages, "tools": tools, "stream": stream}

    def answer(self, text, *, stream):
        message = (
            events_of(text)[0]["choices"][0]["delta"] if stream else json.loads(text)["choices"][0]["message"]
        )
        if message.get("tool_calls"):
            return json.loads(message["tool_calls"][0]["function"]["arguments"])["command"]
        return message["content"]


class Responses:
    path = "/v1/responses"

    def request(self, done, *, stream, shell):
        items = [{"type": "message", "role": "user", "content": "go"}]
        for n in range(done):
            items += [
                {"type": "function_call", "call_id": f"c{n}"},
                {"type": "function_call_output", "call_id": f"c{n}", "output": f"r{n}"},
            ]
        parameters = {"properties": {"cmd": {"type": "string"}}, "required": ["cmd"]}
        tools = [{"type": "function", "name": "exec_command", "parameters": parameters}] if shell else []
        return {"input": items, "tools": tools, "stream": stream, "include": ["reasoning.encrypted_content"]}

    def answer(self, text, *, stream):
        response = events_of(text)[-1]["response"] if stream else json.loads(text)
        reasoning, item = response["output"]
        assert reasoning["encrypted_content"]
        return json.loads(item["arguments"])["cmd"] if "arguments" in item else item["content"][0]["text"]


class Anthropic:
    path = "/v1/messages"

    def request(self, done, *, stream, shell):
        messages = [{"role": "user", "content": "go"}]
        for n in range(done):
            result = {"type": "tool_result", "tool_use_id": f"c{n}", "content": f"r{n}"}
            messages += [{"role": "assistant", "content": []}, {"role": "user", "content": [result]}]
        schema = {"properties": {"command": {"type": "string"}}, "required": ["command"]}
        tools = [{"name": "Read"}, {"name": "Bash", "input_schema": schema}] if shell else []
        return {"messages": messages, "tools": tools, "stream": stream, "thinking": {"type": "enabled"}}

    def answer(self, text, *, stream):
        if not stream:
            thinking, block = json.loads(text)["content"]
            assert thinking["signature"]
            return block["text"] if block["type"] == "text" else block["input"]["command"]
        deltas = [event["delta"] for event in events_of(text) if event["type"] == "content_block_delta"]
        assert [delta["type"] for delta in deltas[:2]] == ["thinking_delta", "signature_delta"]
        return deltas[2]["text"] if "text" in deltas[2] else json.loads(deltas[2]["partial_json"])["command"]


class Gemini:
    def __init__(self):
        self.path = "/v1beta/models/some:streamGenerateContent?alt=sse"

    def request(self, done, *, stream, shell):
        self.path = f"/v1beta/models/some:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"
        contents = [{"role": "user", "parts": [{"text": "go"}]}]
        for n in range(done):
            part = {"functionResponse": {"id": f"c{n}", "response": {"output": f"r{n}"}}}
            # As a resumed Gemini CLI does, every result is sent twice.
            contents += [{"role": "model", "parts": []}, {"role": "user", "parts": [part, part]}]
        schema = {"type": "OBJECT", "properties": {"command": {"type": "STRING"}}, "required": ["command"]}
        function = {"name": "run_shell_command", "parameters": schema}
        return {"contents": contents, "tools": [{"functionDeclarations": [function]}] if shell else []}

    def answer(self, text, *, stream):
        response = events_of(text)[0] if stream else json.loads(text)
        part = response["candidates"][0]["content"]["parts"][0]
        if "functionCall" in part:
            assert part["thoughtSignature"]
            return part["functionCall"]["args"]["command"]
        return part["text"]


DIALECTS = [Chat(), Responses(), Anthropic(), Gemini()]
CLIENTS = pytest.mark.parametrize("client", DIALECTS, ids=lambda client: type(client).__name__)
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@CLIENTS
@STREAM
def test_the_model_plays_its_script_and_ends_with_a_sentence(model, client, stream):
    from scripted_model import LAST_SENTENCE

    answers = []
    for done in range(3):
        request = client.request(done, stream=stream, shell=True)
        answers.append(client.answer(post(model, client.path, request), stream=stream))
    assert answers == [*SCRIPT, LAST_SENTENCE]


@CLIENTS
def test_a_request_without_a_shell_gets_the_sentence(model, client):
    from scripted_model import LAST_SENTENCE

    request = client.request(0, stream=False, shell=False)
    assert client.answer(post(model, client.path, request), stream=False) == LAST_SENTENCE


@CLIENTS
@STREAM
def test_equal_requests_get_equal_answers(model, client, stream):
    request = client.request(1, stream=stream, shell=True)
    assert post(model, client.path, request) == post(model, client.path, request)


@CLIENTS
def test_requests_are_recorded_with_their_size_and_results(model, client, tmp_path):
    from record import results_of
    from scripted_model import read_requests

    request = client.request(2, stream=True, shell=True)
    post(model, client.path, request)
    (recorded,) = read_requests(tmp_path / "requests.jsonl")
    assert recorded.body == request
    assert recorded.body_bytes == len(json.dumps(request).encode())
    assert recorded.offers_shell
    assert recorded.command is None
    assert sorted({result.text for result in results_of(recorded)}) == ["r0", "r1"]


def test_compressed_and_chunked_requests_are_read(model, tmp_path):
    from scripted_model import read_requests

    raw = gzip.compress(json.dumps(Chat().request(0, stream=False, shell=True)).encode())
    post(model, Chat.path, raw, {"Content-Encoding": "gzip"})
    connection = http.client.HTTPConnection("127.0.0.1", model.server_port, timeout=30)
    headers = {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}
    connection.request("POST", Chat.path, iter([raw[:9], raw[9:]]), headers, encode_chunked=True)
    connection.getresponse().read()
    connection.close()
    assert [request.command for request in read_requests(tmp_path / "requests.jsonl")] == [
        SCRIPT[0],
        SCRIPT[0],
    ]


def test_the_model_listens_on_loopback_only(model):
    assert model.server_address[0] == "127.0.0.1"


def test_a_shell_that_takes_a_list_gets_one():
    from dialects import Tool, arguments_of

    command = {"type": ["array", "null"], "items": {"type": "string"}}
    tool = Tool(
        "shell", {"properties": {"command": command, "mode": {"enum": ["a", "b"]}}, "required": ["mode"]}
    )
    assert arguments_of(tool, "ls") == {"command": ["bash", "-c", "ls"], "mode": "a"}


def test_a_project_is_made_alike_every_time(tmp_path):
    from project import make_project

    states = []
    for name in ("a", "b"):
        make_project(tmp_path / name, rows=20)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        states.append([(p.relative_to(tmp_path / name), p.read_bytes(), p.stat().st_mtime) for p in files])
    assert states[0] == states[1]
    assert len(states[0]) == 8


def test_every_agent_has_a_recorded_session():
    from agents import AGENTS

    assert {agent_of(path).name for path in RECORDED} == set(AGENTS)
    assert {path.name for path in RECORDED} == set(PLACES)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_sessions_are_small_and_free_of_other_peoples_texts_and_paths(path, outputs):
    from publish import MOST_BYTES, Stripper, own_texts, stripped
    from running import Workplace

    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) <= MOST_BYTES
    own = own_texts(agent_of(path), Workplace(Path("unused")), outputs)
    assert stripped(text, Stripper(own, []).strip) == text
    assert not re.search(r"(?<!/home/user)/(tmp|root|work)\b|target/", text)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_results_stand_where_the_table_says(path, outputs):
    from places import places_in, values_of

    assert {place.path for place in places_in(values_of(path), outputs)} == PLACES[path.name]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_crushing_changes_nothing_but_results(path, outputs, tmp_path):
    from places import excerpts_of
    from resume import CRUSH, changes_between, crush, lines_of

    agent = agent_of(path)
    stream = "stream" in path.name
    paths = [p.replace(".toolUseResult", ".tool_use_result") if stream else p for p in agent.payload_paths]
    original = lines_of(path)
    crushed = crush(agent, path, paths, CRUSH, tmp_path / "crush")
    changes = changes_between(original, crushed)
    excerpts = [excerpt for output in outputs for excerpt in excerpts_of(output)]
    for change in changes:
        assert any(excerpt in change.before for excerpt in excerpts)
    if agent.keeps_offsets:
        assert [len(line) for line in crushed] == [len(line) for line in original]


def test_claude_code_hashes_the_messages_that_hold_results():
    records = [
        json.loads(line) for line in (SESSIONS / "recorded" / "claude-code.jsonl").read_text().splitlines()
    ]
    tails = {tail for record in records if record["type"] == "api-request" for tail in record["tail"]}
    results = [
        record["message"] for record in records if record["type"] == "user" and "toolUseResult" in record
    ]
    spelled = [json.dumps(m, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for m in results]
    assert len(results) == 3
    assert {hashlib.sha256(text.encode()).hexdigest() for text in spelled} <= tails


def request_with(results, *, system="be kind"):
    from scripted_model import Request

    messages = [{"role": "tool", "tool_call_id": str(n), "content": text} for n, text in enumerate(results)]
    body = {"system": system, "messages": messages}
    return Request(
        "/v1/chat/completions", len(json.dumps(body)), body, "openai-chat", offers_shell=True, command=None
    )


def test_a_request_with_compacted_results_in_place_of_originals_passes():
    from agents import PI
    from resume import Change, compare

    changes = [Change("a" * 900, "[a]")]
    control, crushed = request_with(["a" * 900, "b"]), request_with(["[a]", "b"])
    assert compare(PI, control, crushed, changes) == (1, [])


@pytest.mark.parametrize(
    ("crushed", "problem"),
    [
        (["a" * 900, "b"], "1 originals are still in the request"),
        (["a" * 900, "b"], "no result in the request is compacted"),
        (["[x]", "b"], "differs, and isn't a result that was compacted"),
        (["[a]"], ".messages differs, and isn't a result that was compacted"),
        (["[a]", "c"], ".messages[1].content differs, and isn't a result that was compacted"),
    ],
)
def test_a_request_that_is_otherwise_not_right_is_told(crushed, problem):
    from agents import PI
    from resume import Change, compare

    _, problems = compare(
        PI, request_with(["a" * 900, "b"]), request_with(crushed), [Change("a" * 900, "[a]")]
    )
    assert any(problem in each for each in problems)


def test_a_request_that_is_larger_elsewhere_is_told():
    from agents import PI
    from resume import Change, compare

    control = request_with(["a" * 900])
    crushed = request_with(["[a]"], system="be unkind " * 300)
    _, problems = compare(PI, control, crushed, [Change("a" * 900, "[a]")])
    assert ".system differs, and isn't a result that was compacted" in problems
    assert any("the request is smaller by" in problem for problem in problems)


def test_results_inside_json_in_a_string_and_cut_ones_are_recognised():
    from agents import CLINE
    from resume import Change, compare

    whole, small = "".join(f"line {n} of it\n" for n in range(900)), "[t]" + "z" * 90
    sent = whole[:3900] + "\n...\n" + whole[-3900:]
    control, crushed = (request_with([json.dumps([{"result": text}])]) for text in (sent, small))
    assert compare(CLINE, control, crushed, [Change(whole, small)]) == (1, [])


def test_crushing_that_changes_more_than_text_is_refused():
    from resume import changes_between
    from running import AgentFailed

    with pytest.raises(AgentFailed, match=r"more than a string at \.a"):
        changes_between([b'{"a":{"b":1}}\n'], [b'{"a":"text"}\n'])


def test_an_agents_environment_has_nothing_of_the_callers_and_leads_nowhere_but_to_loopback(
    monkeypatch, tmp_path
):
    from agents import AGENTS, Setting
    from running import environment

    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    for agent in AGENTS.values():
        variables = environment(agent, Setting(tmp_path, tmp_path, "http://127.0.0.1:1"))
        assert "secret" not in variables.values()
        assert variables["HTTPS_PROXY"] == variables["HTTP_PROXY"] == "http://127.0.0.1:9"
        assert not [value for value in variables.values() if "://" in value and "127.0.0.1" not in value]


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
def test_processes_left_behind_are_ended_by_their_home_folder(tmp_path):
    from running import end_processes

    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    left = subprocess.Popen(command, env={**os.environ, "HOME": str(tmp_path)})
    other = subprocess.Popen(command, env={**os.environ, "HOME": str(tmp_path / "other")})
    try:
        end_processes(tmp_path)
        assert left.wait(10) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_home_folder_is_put_back_without_sockets(tmp_path):
    import socket

    from running import Workplace

    workplace = Workplace(tmp_path)
    workplace.home.mkdir()
    (workplace.home / "file").write_text("before")
    with socket.socket(socket.AF_UNIX) as listener:
        monkey = os.getcwd()
        os.chdir(workplace.home)
        listener.bind("s")
        os.chdir(monkey)
        workplace.keep()
    (workplace.home / "file").write_text("after")
    (workplace.home / "new").write_text("")
    workplace.put_back("control")
    assert [path.name for path in workplace.home.iterdir()] == ["file"]
    assert (workplace.home / "file").read_text() == "before"


CODEX_SERVER = """#!{python}
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        print(json.dumps({{"id": message["id"], "result": {{}}}}), flush=True)
    if message["method"] == "thread/read" and message["params"]["threadId"] == "known":
        print(json.dumps({{"method": "note", "params": {{}}}}))
        items = [
            {{"type": "userMessage", "content": [{{"type": "text", "text": "go"}}]}},
            {{"type": "commandExecution"}},
            {{"type": "agentMessage", "text": "done"}},
        ]
        turns = [{{"items": items}}]
        print(json.dumps({{"id": message["id"], "result": {{"thread": {{"turns": turns}}}}}}), flush=True)
    elif message["method"] == "thread/read":
        print(json.dumps({{"id": message["id"], "error": {{"message": "no such thread"}}}}), flush=True)
"""


def test_codex_threads_are_read_over_its_server(tmp_path):
    from codex_threads import Turn, read_turns

    program = tmp_path / "codex"
    program.write_text(CODEX_SERVER.format(python=sys.executable))
    program.chmod(0o755)
    assert read_turns(program, "known", os.environ, tmp_path) == [Turn("go", "done", 3)]
    with pytest.raises(RuntimeError, match="refused thread/read: no such thread"):
        read_turns(program, "unknown", os.environ, tmp_path)
