"""Runs a naive pipeline: ReadFromText, headroom-ai on each record's tool results, WriteToText.

Start it as `peer_pipeline.py INPUT_GLOB OUTPUT_PREFIX`, with the Python of an environment that has
headroom-ai and Beam. It prints the seconds from building the pipeline to its end. It stores no originals, so
what headroom-ai drops is lost.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from headroom.transforms.smart_crusher import SmartCrusher


class CrushResults(beam.DoFn):  # type: ignore[misc]
    """Crushes the tool results of one record."""

    def setup(self) -> None:
        """Makes the crusher, once for each worker."""
        self._crusher = SmartCrusher()

    def process(self, line: str) -> list[str]:
        """Returns the record with its tool results crushed."""
        return [json.dumps(self._record(json.loads(line)), ensure_ascii=False)]

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        if isinstance(record.get("result"), str):
            record["result"] = self._text(record["result"])
        elif "result" in record:
            record["result"] = json.loads(self._text(json.dumps(record["result"])))
        for message in record.get("messages", [record]):
            content = message.get("content")
            if message.get("role") == "tool" and isinstance(content, str):
                message["content"] = self._text(content)
            for block in content if isinstance(content, list) else []:
                if block.get("type") == "tool_result":
                    block["content"] = self._blocks(block.get("content"))
        return record

    def _blocks(self, content: Any) -> Any:
        if isinstance(content, str):
            return self._text(content)
        for block in content or []:
            if block.get("type") == "text":
                block["text"] = self._text(block["text"])
        return content

    def _text(self, text: str) -> str:
        try:
            return str(self._crusher.crush(text).compressed)
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            return text


def main() -> None:
    """Runs the pipeline."""
    logging.disable(logging.CRITICAL)
    source, target = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    start = time.perf_counter()
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        (
            pipeline
            | beam.io.ReadFromText(source)
            | beam.ParDo(CrushResults())
            | beam.io.WriteToText(target, file_name_suffix=".jsonl")
        )
    answers.write(f"{time.perf_counter() - start}\n")
    answers.close()


if __name__ == "__main__":
    main()
