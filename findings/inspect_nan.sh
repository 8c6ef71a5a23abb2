#!/usr/bin/env bash
# A score that isn't a number makes an evaluation log of Inspect AI something that isn't JSON. Its .eval
# archives hold the same texts.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages inspect-ai==0.3.285 orjson==3.11.4

run_python >seen <<'PY'
import os
import zipfile

import orjson
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import solver
from inspect_ai.tool import ToolCall

os.environ["INSPECT_DISPLAY"] = "none"


@solver
def one_call():
    async def solve(state, generate):
        call = ToolCall(id="c1", function="list", arguments={})
        state.messages.append(ChatMessageAssistant(content="", tool_calls=[call]))
        state.messages.append(ChatMessageTool(content='[{"id": 1}]', function="list", tool_call_id="c1"))
        return state

    return solve


def scored(value):
    @scorer(metrics=[mean()])
    def loss():
        async def score(state, target):
            return Score(value=value)

        return score

    return loss()


def is_json(text):
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


for value in 0.5, float("nan"):
    for kind in "json", "eval":
        task = Task(dataset=[Sample(input="q", target="a")], solver=one_call(), scorer=scored(value))
        (log,) = eval(task, model="mockllm/model", log_format=kind, log_dir="logs")
        if kind == "json":
            with open(log.location, "rb") as file:
                members = {"the file": file.read()}
        else:
            archive = zipfile.ZipFile(log.location)
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
        bad = [name for name, text in members.items() if not is_json(text)]
        again = read_eval_log(log.location).samples[0].scores["loss"].value
        bad = ", ".join(bad) or "none"
        print(f".{kind} with the score {value}: {log.status}, no JSON: {bad}; read back: {again}")
PY
expect <<'TEXT'
.json with the score 0.5: success, no JSON: none; read back: 0.5
.eval with the score 0.5: success, no JSON: none; read back: 0.5
.json with the score nan: success, no JSON: the file; read back: nan
.eval with the score nan: success, no JSON: _journal/summaries/1.json, header.json, reductions.json, samples/1_epoch_1.json, summaries.json; read back: nan
TEXT
means "readers that keep to the standard refuse the whole log; inspect_ai itself, and Python's json, read" \
    "it. To have such a log read elsewhere, write NaN as null first."
