"""Measures how much evidence stays readable after crushing: recall against tokens, as JSON.

    python benchmarks/evidence.py --peer .venv-peer/bin/python CONVERSATIONS…

CONVERSATIONS are files with one conversation a line, files with one message a line, or folders of them.

*Evidence* is what later tool calls take from a tool result: strings and numbers of 4 characters or more. They
stand in the result and in an argument of a later call, and in no earlier message. A string of several words,
such as a command, counts as a whole and word by word. *Recall* is the share of the evidence that stands in
the shortened text. Compared are:

* `whole`: the result as logged;
* `ours_BUDGET` and `ours_default`: this project at several budgets, and at its defaults;
* `ours_alone`: at its defaults and without a query, as where each message is a record of its own;
* `peer_default`: headroom-ai at its defaults, given the result as the JSON string that a record holds;
* `peer_bare`: headroom-ai at its defaults, given the result as plain text;
* `ours_at_NAME`: this project within the tokens that NAME took for the same result;
* `head_at_NAME`: the beginning of the result, within the tokens that NAME took;
* `head_tail_at_NAME`: its beginning and its end, each within half of these tokens.

The query is what was said last before the result, and the arguments of its call. This project also gets the
words of the result that stand earlier in the conversation, as it does in a pipeline.

`targets` holds the conclusions. `recall_to_peer` is the recall of `ours_at_NAME` divided by that of NAME.
`lost_to_peer` is the same ratio for the evidence that is gone. `tokens_to_head` and `tokens_to_head_tail`
compare with truncation at each budget: the tokens that this project needs for the same recall, divided by
those of truncation. Between budgets these tokens are interpolated.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from common import Peer, files_of, show
from conversations import Event, conversations_of, events_in

from headroom_beam import SmartCrusher, SmartCrusherConfig, _core

LEAST_TOKENS = 32
BUDGETS = (LEAST_TOKENS, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
QUERY_CHARACTERS = 4000
_ATOM = re.compile(r"[^\s\"'`,;:=(){}\[\]<>|]+")
_NAME = re.compile(r"[^\W_][\w./:@+#-]*")
_WORD = re.compile(r"[^\W_]+")
_ESCAPE = re.compile(r"\\[bfnrt]")


class Result(NamedTuple):
    """One tool result, with what a pipeline knows before it and what later calls use of it."""

    text: str
    """The tool's result."""
    seen: str
    """Words of the result that stand earlier in the conversation."""
    query: str
    """What was said last before the result, and the arguments of its call."""
    evidence: tuple[str, ...]
    """Strings and numbers of the result that a later call uses and no earlier message holds."""


def atoms(value: Any) -> Iterator[str]:
    """Yields the strings and numbers in a call's arguments, and the words in each string."""
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


def results_with_evidence(messages: list[Any]) -> Iterator[Result]:
    """Yields the results of a conversation that hold evidence."""
    conversation = [list(events_in(message)) for message in messages]
    last_use: dict[str, int] = {}
    for position, events in enumerate(conversation):
        used = (atom for event in events for atom in atoms(event.arguments) if len(atom) >= 4)
        last_use.update(dict.fromkeys(used, position))
    texts = ["\n".join(map(words_of, events)) for events in conversation]
    index = Index(texts)
    new: dict[int, list[str]] = {}
    for atom, used in last_use.items():
        first = index.first(atom)
        if first is not None and first < used:
            new.setdefault(first, []).append(atom)
    spoken: list[str] = []
    arguments: dict[str, str] = {}
    for position, events in enumerate(conversation):
        for event in events:
            if event.kind == "result":
                called = arguments.get(event.call_id, "")
                found = (atom for atom in new.get(position, ()) if stands_in(atom, event.text))
                evidence = tuple(sorted(atom for atom in found if not stands_in(atom, called)))
                if evidence:
                    said = "\n".join(spoken)[-QUERY_CHARACTERS:]
                    seen = " ".join(index.earlier(event.text, position))
                    yield Result(event.text, seen, f"{said}\n{called}", evidence)
            elif event.kind == "call":
                arguments[event.call_id] = words_of(event)
            # A query holds only the end of what was said.
            if event.kind != "result":
                spoken = [*spoken[-QUERY_CHARACTERS:], words_of(event)]


