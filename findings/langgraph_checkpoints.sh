#!/usr/bin/env bash
# Each step of a LangGraph thread stores all messages again: a result stands in the database once for each
# later step, and the database grows with the square of the steps.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

python_packages langgraph==1.2.24 langgraph-checkpoint-sqlite==3.1.2 langchain-core==1.8.3

run_python >seen <<'PY'
import sqlite3

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, MessagesState, StateGraph


def results_in_database(calls):
    """Runs a thread with so many calls; counts the results in its database, and of these the first."""
    left = list(range(calls))

    def model(state):
        if not left:
            return {"messages": [AIMessage("done")]}
        call = {"name": "run", "args": {}, "id": f"c{left.pop(0)}"}
        return {"messages": [AIMessage("", tool_calls=[call])]}

    def tools(state):
        call = state["messages"][-1].tool_calls[0]["id"]
        return {"messages": [ToolMessage(f"RESULT {call} of the tool", tool_call_id=call)]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", model)
    graph.add_node("tools", tools)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", lambda state: "tools" if state["messages"][-1].tool_calls else END)
    graph.add_edge("tools", "model")
    database = sqlite3.connect(":memory:", check_same_thread=False)
    config = {"configurable": {"thread_id": "1"}, "recursion_limit": 1000}
    graph.compile(checkpointer=SqliteSaver(database)).invoke({"messages": [("user", "go")]}, config)
    tables = (database.execute(f"select * from {name}") for name in ("checkpoints", "writes"))
    stored = b"".join(cell for rows in tables for row in rows for cell in row if isinstance(cell, bytes))
    return stored.count(b"RESULT"), stored.count(b"RESULT c0 ")


for calls in 10, 20, 40:
    results, first = results_in_database(calls)
    print(f"{calls} calls: {results} results are stored, {first} of them the first one")
PY
expect <<'TEXT'
10 calls: 120 results are stored, 21 of them the first one
20 calls: 440 results are stored, 41 of them the first one
40 calls: 1680 results are stored, 81 of them the first one
TEXT
means "whoever exports all checkpoints gets each result many times over. Export the last checkpoint of a" \
    "thread: it holds every message."
