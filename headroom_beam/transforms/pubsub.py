"""Pub/Sub for runners without a source of their own: pulls, keeps leases, publishes, acknowledges last.

On runners that commit bundles, Beam's `ReadFromPubSub` acknowledges a message when its bundle is committed.
The local runners acknowledge messages as they pull them. If the process dies, messages in flight are lost. So
local runs pull with this module, and acknowledge a message when all its output is durable.
"""

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.pubsub import PubsubMessage, parse_topic
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1 import PublisherClient as PublisherApi
from google.pubsub_v1 import types

from headroom_beam.transforms.bundles import BundleDoFn
from headroom_beam.transforms.envelope import Place
from headroom_beam.transforms.metrics import count

__all__ = ["LeasedSubscription", "PublishMessages", "message_of", "publish_requests"]

MAX_REQUEST_MESSAGES = 1000
MAX_REQUEST_BYTES = 9_000_000
"""Limits of the service for one Publish request. The second leaves room for the rest of the request."""

_PULL_MESSAGES = 100
"""Messages in one response at most: few enough that a batch doesn't get much larger than it should."""
_PULL_TIMEOUT_S = 5.0
_ACK_IDS = 2000


class LeasedSubscription:
    """A subscription whose messages stay leased until they are acknowledged; a context manager.

    A thread extends the leases of all pulled messages, so work on a batch may take any time. Leaving the
    context gives unacknowledged messages back at once. If the process dies, they come again when their leases
    end.

    Args:
        subscription: `projects/PROJECT/subscriptions/NAME`.
        lease_s: seconds for which messages are leased at a time, 10 to 600.

    Raises:
        ValueError: `lease_s` is out of its range.
    """

    def __init__(self, subscription: str, *, lease_s: int = 60) -> None:
        if not 10 <= lease_s <= 600:
            raise ValueError(f"lease_s is {lease_s}; Pub/Sub leases messages for 10 to 600 seconds")
        self._name = subscription
        self._lease_s = lease_s
        self._client = pubsub_v1.SubscriberClient()
        self._leased: set[str] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep_leases, name="pubsub-leases", daemon=True)

    def __enter__(self) -> "LeasedSubscription":
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._keeper.join()
        with self._lock:
            left, self._leased = sorted(self._leased), set()
        # If this fails, the leases end by themselves. The failure must not hide the error that ended the
        # block.
        with contextlib.suppress(exceptions.GoogleAPICallError):
            self._modify(left, 0)
        self._client.close()

    def pull(
        self, *, batch_bytes: int, max_latency_s: float, stopping: threading.Event
    ) -> list[types.ReceivedMessage]:
        """Leases messages until a batch is full, is due, or `stopping` is set.

        Args:
            batch_bytes: size of the messages' data at which the batch is full.
            max_latency_s: seconds after the first message at which the batch is due.
            stopping: an event that ends the wait.

        Returns:
            The leased messages; none if there came none before `stopping` was set.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: the service refused for good.
        """
        messages: list[types.ReceivedMessage] = []
        size_bytes, due_s = 0, float("inf")
        while size_bytes < batch_bytes and time.monotonic() < due_s and not stopping.is_set():
            timeout_s = min(_PULL_TIMEOUT_S, max(0.1, due_s - time.monotonic()))
            pulled = self._pull_once(timeout_s)
            if pulled and not messages:
                due_s = time.monotonic() + max_latency_s
            messages.extend(pulled)
            size_bytes += sum(len(one.message.data) for one in pulled)
        return messages

    def _pull_once(self, timeout_s: float) -> Sequence[types.ReceivedMessage]:
        try:
            response = self._client.pull(
                subscription=self._name, max_messages=_PULL_MESSAGES, timeout=timeout_s, retry=None
            )
        except (exceptions.DeadlineExceeded, exceptions.ServiceUnavailable):
            # No message came in time, or the service is busy. Nothing is lost; the caller asks again.
            return []
        ack_ids = [one.ack_id for one in response.received_messages]
        with self._lock:
            self._leased.update(ack_ids)
        self._modify(ack_ids, self._lease_s)
        return list(response.received_messages)

    def acknowledge(self, messages: Sequence[types.ReceivedMessage]) -> None:
        """Acknowledges messages. Call it when all their output is durable.

        Raises:
            google.api_core.exceptions.GoogleAPICallError: the service refused; the messages will come again.
        """
        ack_ids = [one.ack_id for one in messages]
        for chunk in _chunks(ack_ids):
            self._client.acknowledge(subscription=self._name, ack_ids=chunk)
            with self._lock:
                self._leased.difference_update(chunk)

    def _keep_leases(self) -> None:
        while not self._closing.wait(self._lease_s / 3):
            with self._lock:
                leased = sorted(self._leased)
            try:
                self._modify(leased, self._lease_s)
            except exceptions.GoogleAPICallError:
                # The next try is after a third of the lease. If none succeeds, the messages come twice, which
                # is allowed.
                continue

    def _modify(self, ack_ids: Sequence[str], seconds: int) -> None:
        for chunk in _chunks(ack_ids):
            self._client.modify_ack_deadline(
                subscription=self._name, ack_ids=chunk, ack_deadline_seconds=seconds
            )


