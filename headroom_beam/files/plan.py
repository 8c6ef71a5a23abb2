"""The plan of a run over files, `_run.json`: its inputs, its options and its shards.

The plan is put if absent, before any part. A run that finds an equal plan there resumes that run. A run that
finds another plan stops, and names the difference. So two runs never mix in one output, and an interrupted
run is resumed by starting it again.
"""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from headroom_beam import _core
from headroom_beam.crush.config import SmartCrusherConfig, options_for
from headroom_beam.crush.trace_formats import AUTO, TraceFormat, named_formats, resolve, side_files_of
from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.inputs import find_inputs
from headroom_beam.files.manifest import FORMAT_VERSION, RUN, dump_json, load_json
from headroom_beam.files.shards import SHARD_BYTES, Shard, matcher, plan_shards
from headroom_beam.files.sources import LeftOut, Source
from headroom_beam.objects.open import open_objects

__all__ = ["RecordedRun", "Run", "RunSettings", "library_version", "recorded_run", "start_run", "verify_run"]

# Inputs that an error names at most for each kind of difference.
_NAMED_INPUTS = 3
# Longer lists of values are shown in errors by their length and first element.
_SHOWN_VALUES = 3


@dataclass(frozen=True)
class RunSettings:
    """Where a run writes, and how it crushes. The settings are checked at once, without touching a file.

    Raises:
        ValueError: a root has another scheme, both roots are the same, the trace format is unknown, or a size
            is out of range.

    >>> RunSettings(output="out", originals="s3://bucket")
    Traceback (most recent call last):
    ValueError: root 's3://bucket' has the scheme 's3'; use a local directory or gs://BUCKET/PREFIX
    """

    output: str
    """Root of the compacted files: a local directory or `gs://bucket/prefix`."""
    originals: str
    """Root of the store."""
    trace_format: str | Sequence[str] | TraceFormat = AUTO
    """Where payloads are, as `headroom_beam.crush.trace_formats.resolve` takes it."""
    config: SmartCrusherConfig = dataclasses.field(default_factory=SmartCrusherConfig)
    shard_bytes: int = SHARD_BYTES
    """Approximate input bytes of a shard; see `headroom_beam.files.shards.plan_shards`."""
    run_date: dt.date | None = None
    """The date stored with each original; None for the day (UTC) on which the run starts."""
    max_file_tokens: int = 0
    """Budget of all payloads of a file in tokens; 0 for none. A file with a budget isn't divided."""
    explain: bool = False
    """Write what was decided for each payload, and why, beside the parts."""
    pad_lines: bool = False
    """Pad each compacted line of a file of JSON Lines with blanks to its old length."""
    side_files: tuple[str, ...] | None = None
    """Patterns of text files that hold a result each, as `pathlib.PurePath.match` takes them; None for those
    of the trace format."""
    formats: tuple[TraceFormat, ...] = dataclasses.field(init=False, repr=False)
    """The trace formats that `trace_format` names."""

    def __post_init__(self) -> None:
        output, originals = open_objects(self.output).root, open_objects(self.originals).root
        if output == originals:
            raise ValueError(f"output and originals are both {output!r}; give the store a root of its own")
        if self.shard_bytes < 1:
            raise ValueError(f"shard_bytes is {self.shard_bytes}; it must be at least 1")
        if self.max_file_tokens and not 32 <= self.max_file_tokens < 1 << 32:
            raise ValueError(
                f"max_file_tokens is {self.max_file_tokens}; it must be 0, or from 32 to {(1 << 32) - 1}"
            )
        object.__setattr__(self, "output", output)
        object.__setattr__(self, "originals", originals)
        object.__setattr__(self, "formats", named_formats(self.trace_format))
        if self.side_files is None:
            object.__setattr__(self, "side_files", side_files_of(self.trace_format))
        object.__setattr__(self, "trace_format", resolve(self.trace_format))
        self.options()

    def options(self) -> _core.Options:
        """Returns the native options."""
        return options_for(self.config, self.trace_format)

    def row_options(self) -> _core.Options:
        """Returns the native options for the rows of a table, whose columns keep their types."""
        return options_for(dataclasses.replace(self.config, keep_types=True), self.trace_format)


@dataclass(frozen=True)
class Run:
    """A run whose plan is written. It is small, and is sent to every worker."""

    settings: RunSettings
    run_date: dt.date
    id: str
    """Hex SHA-256 of `_run.json`."""
    shard_count: int


