"""How much of what an agent used later is still readable after crushing: recall against tokens, as JSON.

    python benchmarks/evidence.py --peer .venv-peer/bin/python CONVERSATIONS…

CONVERSATIONS are files with one conversation a line, files with one message a line, or folders of the latter. For each
tool result, the *evidence* is every string or number of 4 characters or more that stands in an argument of a later
tool call of the conversation and in this result, and in no earlier message. The score is the share of it that still
stands in the crushed text, given the tokens that text takes. Compared are this project at several budgets, headroom-ai
at its defaults, and plain truncation (`head`; `head_tail`, half each) to the tokens of each of the others. The query is
what a pipeline has: the user's and the agent's words before the result, and the arguments of the call.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import Peer, files_of, lines_of, messages_of, results_in, show, texts_in, tool_calls

from headroom_beam import SmartCrusher, SmartCrusherConfig, _core

LEAST_TOKENS = 64
BUDGETS = (LEAST_TOKENS, 128, 256, 512, 1024, 2048)
_ATOM = re.compile(r"[^\s\"'`,;:=(){}\[\]<>|]+")

_ESCAPE = re.compile(r"\\[bfnrt]")


class Result(NamedTuple):
    """One tool result with what was known before it and what was used after it."""

    text: str
    query: str
    evidence: tuple[str, ...]


def conversations_of(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yields the conversations of a file, each as its messages."""
    single: dict[str, list[dict[str, Any]]] = {}
    for line in lines_of(path):
        record = json.loads(line)
        if isinstance(record, dict) and isinstance(record.get("messages"), list):
            yield messages_of(record)
        elif isinstance(record, dict):
            single.setdefault(str(record.get("conversation", "")), []).extend(messages_of(record))
    yield from single.values()