def _chunks(ack_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ack_ids), _ACK_IDS):
        yield ack_ids[start : start + _ACK_IDS]


def message_of(received: types.PubsubMessage) -> PubsubMessage:
    """Converts a message of the service to Beam's type."""
    # The client's datetime has nanoseconds and can't be pickled. Beam's sources cut it in the same way.
    published = received.publish_time
    return PubsubMessage(
        received.data,
        dict(received.attributes),
        received.message_id,
        published and dt.datetime.fromtimestamp(published.timestamp(), dt.timezone.utc),
        received.ordering_key,
    )


def publish_requests(topic: str, messages: Sequence[PubsubMessage]) -> Iterator[types.PublishRequest]:
    """Divides messages into requests within the service's limits. A message over them gets its own request.

    >>> [len(request.messages) for request in publish_requests("t", [PubsubMessage(b"x", {})] * 1001)]
    [1000, 1]
    """
    chunk: list[types.PubsubMessage] = []
    size_bytes = 0
    for message in messages:
        sent = types.PubsubMessage(
            data=message.data, attributes=message.attributes or {}, ordering_key=message.ordering_key or ""
        )
        sent_bytes = types.PubsubMessage.pb(sent).ByteSize()
        if chunk and (len(chunk) == MAX_REQUEST_MESSAGES or size_bytes + sent_bytes > MAX_REQUEST_BYTES):
            yield types.PublishRequest(topic=topic, messages=chunk)
            chunk, size_bytes = [], 0
        chunk.append(sent)
        size_bytes += sent_bytes
    if chunk:
        yield types.PublishRequest(topic=topic, messages=chunk)


class PublishMessages(beam.PTransform):
    """Publishes messages with all their attributes.

    A bundle succeeds only when the service has accepted each of its messages.

    Outside Dataflow, Beam's own `WriteToPubSub` passes attributes as keyword arguments. An attribute that is
    called `topic`, `data`, `retry` or `timeout` then fails the pipeline.

    Args:
        topic: `projects/PROJECT/topics/NAME`.

    Raises:
        ValueError: the topic's name has another form.
    """

    def __init__(self, topic: str) -> None:
        super().__init__()
        parse_topic(topic)
        self._topic = topic

    def expand(self, messages: beam.PCollection) -> beam.PCollection:
        """Publishes the messages. The output is empty."""
        return messages | "Publish" >> beam.ParDo(_Publish(self._topic)).with_input_types(PubsubMessage)

    def display_data(self) -> dict[str, Any]:
        """Returns what a runner shows about this step."""
        return {"topic": self._topic}


class _Publish(BundleDoFn):
    def __init__(self, topic: str) -> None:
        super().__init__(batch_bytes=MAX_REQUEST_BYTES, batch_elements=MAX_REQUEST_MESSAGES)
        self._topic = topic

    def setup(self) -> None:
        self._client = pubsub_v1.PublisherClient()

    def collect(self, element: PubsubMessage, place: Place) -> tuple[PubsubMessage, int]:  # noqa: ARG002
        return element, len(element.data)

    def flush(self, batch: Sequence[PubsubMessage]) -> list[Any]:
        for request in publish_requests(self._topic, batch):
            # The generated method takes whole messages. The client's own method would take attributes as
            # keyword arguments.
            PublisherApi.publish(self._client, request=request)
        count("messages_published", len(batch))
        return []