def start_run(inputs: Sequence[str], settings: RunSettings) -> tuple[Run, list[Shard]]:
    """Plans a run and writes its `_run.json`, or resumes the run that has an equal plan.

    Args:
        inputs: files, directories or patterns, as `headroom_beam.files.shards.find_sources` takes them.
        settings: where the run writes, and how it crushes.

    Returns:
        The run and all its shards, including finished ones.

    Raises:
        StoreError: the output belongs to another run (the message names the difference), no input is found,
            or a file system or the network fails.
        ValueError: two inputs or parts have one name, a file has another suffix, or a part would be an input.
        FormatError: the output's `_run.json` is damaged, or of an unknown version.
    """
    left_out: list[LeftOut] = []
    sources = find_inputs(
        inputs,
        side_files=settings.side_files or (),
        max_bytes=settings.config.max_record_bytes,
        left_out=left_out,
    )
    shards = plan_shards(sources, shard_bytes=settings.shard_bytes, whole_files=settings.max_file_tokens > 0)
    _check_overlap(inputs, shards, settings)
    run_date = settings.run_date or dt.datetime.now(dt.timezone.utc).date()
    plan = _plan(sources, left_out, shards, settings, run_date)
    stored = open_objects(settings.output).put_or_get(RUN, dump_json(plan))
    found = load_json(stored, f"{settings.output}/{RUN}")
    # Unless the settings name a date, a resumed run keeps the date that it began with.
    ignored = {"run_date"} if settings.run_date is None else set()
    difference = next(_differences(found, plan, ignored), None)
    if difference is not None:
        raise StoreError(
            f"{settings.output} holds another run: {difference}; give this run another output, "
            "or start it with equal input, options and version"
        )
    run_date = dt.date.fromisoformat(found["run_date"])
    return Run(settings, run_date, hashlib.sha256(stored).hexdigest(), len(shards)), shards


def verify_run(run: Run) -> None:
    """Checks that the output still belongs to this run. Workers call it before they write.

    Raises:
        StoreError: `_run.json` is gone or has changed.
    """
    output = open_objects(run.settings.output)
    if hashlib.sha256(output.get(RUN)).hexdigest() != run.id:
        raise StoreError(
            f"{output.root}/{RUN} isn't the plan that this run began with: another run has taken its place"
        )


@dataclass(frozen=True)
class RecordedRun:
    """What the plan of a run says about crushing again as it did."""

    originals: str
    """Root of the store, as the run was given it."""
    paths: tuple[str, ...]
    """Payload paths; none if the whole record is the payload."""
    config: SmartCrusherConfig
    max_file_tokens: int
    """The budget of each file; 0 for none."""
    library_version: str
    inputs: Sequence[tuple[str, str]]
    """Root and relative path of each input file."""