def atoms(value: Any) -> Iterator[str]:
    """Yields the strings and numbers in a call's arguments, and the words inside longer strings."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            inner = None
        if isinstance(inner, (dict, list)):
            yield from atoms(inner)
            return
        yield value
        yield from _ATOM.findall(value)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, (int, float)):
        yield json.dumps(value)
    elif isinstance(value, dict):
        for member in value.values():
            yield from atoms(member)
    elif isinstance(value, list):
        for member in value:
            yield from atoms(member)


def results_with_evidence(messages: list[dict[str, Any]]) -> Iterator[Result]:
    """Yields the results of a conversation that hold evidence."""
    calls = [
        [(call_id, list(atoms(arguments))) for call_id, _, arguments in tool_calls(message)] for message in messages
    ]
    spelled = [json.dumps(message, ensure_ascii=False) for message in messages]
    arguments_of = {call_id: found for entry in calls for call_id, found in entry}
    for position, message in enumerate(messages):
        results = list(results_in(message))
        if not results:
            continue
        later = {atom for entry in calls[position + 1 :] for _, found in entry for atom in found if len(atom) >= 4}
        earlier = "\n".join(spelled[:position])
        spoken = (known for known in messages[:position] if known.get("role") != "tool")
        words = [text for known in spoken for text in texts_in(known.get("content"))]
        for call_id, text in results:
            evidence = tuple(sorted(atom for atom in later if stands_in(atom, text) and not stands_in(atom, earlier)))
            if evidence:
                yield Result(text, "\n".join([*words[-4:], *arguments_of.get(call_id, [])]), evidence)


def stands_in(atom: str, text: str) -> bool:
    """Says whether a string or number stands in a text by itself, not as a part of a longer word.

    An escape in front of it, as texts inside JSON strings have for line ends, is no part of a word.
    """
    text = _ESCAPE.sub(" ", text)
    start = text.find(atom)
    while start >= 0:
        end = start + len(atom)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (before.isalnum() and atom[0].isalnum()) and not (after.isalnum() and atom[-1].isalnum()):
            return True
        start = text.find(atom, start + 1)
    return False


def head(text: str, tokens: int) -> str:
    """Returns the longest beginning of the text that takes at most so many tokens, by bisection."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _core.count_tokens(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def head_tail(text: str, tokens: int) -> str:
    """Returns a beginning and an end of the text that take at most so many tokens together."""
    if _core.count_tokens(text) <= tokens:
        return text
    return head(text, tokens // 2) + "\n…\n" + head(text[::-1], tokens // 2)[::-1]


class Score:
    """Evidence found and tokens kept."""

    def __init__(self) -> None:
        """Starts at nothing."""
        self.found = self.total = self.tokens = self.results = 0
        self.shares = 0.0

    def add(self, result: Result, text: str) -> int:
        """Adds one crushed result and gives its tokens."""
        found = sum(stands_in(atom, text) for atom in result.evidence)
        tokens = _core.count_tokens(text)
        self.results += 1
        self.found += found
        self.total += len(result.evidence)
        self.tokens += tokens
        self.shares += found / len(result.evidence)
        return tokens

    def figures(self) -> dict[str, Any]:
        """Returns recall over all evidence, mean recall of a result, and tokens."""
        return {
            "recall": round(self.found / max(1, self.total), 4),
            "mean_recall": round(self.shares / max(1, self.results), 4),
            "tokens": self.tokens,
        }


def crusher_for(budget: int) -> SmartCrusher:
    """Returns a crusher with a budget in tokens, or with the smallest that there is."""
    budget = max(LEAST_TOKENS, budget)
    return SmartCrusher(SmartCrusherConfig(max_tokens=budget, min_tokens_to_crush=min(budget, 200)))


def measure(results: list[Result], peer: Peer) -> dict[str, Any]:
    """Scores every way of shortening on the same results."""
    crushers = {f"ours_{budget}": crusher_for(budget) for budget in BUDGETS}
    crushers["ours_default"] = SmartCrusher()
    scores: dict[str, Score] = {}

    def add(name: str, result: Result, text: str) -> int:
        return scores.setdefault(name, Score()).add(result, text)

    for number, result in enumerate(results):
        if number % 500 == 0:
            print(f"{number} of {len(results)} results …", file=sys.stderr)
        whole = add("whole", result, result.text)
        theirs = peer.crush(result.text, query=result.query)
        shortened = {"peer_default": result.text if theirs is None else theirs}
        tokens = _core.count_tokens(shortened["peer_default"])
        if tokens < whole:
            # What we keep in the tokens that headroom-ai took for this very result.
            shortened["ours_at_peer_tokens"] = crusher_for(tokens).crush(result.text, result.query).compressed
        else:
            shortened["ours_at_peer_tokens"] = result.text
        shortened |= {name: crusher.crush(result.text, result.query).compressed for name, crusher in crushers.items()}
        for name, text in shortened.items():
            kept = add(name, result, text)
            add(f"head_at_{name}", result, head(result.text, kept))
            add(f"head_tail_at_{name}", result, head_tail(result.text, kept))
    return {name: score.figures() for name, score in sorted(scores.items())}


def main() -> None:
    """Scores all conversations together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conversations", nargs="+", type=Path, help="files of conversations or messages, or folders")
    parser.add_argument("--peer", required=True, help="Python of the environment in which headroom-ai is installed")
    parser.add_argument("--limit", type=int, default=0, help="score at most so many results, spread evenly")
    options = parser.parse_args()
    conversations = [found for path in files_of(options.conversations) for found in conversations_of(path)]
    results = [result for messages in conversations for result in results_with_evidence(messages)]
    if options.limit and len(results) > options.limit:
        results = results[:: -(-len(results) // options.limit)]
    if not results:
        raise SystemExit("no tool result holds anything that a later call uses; are these conversations?")
    with Peer(options.peer) as peer:
        scores = measure(results, peer)
    show(
        {
            "benchmark": "evidence",
            "conversations": len(conversations),
            "results": len(results),
            "evidence": sum(len(result.evidence) for result in results),
            "scores": scores,
        }
    )


if __name__ == "__main__":
    main()
