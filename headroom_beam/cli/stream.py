r"""Crushes a stream of Pub/Sub messages, each of them one record.

    headroom-beam crush --streaming --subscription projects/P/subscriptions/S --originals originals \
        --output out                       # or: --output_topic projects/P/topics/T --failures failures

A compacted record goes out, to files or to a topic with the attributes of its message, only after its
originals are durable in the store; a message that can't be processed becomes a line in `--failures`. Delivery
is at least once: what comes again may go out again, nothing is lost.

There are two readers. On Dataflow, `beam` runs one streaming pipeline, whose source acknowledges messages
when it has checkpointed them. Elsewhere, `batches` leases messages, runs a pipeline over each batch of them,
and acknowledges them when that has succeeded, because Beam's local runners acknowledge messages as they pull
them. It runs until SIGINT or SIGTERM, then finishes its batch and prints what it has done.
"""

import argparse
import datetime as dt
import json
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.io.gcp.pubsub import (
    PubsubMessage,
    ReadFromPubSub,
    WriteToPubSub,
    parse_subscription,
    parse_topic,
)
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from headroom_beam.cli.beam_runner import counted, exit_code, pipeline_options, run_pipeline
from headroom_beam.cli.options import add_config_arguments, config_from
from headroom_beam.records import Compacted
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.pubsub import LeasedSubscription, PublishMessages, message_of
from headroom_beam.transforms.sinks import WriteCompacted, WriteFailures

__all__ = ["crush_messages", "main", "run_batches"]

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None, *, prog: str = "headroom-beam crush --streaming") -> int:
    """Runs the command and returns its exit code, as `docs/operations.md` lists them.

    Args:
        arguments: those behind the program's name; the process's own unless given.
        prog: how the program is called, for its messages.
    """
    parser = _parser(prog)
    known, beam_arguments = parser.parse_known_args(arguments)
    if (known.output is None) == (known.output_topic is None):
        parser.error("give either --output or --output_topic")
    if known.failures is None:
        if known.output is None:
            parser.error("--failures is missing; with --output_topic there is no other place for them")
        known.failures = f"{known.output.rstrip('/')}/failures"
    with exit_code() as code:
        parse_subscription(known.subscription)
        if known.output_topic is not None:
            parse_topic(known.output_topic)
        if PipelineOptions(beam_arguments).view_as(StandardOptions).runner is None:
            # In one thread: a pipeline for each batch would start and stop its threads and their servers each
            # time, which took twice as long and left a megabyte behind.
            beam_arguments = ["--runner=FnApiRunner", *beam_arguments]
        options = pipeline_options(beam_arguments)
        on_dataflow = "dataflow" in (options.view_as(StandardOptions).runner or "").lower()
        if known.reader == "beam" or (known.reader == "auto" and on_dataflow):
            run_stream(known, options)
        else:
            if known.id_label is not None:
                raise ValueError(
                    "--id_label is for --reader beam, on Dataflow; elsewhere messages may come again"
                )
            with _until_signalled() as stopping:
                done = run_batches(known, options, stopping)
            sys.stdout.write(json.dumps(done) + "\n")
    return code.value


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--subscription", required=True, metavar="NAME", help="projects/PROJECT/subscriptions/NAME")
    add("--originals", required=True, metavar="ROOT", help="the store, a directory or gs://bucket/prefix")
    add(
        "--output",
        metavar="ROOT",
        help="write compacted records into files below a directory or gs://bucket/prefix",
    )
    add(
        "--output_format",
        choices=("parquet", "jsonl"),
        default="parquet",
        help="parquet: rows with their statistics and the message's attributes; jsonl: records alone, one a "
        "line, and those with line breaks as parquet beside (default: %(default)s)",
    )
    add(
        "--output_topic",
        metavar="NAME",
        help="publish compacted records instead: projects/PROJECT/topics/NAME",
    )
    add("--failures", metavar="ROOT", help="where failures go (default: OUTPUT/failures)")
    add(
        "--trace_format",
        nargs="+",
        default=["json"],
        metavar="NAME",
        help="where payloads are (default: json)",
    )
    add(
        "--run_date",
        type=dt.date.fromisoformat,
        metavar="DATE",
        help="files originals under this day (today)",
    )
    add(
        "--batch_bytes",
        type=int,
        default=16 << 20,
        metavar="N",
        help="records crushed together (%(default)s bytes)",
    )
    add(
        "--max_latency_s",
        type=float,
        default=10.0,
        metavar="S",
        help="how long a record waits (%(default)s s)",
    )
    add(
        "--shards",
        type=int,
        default=4,
        metavar="N",
        help="batches that fill at a time, reader beam (%(default)s)",
    )
    add(
        "--id_label",
        metavar="ATTRIBUTE",
        help="attribute that identifies a message, for Dataflow's deduplication",
    )
    add(
        "--reader",
        choices=("auto", "beam", "batches"),
        default="auto",
        help="see above (default: %(default)s)",
    )
    add(
        "--lease_s",
        type=int,
        default=60,
        metavar="S",
        help="lease of a message, reader batches (%(default)s s)",
    )
    add_config_arguments(parser)
    return parser