def recorded_run(output: str) -> RecordedRun:
    """Reads the plan of a run from its output.

    Raises:
        StoreError: no run has written there, or the plan can't be read.
        FormatError: the plan is damaged, of an unknown version, or has options that this version lacks.
    """
    objects = open_objects(output)
    name = f"{objects.root}/{RUN}"
    if not objects.exists(RUN):
        raise StoreError(f"{objects.root} has no {RUN}: no run has written there")
    plan = load_json(objects.get(RUN), name)
    try:
        options = dict(plan["options"])
        fingerprint, paths = options.pop("fingerprint"), tuple(options.pop("paths"))
        config = SmartCrusherConfig(**options)
        is_equal = options_for(config, paths).fingerprint() == fingerprint
        inputs = [(row[0], row[1]) for row in plan["inputs"]["files"]]
        version = str(plan["library_version"])
        run = RecordedRun(
            plan["originals"], paths, config, int(plan.get("max_file_tokens", 0)), version, inputs
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FormatError(f"{name} isn't a plan, or has options that this version doesn't know") from error
    if not is_equal:
        raise FormatError(
            f"{name}: version {version} wrote it, whose options mean something else in this one"
        )
    return run


def _check_overlap(inputs: Sequence[str], shards: Sequence[Shard], settings: RunSettings) -> None:
    # A run that takes its own parts, or its store, as input can't be resumed.
    matchers = [matcher(pattern) for pattern in inputs]
    if any(matches(f"{settings.originals.rstrip('/')}/store.json") for matches in matchers):
        raise ValueError(
            f"the store {settings.originals} would be an input of the same run; put it into a folder outside"
        )
    for shard in shards:
        for span in shard.spans:
            part = f"{settings.output.rstrip('/')}/{span.part}"
            if any(matches(part) for matches in matchers):
                raise ValueError(
                    f"the output {part} would be an input of the same run; write to a folder outside"
                )


def _plan(
    sources: Sequence[Source],
    left_out: Sequence[LeftOut],
    shards: Sequence[Shard],
    settings: RunSettings,
    run_date: dt.date,
) -> dict[str, Any]:
    index = {source.name: number for number, source in enumerate(sources)}
    inputs = [
        [source.root, source.name, source.size_bytes, source.version, source.codec, source.framing]
        for source in sources
    ]
    return {
        "format_version": FORMAT_VERSION,
        "library_version": library_version(),
        "notation_version": _core.NOTATION_VERSION,
        "run_date": run_date.isoformat(),
        "originals": settings.originals,
        "options": {
            "fingerprint": settings.options().fingerprint(),
            "paths": list(resolve(settings.trace_format)),
            **{name: _plain(value) for name, value in dataclasses.asdict(settings.config).items()},
        },
        "inputs": {
            "fingerprint": hashlib.sha256(dump_json([row[1:] for row in inputs])).hexdigest(),
            "files": inputs,
        },
        "left_out": sorted(map(list, left_out)),
        "shard_bytes": settings.shard_bytes,
        "max_file_tokens": settings.max_file_tokens,
        "explain": settings.explain,
        "pad_lines": settings.pad_lines,
        "side_files": list(settings.side_files or ()),
        "shards": [
            [[index[span.source.name], span.start, span.stop, span.part] for span in shard.spans]
            for shard in shards
        ],
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def library_version() -> str:
    """Returns the version that a plan names as the one that crushes."""
    try:
        return metadata.version("headroom-beam")
    except metadata.PackageNotFoundError:
        return "not installed"  # Imported from a source tree; the fingerprints still tell runs apart.


def _differences(found: Mapping[str, Any], plan: Mapping[str, Any], ignored: set[str]) -> Iterator[str]:
    """Describes how two plans differ, the most important difference first. Equal plans yield nothing."""
    for name in (
        "library_version",
        "notation_version",
        "run_date",
        "originals",
        "shard_bytes",
        "max_file_tokens",
        "explain",
        "pad_lines",
        "side_files",
    ):
        if name not in ignored and found.get(name) != plan[name]:
            yield f"its {name} is {found.get(name)!r}, this one's {plan[name]!r}"
    if found.get("options") != plan["options"]:
        options = dict(found.get("options") or {})
        for name, value in plan["options"].items():
            if name != "fingerprint" and options.get(name) != value:
                yield f"its option {name} is {_shown(options.get(name))}, this one's {_shown(value)}"
        yield "its options have another fingerprint"
    if (found.get("inputs") or {}).get("fingerprint") != plan["inputs"]["fingerprint"]:
        yield _input_difference(found.get("inputs") or {}, plan["inputs"])
    if found.get("shards") != plan["shards"]:
        yield "its input is divided into other shards"


def _shown(value: object) -> str:
    """Returns a value of an option as an error shows it, a long list by its length and first element.

    >>> _shown(5)
    '5'
    >>> _shown([".a", ".b", ".c", ".d"])
    "4 values from '.a' on"
    """
    if isinstance(value, list) and len(value) > _SHOWN_VALUES:
        return f"{len(value)} values from {value[0]!r} on"
    return repr(value)


def _input_difference(found: Mapping[str, Any], planned: Mapping[str, Any]) -> str:
    before = {row[1]: row[2:] for row in found.get("files") or ()}
    now = {row[1]: row[2:] for row in planned["files"]}
    differences = []
    for what, names in (
        ("has changed since", [name for name in now if name in before and before[name] != now[name]]),
        ("is new", [name for name in now if name not in before]),
        ("is missing now", [name for name in before if name not in now]),
    ):
        differences += [f"input {name!r} {what}" for name in names[:_NAMED_INPUTS]]
        if len(names) > _NAMED_INPUTS:
            differences.append(f"{len(names) - _NAMED_INPUTS} more")
    return ", ".join(differences)
