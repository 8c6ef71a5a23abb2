"""Runs transforms in tests and brings their outputs back, from any runner, as plain lists."""

import pickle
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam


class Arrived(NamedTuple):
    value: Any
    timestamp_us: int
    window: Any


class _ToFiles(beam.DoFn):
    def __init__(self, folder: str) -> None:
        self._folder = folder

    def start_bundle(self) -> None:
        self._arrived = []

    def process(self, element, timestamp=beam.DoFn.TimestampParam, window=beam.DoFn.WindowParam):
        self._arrived.append(Arrived(element, timestamp.micros, window))

    def finish_bundle(self) -> None:
        if self._arrived:
            Path(self._folder, uuid.uuid4().hex).write_bytes(pickle.dumps(self._arrived))


class Collect:
    """Collects PCollections by name while a pipeline runs: `collect(pcollection, "found")`.

    Then `collect["found"]` gives the elements.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, pcollection: beam.PCollection, name: str) -> None:
        (self._folder / name).mkdir(parents=True)
        _ = pcollection | f"Collect{name}" >> beam.ParDo(_ToFiles(str(self._folder / name)))

    def arrived(self, name: str) -> list[Arrived]:
        return [one for file in (self._folder / name).iterdir() for one in pickle.loads(file.read_bytes())]

    def __getitem__(self, name: str) -> list[Any]:
        return [one.value for one in self.arrived(name)]