def words_of(event: Event) -> str:
    """Returns the text of an event; for a call, the strings and numbers of its arguments, one a line."""
    return event.text if event.kind != "call" else "\n".join(atoms(event.arguments))


class Index:
    """Finds the first message of a conversation that holds a string or number."""

    def __init__(self, texts: list[str]) -> None:
        """Collects the places of every word."""
        self._texts = [plain(text) for text in texts]
        self._places: dict[str, list[tuple[int, int]]] = {}
        for position, text in enumerate(self._texts):
            for word in _WORD.finditer(text):
                self._places.setdefault(word[0], []).append((position, word.start()))

    def earlier(self, text: str, position: int) -> list[str]:
        """Returns the words of a text, each once, that stand in messages before this position."""
        words = dict.fromkeys(_NAME.findall(plain(text)))
        firsts = ((word, self.first(word)) for word in words)
        return [word for word, first in firsts if first is not None and first < position]

    def first(self, atom: str) -> int | None:
        """Returns the position of the first message with the string, or None.

        A string without a word has no position.
        """
        word = max(_WORD.finditer(atom), key=lambda found: len(found[0]), default=None)
        if word is None:
            return None
        places = self._places.get(word[0], ())
        stands = (
            at for at, start in places if self._texts[at].startswith(atom, max(0, start - word.start()))
        )
        return next(stands, None)


def plain(text: str) -> str:
    """Blanks the escapes that JSON has for line ends and tabs, so that they aren't read as parts of words."""
    return _ESCAPE.sub("  ", text)


def stands_in(atom: str, text: str) -> bool:
    """Says whether a string or number stands in a text by itself, not as a part of a longer word."""
    text = plain(text)
    start = text.find(atom)
    while start >= 0:
        end = start + len(atom)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (before.isalnum() and atom[0].isalnum()) and not (after.isalnum() and atom[-1].isalnum()):
            return True
        start = text.find(atom, start + 1)
    return False


