"""Runs headroom-ai for the benchmarks: reads JSON requests, one a line, and answers each with a JSON line.

It runs with the Python of the environment in which headroom-ai is installed, and imports nothing of this
project. There are two requests:

* `{"do": "crush", "text": TEXT, "query": TEXT, "lossless_only": BOOL}`: the answer has the compressed text.
* `{"do": "time", "method": NAME, "path": FILE, "repeats": N}`: FILE holds a JSON array of texts. The answer
  has the processor seconds of each pass of the method over them.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import Any

from headroom.transforms.smart_crusher import SmartCrusher


def crush(request: dict[str, Any], crushers: dict[bool, Any]) -> dict[str, Any]:
    """Crushes one text."""
    result = crushers[request["lossless_only"]].crush(request["text"], request["query"])
    return {"compressed": result.compressed, "was_modified": result.was_modified, "strategy": result.strategy}


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Times passes of one method over many texts, with a new crusher for each pass."""
    with open(request["path"], encoding="utf-8") as file:  # noqa: PTH123
        texts = json.load(file)
    seconds = []
    for _ in range(request["repeats"]):
        method = getattr(SmartCrusher(), request["method"])
        start = time.process_time()
        for text in texts:
            method(text)
        seconds.append(time.process_time() - start)
    return {"seconds": seconds}


def main() -> None:
    """Answers requests until standard input ends."""
    logging.disable(logging.CRITICAL)
    # What the library prints goes to standard error, so that it doesn't get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    crushers = {lossless_only: SmartCrusher(lossless_only=lossless_only) for lossless_only in (False, True)}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = measure(request) if request["do"] == "time" else crush(request, crushers)
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            answer = {"error": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
