r"""Crushes a stream of Pub/Sub messages, each of which is a record.

    headroom-beam crush --streaming --subscription projects/P/subscriptions/S --originals originals \
        --output out                       # or: --output_topic projects/P/topics/T --failures failures

A compacted record goes to files, or to a topic with the attributes of its message. It goes out only after its
originals are durable in the store. A message that can't be processed becomes a line in `--failures`. Delivery
is at least once: no message is lost, but a message that is delivered again may go out again.

There are two readers. `beam`, the default on Dataflow, runs one streaming pipeline. Its source acknowledges
messages when it has checkpointed them. `batches`, the default elsewhere, leases messages and runs a pipeline
over each batch. It acknowledges a batch only when its pipeline has succeeded, whereas Beam's local runners
acknowledge messages as they pull them. On SIGINT or SIGTERM, `batches` finishes its batch and prints its
counts. A thousand messages in a row without a payload log a warning.
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
from headroom_beam.cli.options import (
    add_config_arguments,
    add_payload_arguments,
    config_from,
    trace_format_from,
)
from headroom_beam.records import Compacted
from headroom_beam.transforms.crush_records import CrushRecords
from headroom_beam.transforms.pubsub import LeasedSubscription, PublishMessages, message_of
from headroom_beam.transforms.sinks import WriteCompacted, WriteFailures

__all__ = ["crush_messages", "main", "run_batches"]

log = logging.getLogger(__name__)

# Counters whose sums over all batches are printed at the end.
_COUNTED = ("payloads", "unrecognised", "likely", "failures", "packs")


def main(arguments: Sequence[str] | None = None, *, prog: str = "headroom-beam crush --streaming") -> int:
    """Runs the command and returns its exit code; `docs/operations.md` lists the codes.

    Args:
        arguments: the arguments after the command's name; None for those of the process.
        prog: the name of the program in its messages.
    """
    parser = _parser(prog)
    known, beam_arguments = parser.parse_known_args(arguments)
    if (known.output is None) == (known.output_topic is None):
        parser.error("give either --output or --output_topic")
    if known.failures is None:
        if known.output is None:
            parser.error("--failures is missing; it is required with --output_topic")
        known.failures = f"{known.output.rstrip('/')}/failures"
    with exit_code() as code:
        parse_subscription(known.subscription)
        if known.output_topic is not None:
            parse_topic(known.output_topic)
        if PipelineOptions(beam_arguments).view_as(StandardOptions).runner is None:
            # Runs in one thread. With several, the pipeline of each batch starts and stops threads and their
            # servers, which took twice as long and leaked a megabyte each time.
            beam_arguments = ["--runner=FnApiRunner", *beam_arguments]
        options = pipeline_options(beam_arguments)
        on_dataflow = "dataflow" in (options.view_as(StandardOptions).runner or "").lower()
        if known.reader == "beam" or (known.reader == "auto" and on_dataflow):
            run_stream(known, options)
        else:
            if known.id_label is not None:
                raise ValueError(
                    "--id_label is for --reader beam on Dataflow; elsewhere, messages may come twice"
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
    add("--originals", required=True, metavar="ROOT", help="the store: a directory or gs://bucket/prefix")
    add(
        "--output",
        metavar="ROOT",
        help="write compacted records into files below a directory or gs://bucket/prefix",
    )
    add(
        "--output_format",
        choices=("parquet", "jsonl"),
        default="parquet",
        help="parquet: rows with statistics and the message's attributes; jsonl: records alone, one on each "
        "line, except that records with line breaks go to Parquet files (default: %(default)s)",
    )
    add(
        "--output_topic",
        metavar="NAME",
        help="publish compacted records instead: projects/PROJECT/topics/NAME",
    )
    add("--failures", metavar="ROOT", help="where failures go (default: OUTPUT/failures)")
    add_payload_arguments(parser)
    add(
        "--run_date",
        type=dt.date.fromisoformat,
        metavar="DATE",
        help="date stored with each original, such as 2026-01-31 (default: the current day, UTC)",
    )
    add(
        "--batch_bytes",
        type=int,
        default=16 << 20,
        metavar="N",
        help="bytes of records that are crushed together (default: %(default)s)",
    )
    add(
        "--max_latency_s",
        type=float,
        default=10.0,
        metavar="S",
        help="seconds that a record waits for its batch at most (default: %(default)s)",
    )
    add(
        "--shards",
        type=int,
        default=4,
        metavar="N",
        help="batches that fill at the same time, with --reader beam (default: %(default)s)",
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
        help="seconds of a message's lease, with --reader batches (default: %(default)s)",
    )
    add_config_arguments(parser)
    return parser


def crush_messages(
    messages: beam.PCollection, known: argparse.Namespace, *, batch_bytes: int, native_topic: bool
) -> None:
    """Adds crushing and the sinks to a PCollection of `PubsubMessage`.

    Args:
        messages: the messages, bounded or unbounded.
        known: the parsed arguments.
        batch_bytes: bytes of records that are crushed together.
        native_topic: publish through the runner's own sink instead of `PublishMessages`.
    """
    crushed = messages | "Crush" >> CrushRecords(
        originals=known.originals,
        trace_format=trace_format_from(known),
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
    # A record may have line breaks between its tokens. It can't be a line, and must not stop the stream.
    lines, others = compacted | "ByLineBreak" >> beam.Partition(_has_line_break, 2)
    _ = lines | "Lines" >> WriteCompacted(root, file_format="jsonl")
    _ = others | "Others" >> WriteCompacted(root, file_format="parquet")


def _has_line_break(element: tuple[PubsubMessage, Compacted], _: int) -> int:
    return int(b"\n" in element[1].record or b"\r" in element[1].record)


def _to_message(envelope: PubsubMessage, row: Compacted) -> PubsubMessage:
    return PubsubMessage(row.record, envelope.attributes, ordering_key=envelope.ordering_key or "")


def run_stream(known: argparse.Namespace, options: PipelineOptions) -> None:
    """Runs one streaming pipeline, on a runner that has a Pub/Sub source.

    Args:
        known: the parsed arguments.
        options: Beam's options.

    Raises:
        ValueError: the runner can't stream.
    """
    options.view_as(StandardOptions).streaming = True
    runner = options.view_as(StandardOptions).runner or ""
    if runner.endswith("FnApiRunner"):
        raise ValueError("--reader beam needs a runner that streams, such as --runner DataflowRunner")
    on_dataflow = "dataflow" in runner.lower()
    if not on_dataflow:
        log.warning("%s may acknowledge messages before they are durable; --reader batches doesn't", runner)
    pipeline = beam.Pipeline(options=options)
    messages = pipeline | "Read" >> ReadFromPubSub(
        subscription=known.subscription, with_attributes=True, id_label=known.id_label
    )
    crush_messages(messages, known, batch_bytes=known.batch_bytes, native_topic=on_dataflow)
    run_pipeline(pipeline)


def run_batches(
    known: argparse.Namespace, options: PipelineOptions, stopping: threading.Event
) -> dict[str, int]:
    """Leases, crushes and acknowledges messages batch by batch, until it is told to stop.

    Args:
        known: the parsed arguments.
        options: Beam's options, for the pipeline of each batch.
        stopping: an event that stops the loop after the current batch.

    Returns:
        The counts `batches` and `messages` (acknowledged ones), and those of `_COUNTED`.

    Raises:
        RuntimeError, HeadroomBeamError: a batch failed; its messages are given back.
        google.api_core.exceptions.GoogleAPICallError: the service refused.
    """
    options.view_as(StandardOptions).streaming = False
    done = {"batches": 0, "messages": 0, **dict.fromkeys(_COUNTED, 0)}
    with LeasedSubscription(known.subscription, lease_s=known.lease_s) as subscription:
        while not stopping.is_set():
            leased = subscription.pull(
                batch_bytes=known.batch_bytes, max_latency_s=known.max_latency_s, stopping=stopping
            )
            if not leased:
                continue
            pipeline = beam.Pipeline(options=options)
            # Without a reshuffle the messages are one bundle, and their originals become one pack.
            messages = pipeline | "Messages" >> beam.Create(
                [message_of(one.message) for one in leased], reshuffle=False
            )
            # The messages are in memory already. All are one batch, even if the last pull exceeded its size.
            crush_messages(messages, known, batch_bytes=sys.maxsize, native_topic=False)
            result = run_pipeline(pipeline)
            if result is None:
                raise RuntimeError("the pipeline of a batch didn't finish; its messages will come again")
            subscription.acknowledge(leased)
            done["batches"] += 1
            done["messages"] += len(leased)
            for name in _COUNTED:
                done[name] += counted(result, name)
            log.info("crushed a batch of %d messages", len(leased))
    return done


@contextmanager
def _until_signalled() -> Iterator[threading.Event]:
    """Yields an event that SIGINT and SIGTERM set, and restores their handlers at the end."""
    stopping = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopping.set()) for number in numbers]
    try:
        yield stopping
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