def head(text: str, tokens: int) -> str:
    """Returns the longest beginning of a text within this many tokens, found by bisection."""
    if _core.count_tokens(text) <= tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _core.count_tokens(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def head_tail(text: str, tokens: int) -> str:
    """Returns a beginning and an end of a text, each within half of the tokens, and a line between them."""
    if _core.count_tokens(text) <= tokens:
        return text
    return head(text, tokens // 2) + "\n…\n" + head(text[::-1], tokens // 2)[::-1]


class Score:
    """Sums of the evidence that was found and the tokens that were kept."""

    def __init__(self) -> None:
        """Starts at nothing."""
        self.found = self.total = self.tokens = self.results = 0
        self.shares = 0.0

    def add(self, result: Result, text: str) -> int:
        """Adds one shortened result, and returns its tokens."""
        found = sum(stands_in(atom, text) for atom in result.evidence)
        tokens = _core.count_tokens(text)
        self.results += 1
        self.found += found
        self.total += len(result.evidence)
        self.tokens += tokens
        self.shares += found / len(result.evidence)
        return tokens

    @property
    def recall(self) -> float:
        """The share of all evidence that was found."""
        return self.found / max(1, self.total)

    def figures(self) -> dict[str, Any]:
        """Returns recall over all evidence, mean recall of a result, and tokens."""
        return {
            "recall": round(self.recall, 4),
            "mean_recall": round(self.shares / max(1, self.results), 4),
            "tokens": self.tokens,
        }


def crusher_for(budget: int) -> SmartCrusher:
    """Returns a crusher with this budget in tokens, or with `LEAST_TOKENS` if that is more."""
    budget = max(LEAST_TOKENS, budget)
    return SmartCrusher(SmartCrusherConfig(max_tokens=budget, min_tokens_to_crush=min(budget, 200)))


def crushed(crusher: SmartCrusher, result: Result) -> str:
    """Returns a result crushed with the query and the known words."""
    return crusher.crush(result.text, f"{result.seen}\n{result.query}").compressed


def measure(results: list[Result], peer: Peer) -> dict[str, Score]:
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
        spellings = {"peer_default": json.dumps(result.text, ensure_ascii=False), "peer_bare": result.text}
        shortened = {}
        for name, spelling in spellings.items():
            theirs = peer.crush(spelling, query=result.query)
            shortened[name] = result.text if theirs in (None, spelling) else theirs
            tokens = _core.count_tokens(shortened[name])
            # This project's text, within the tokens that headroom-ai took for the same result.
            ours = crushed(crusher_for(tokens), result) if tokens < whole else result.text
            shortened[f"ours_at_{name}"] = ours
        shortened |= {name: crushed(crusher, result) for name, crusher in crushers.items()}
        shortened["ours_alone"] = crushers["ours_default"].crush(result.text).compressed
        for name, text in shortened.items():
            kept = add(name, result, text)
            add(f"head_at_{name}", result, head(result.text, kept))
            add(f"head_tail_at_{name}", result, head_tail(result.text, kept))
    return scores


def targets(scores: dict[str, Score]) -> dict[str, Any]:
    """Returns the conclusions that the module's docstring describes."""
    against: dict[str, Any] = {}
    for name in ("peer_default", "peer_bare"):
        ours, theirs = scores[f"ours_at_{name}"], scores[name]
        against[name] = {
            "tokens": ratio(ours.tokens, theirs.tokens),
            "recall_to_peer": ratio(ours.recall, theirs.recall),
            "lost_to_peer": ratio(1 - ours.recall, 1 - theirs.recall),
        }
    line = sorted((scores[f"ours_{budget}"].recall, scores[f"ours_{budget}"].tokens) for budget in BUDGETS)
    for name in ("head", "head_tail"):
        truncated = {budget: scores[f"{name}_at_ours_{budget}"] for budget in BUDGETS}
        needed = {budget: tokens_at(line, score.recall) for budget, score in truncated.items()}
        against[f"tokens_to_{name}"] = {
            str(budget): ratio(needed[budget], score.tokens) for budget, score in truncated.items()
        }
    by_default = {
        "recall_by_default": scores["ours_default"].recall,
        "recall_alone": scores["ours_alone"].recall,
    }
    return {**{name: round(recall, 4) for name, recall in by_default.items()}, **against}


def ratio(ours: float | None, theirs: float) -> float | None:
    """Divides two figures. Returns None if the first is missing or the second is 0."""
    return round(ours / theirs, 3) if ours is not None and theirs else None


def tokens_at(line: list[tuple[float, int]], recall: float) -> float | None:
    """Interpolates the tokens for a recall between points (recall, tokens); None outside of them."""
    for (low, few), (high, many) in pairwise(line):
        if low <= recall <= high and low < high:
            return few + (many - few) * (recall - low) / (high - low)
    return None


def main() -> None:
    """Scores all conversations together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "conversations", nargs="+", type=Path, help="files of conversations or messages, or folders"
    )
    parser.add_argument(
        "--peer", required=True, help="Python of the environment in which headroom-ai is installed"
    )
    parser.add_argument("--limit", type=int, default=0, help="score at most this many results, spread evenly")
    options = parser.parse_args()
    conversations = [found for path in files_of(options.conversations) for found in conversations_of(path)]
    results = [result for messages in conversations for result in results_with_evidence(messages)]
    if options.limit and len(results) > options.limit:
        results = results[:: -(-len(results) // options.limit)]
    if not results:
        raise SystemExit("no later call uses anything from a tool result; are these conversations?")
    with Peer(options.peer) as peer:
        scores = measure(results, peer)
    show(
        {
            "benchmark": "evidence",
            "conversations": len(conversations),
            "results": len(results),
            "evidence": sum(len(result.evidence) for result in results),
            "targets": targets(scores),
            "scores": {name: score.figures() for name, score in sorted(scores.items())},
        }
    )


if __name__ == "__main__":
    main()