def crush_messages(
    messages: beam.PCollection, known: argparse.Namespace, *, batch_bytes: int, native_topic: bool
) -> None:
    """Applies the pipeline to a PCollection of `PubsubMessage`: crush, then the sinks.

    Args:
        messages: bounded or not.
        known: the parsed arguments.
        batch_bytes: records crushed together.
        native_topic: publish through the runner's own sink.
    """
    trace_format = known.trace_format if len(known.trace_format) > 1 else known.trace_format[0]
    crushed = messages | "Crush" >> CrushRecords(
        originals=known.originals,
        trace_format=trace_format,
        config=config_from(known),
        run_date=known.run_date,
        source=known.subscription,
        batch_bytes=batch_bytes,
        max_latency_s=known.max_latency_s,
        shards=known.shards,
    )
    _ = crushed.failures | "Failures" >> WriteFailures(known.failures)
    if known.output is not None:
        _write_compacted(crushed.compacted, known.output, known.output_format)
        return
    compacted = crushed.compacted | "ToMessage" >> beam.MapTuple(_to_message).with_output_types(PubsubMessage)
    if native_topic:
        _ = compacted | "Publish" >> WriteToPubSub(known.output_topic, with_attributes=True)
    else:
        _ = compacted | "Publish" >> PublishMessages(known.output_topic)


def _write_compacted(compacted: beam.PCollection, root: str, output_format: str) -> None:
    if output_format == "parquet":
        _ = compacted | "Compacted" >> WriteCompacted(root, file_format="parquet")
        return
    # JSON may have line breaks between its tokens. Such a record is no line, and must not stop the stream.
    lines, others = compacted | "ByLineBreak" >> beam.Partition(_has_line_break, 2)
    _ = lines | "Lines" >> WriteCompacted(root, file_format="jsonl")
    _ = others | "Others" >> WriteCompacted(root, file_format="parquet")


def _has_line_break(element: tuple[PubsubMessage, Compacted], _: int) -> int:
    return int(b"\n" in element[1].record or b"\r" in element[1].record)


def _to_message(envelope: PubsubMessage, row: Compacted) -> PubsubMessage:
    return PubsubMessage(row.record, envelope.attributes, ordering_key=envelope.ordering_key or "")


def run_stream(known: argparse.Namespace, options: PipelineOptions) -> None:
    """Runs one streaming pipeline, on runners that have a Pub/Sub source."""
    options.view_as(StandardOptions).streaming = True
    runner = options.view_as(StandardOptions).runner or ""
    if runner.endswith("FnApiRunner"):
        raise ValueError("--reader beam needs a runner that streams, such as --runner DataflowRunner")
    on_dataflow = "dataflow" in runner.lower()
    if not on_dataflow:
        log.warning("%s may acknowledge messages before they are durable; --reader batches does not", runner)
    pipeline = beam.Pipeline(options=options)
    messages = pipeline | "Read" >> ReadFromPubSub(
        subscription=known.subscription, with_attributes=True, id_label=known.id_label
    )
    crush_messages(messages, known, batch_bytes=known.batch_bytes, native_topic=on_dataflow)
    run_pipeline(pipeline)


def run_batches(
    known: argparse.Namespace, options: PipelineOptions, stopping: threading.Event
) -> dict[str, int]:
    """Leases, crushes and acknowledges messages batch by batch, until told to stop.

    Args:
        known: the parsed arguments.
        options: of Beam, for the pipeline of each batch.
        stopping: set it to stop after the current batch.

    Returns:
        Counts of `batches`, `messages` acknowledged, `failures` and `packs`.

    Raises:
        RuntimeError, HeadroomBeamError: a batch failed; its messages are given back.
        google.api_core.exceptions.GoogleAPICallError: the service refused.
    """
    options.view_as(StandardOptions).streaming = False
    done = {"batches": 0, "messages": 0, "failures": 0, "packs": 0}
    with LeasedSubscription(known.subscription, lease_s=known.lease_s) as subscription:
        while not stopping.is_set():
            leased = subscription.pull(
                batch_bytes=known.batch_bytes, max_latency_s=known.max_latency_s, stopping=stopping
            )
            if not leased:
                continue
            pipeline = beam.Pipeline(options=options)
            # Without a reshuffle they are one bundle, so their originals are one pack.
            messages = pipeline | "Messages" >> beam.Create(
                [message_of(one.message) for one in leased], reshuffle=False
            )
            # They are in memory already, and all of them are one batch, even if the last pull went past its
            # size.
            crush_messages(messages, known, batch_bytes=sys.maxsize, native_topic=False)
            result = run_pipeline(pipeline)
            if result is None:
                raise RuntimeError("the pipeline of a batch didn't end well; its messages will come again")
            subscription.acknowledge(leased)
            done["batches"] += 1
            done["messages"] += len(leased)
            done["failures"] += counted(result, "failures")
            done["packs"] += counted(result, "packs")
            log.info("crushed a batch of %d messages", len(leased))
    return done


@contextmanager
def _until_signalled() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; their handlers are put back at the end."""
    stopping = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopping.set()) for number in numbers]
    try:
        yield stopping
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
