"""A small Pub/Sub server: the gRPC protocol of Cloud Pub/Sub over a real socket, kept in memory.

It speaks the parts that publishers and subscribers use: Publish, Pull, StreamingPull, Acknowledge,
ModifyAckDeadline, and creating, getting and deleting topics and subscriptions. Delivery is at least once, as
in the service: a message is leased to one subscriber at a time, and comes again when its lease runs out
before it is acknowledged. What the service promises beyond that (ordering, filters, exactly-once
subscriptions, retention, snapshots) isn't supported: a request for it is an error.

Client libraries find it through `PUBSUB_EMULATOR_HOST`:

>>> import os
>>> from google.cloud import pubsub_v1
>>> with PubsubServer() as server:
...     os.environ["PUBSUB_EMULATOR_HOST"] = server.address
...     publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
...     _ = publisher.create_topic(name="projects/project/topics/in")
...     _ = subscriber.create_subscription(
...         name="projects/project/subscriptions/in", topic="projects/project/topics/in"
...     )
...     _ = publisher.publish("projects/project/topics/in", b"hello").result()
...     pulled = subscriber.pull(subscription="projects/project/subscriptions/in", max_messages=1)
...     del os.environ["PUBSUB_EMULATOR_HOST"]
...     pulled.received_messages[0].message.data
b'hello'
"""

import argparse
import dataclasses
import datetime as dt
import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from types import TracebackType
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

__all__ = ["PubsubServer"]

_PULL_WAIT_S = 0.5
"""How long a Pull without messages is held open, so that a polling client doesn't spin."""

_MAX_STREAMED_MESSAGES = 100


@dataclasses.dataclass
class _Lease:
    message: types.PubsubMessage
    expires_s: float


class _Subscription:
    """The messages of one subscription: waiting, leased, or acknowledged and gone.

    Guarded by its own condition.
    """

    def __init__(self, definition: types.Subscription) -> None:
        self.definition = definition
        self.changed = threading.Condition()
        self.acknowledged: list[str] = []
        self.delivered: Counter[str] = Counter()
        self._waiting: deque[types.PubsubMessage] = deque()
        self._leases: dict[str, _Lease] = {}
        self._ack_numbers = itertools.count()

    def add(self, messages: Iterable[types.PubsubMessage]) -> None:
        with self.changed:
            self._waiting.extend(messages)
            self.changed.notify_all()

    def outstanding_count(self) -> int:
        with self.changed:
            return len(self._waiting) + len(self._leases)

    def lease(self, limit: int, deadline_s: float, wait_s: float) -> list[types.ReceivedMessage]:
        """Leases up to `limit` messages; waits up to `wait_s` for the first one."""
        give_up_s = time.monotonic() + wait_s
        with self.changed:
            while True:
                self._take_back_expired()
                if self._waiting or time.monotonic() >= give_up_s:
                    break
                self.changed.wait(min(0.05, wait_s))
            return [self._lease_one(deadline_s) for _ in range(min(limit, len(self._waiting)))]

    def _lease_one(self, deadline_s: float) -> types.ReceivedMessage:
        message = self._waiting.popleft()
        self.delivered[message.message_id] += 1
        ack_id = f"{message.message_id}:{next(self._ack_numbers)}"
        self._leases[ack_id] = _Lease(message, time.monotonic() + deadline_s)
        return types.ReceivedMessage(
            ack_id=ack_id, message=message, delivery_attempt=self.delivered[message.message_id]
        )

    def lease_end_s(self) -> float:
        with self.changed:
            return max((lease.expires_s for lease in self._leases.values()), default=float("-inf"))

    def expire_leases(self) -> None:
        with self.changed:
            for lease in self._leases.values():
                lease.expires_s = 0
            self._take_back_expired()
            self.changed.notify_all()

    def _take_back_expired(self) -> None:
        now_s = time.monotonic()
        for ack_id in [ack_id for ack_id, lease in self._leases.items() if lease.expires_s <= now_s]:
            self._waiting.append(self._leases.pop(ack_id).message)

    def acknowledge(self, ack_ids: Iterable[str]) -> None:
        """Acknowledges what is still leased; as in the service, an ack that comes too late does nothing."""
        with self.changed:
            self._take_back_expired()
            for ack_id in ack_ids:
                lease = self._leases.pop(ack_id, None)
                if lease is not None:
                    self.acknowledged.append(lease.message.message_id)
            self.changed.notify_all()

    def modify_deadlines(self, ack_ids: Iterable[str], deadline_s: float) -> None:
        """Extends leases, or, with a deadline of 0, gives the messages back at once."""
        with self.changed:
            for ack_id in ack_ids:
                lease = self._leases.get(ack_id)
                if lease is not None:
                    lease.expires_s = time.monotonic() + deadline_s
            self._take_back_expired()
            self.changed.notify_all()


class PubsubServer:
    """Serves Pub/Sub on a loopback socket until closed; a context manager.

    Args:
        port: TCP port, 0 for any free one.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._topics: dict[str, types.Topic] = {}
        self._subscriptions: dict[str, _Subscription] = {}
        self._published: dict[str, list[types.PubsubMessage]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._failures: dict[str, list[grpc.StatusCode]] = {}
        self._permits: dict[str, threading.Semaphore] = {}
        # StreamingPull holds a thread for as long as its client lives, so there must be more threads than
        # clients.
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", self._publisher_methods()),
                grpc.method_handlers_generic_handler(
                    "google.pubsub.v1.Subscriber", self._subscriber_methods()
                ),
            )
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port(f'127.0.0.1:{port}')}"
        self._server.start()

    def __enter__(self) -> "PubsubServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops serving; calls that are still open are cancelled."""
        self._server.stop(grace=None).wait()

    # Methods for tests, beside the protocol.

    def create(self, topic: str, *subscriptions: str, ack_deadline_s: int = 10) -> None:
        """Creates a topic with subscriptions, by their full names."""
        self._create_topic(types.Topic(name=topic), None)
        for name in subscriptions:
            definition = types.Subscription(name=name, topic=topic, ack_deadline_seconds=ack_deadline_s)
            self._create_subscription(definition, None)

    def publish(self, topic: str, messages: Sequence[types.PubsubMessage]) -> list[str]:
        """Publishes messages and returns their ids."""
        return list(self._publish(types.PublishRequest(topic=topic, messages=messages), None).message_ids)

    def published(self, topic: str) -> list[types.PubsubMessage]:
        """Returns every message that was published to the topic, in order."""
        with self._lock:
            return list(self._published[topic])

    def acknowledged(self, subscription: str) -> list[str]:
        """Returns the ids of the acknowledged messages, in order."""
        found = self._subscriptions[subscription]
        with found.changed:
            return list(found.acknowledged)

    def deliveries(self, subscription: str) -> Counter[str]:
        """Returns how often each message was delivered, by its id."""
        found = self._subscriptions[subscription]
        with found.changed:
            return Counter(found.delivered)

    def outstanding_count(self, subscription: str) -> int:
        """Returns the number of messages that aren't acknowledged yet."""
        return self._subscriptions[subscription].outstanding_count()

    def expire_leases(self, subscription: str) -> None:
        """Ends all leases now, as those of dead subscribers end in time."""
        self._subscriptions[subscription].expire_leases()

    def lease_end_s(self, subscription: str) -> float:
        """Returns when the last lease ends, by `time.monotonic`; minus infinity if there is none."""
        return self._subscriptions[subscription].lease_end_s()

    def fail_next(self, method: str, code: grpc.StatusCode, *, times: int = 1) -> None:
        """Makes the next calls of a method (`Publish`, `Acknowledge`, …) fail with a status."""
        with self._lock:
            self._failures.setdefault(method, []).extend([code] * times)

    def hold_after(self, method: str, *, calls: int) -> None:
        """Lets so many more calls of a method through.

        Later ones wait for `release`, or until their client is gone.
        """
        with self._lock:
            self._permits[method] = threading.Semaphore(calls)

    def release(self, method: str) -> None:
        """Lets all calls of a method through again."""
        with self._lock:
            del self._permits[method]

    # The protocol.

    def _publisher_methods(self) -> dict[str, grpc.RpcMethodHandler]:
        return {
            "CreateTopic": self._unary("CreateTopic", self._create_topic, types.Topic, types.Topic),
            "GetTopic": self._unary("GetTopic", self._get_topic, types.GetTopicRequest, types.Topic),
            "DeleteTopic": self._unary("DeleteTopic", self._delete_topic, types.DeleteTopicRequest, None),
            "Publish": self._unary("Publish", self._publish, types.PublishRequest, types.PublishResponse),
        }

    def _subscriber_methods(self) -> dict[str, grpc.RpcMethodHandler]:
        return {
            "CreateSubscription": self._unary(
                "CreateSubscription", self._create_subscription, types.Subscription, types.Subscription
            ),
            "GetSubscription": self._unary(
                "GetSubscription", self._get_subscription, types.GetSubscriptionRequest, types.Subscription
            ),
            "DeleteSubscription": self._unary(
                "DeleteSubscription", self._delete_subscription, types.DeleteSubscriptionRequest, None
            ),
            "Pull": self._unary("Pull", self._pull, types.PullRequest, types.PullResponse),
            "Acknowledge": self._unary("Acknowledge", self._acknowledge, types.AcknowledgeRequest, None),
            "ModifyAckDeadline": self._unary(
                "ModifyAckDeadline", self._modify_ack_deadline, types.ModifyAckDeadlineRequest, None
            ),
            "StreamingPull": grpc.stream_stream_rpc_method_handler(
                self._streaming_pull,
                request_deserializer=types.StreamingPullRequest.deserialize,
                response_serializer=types.StreamingPullResponse.serialize,
            ),
        }

    def _unary(
        self, name: str, method: Callable[[Any, Any], Any], request: Any, response: Any | None
    ) -> grpc.RpcMethodHandler:
        def call(message: Any, context: grpc.ServicerContext) -> Any:
            with self._lock:
                failures = self._failures.get(name)
                code = failures.pop(0) if failures else None
            if code is not None:
                context.abort(code, "a failure that the test asked for")
            while (permits := self._permits.get(name)) is not None and not permits.acquire(timeout=0.05):
                if not context.is_active():
                    context.abort(grpc.StatusCode.CANCELLED, "the client is gone")
            return method(message, context)

        return grpc.unary_unary_rpc_method_handler(
            call,
            request_deserializer=request.deserialize,
            response_serializer=response.serialize if response else empty_pb2.Empty.SerializeToString,
        )

    def _create_topic(self, topic: types.Topic, context: grpc.ServicerContext | None) -> types.Topic:
        with self._lock:
            if topic.name in self._topics:
                _abort(context, grpc.StatusCode.ALREADY_EXISTS, topic.name)
            self._topics[topic.name] = topic
            self._published[topic.name] = []
        return topic

    def _get_topic(self, request: types.GetTopicRequest, context: grpc.ServicerContext) -> types.Topic:
        return self._topics.get(request.topic) or _abort(context, grpc.StatusCode.NOT_FOUND, request.topic)

    def _delete_topic(
        self, request: types.DeleteTopicRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        with self._lock:
            if self._topics.pop(request.topic, None) is None:
                _abort(context, grpc.StatusCode.NOT_FOUND, request.topic)
        return empty_pb2.Empty()

    def _publish(
        self, request: types.PublishRequest, context: grpc.ServicerContext | None
    ) -> types.PublishResponse:
        now = dt.datetime.now(dt.timezone.utc)
        with self._lock:
            if request.topic not in self._topics:
                _abort(context, grpc.StatusCode.NOT_FOUND, request.topic)
            for message in request.messages:
                message.message_id = str(next(self._numbers))
                message.publish_time = now
            self._published[request.topic].extend(request.messages)
            readers = [one for one in self._subscriptions.values() if one.definition.topic == request.topic]
        for reader in readers:
            reader.add(request.messages)
        return types.PublishResponse(message_ids=[message.message_id for message in request.messages])

    def _create_subscription(
        self, definition: types.Subscription, context: grpc.ServicerContext | None
    ) -> types.Subscription:
        if definition.enable_message_ordering or definition.enable_exactly_once_delivery or definition.filter:
            _abort(context, grpc.StatusCode.UNIMPLEMENTED, "ordering, exactly-once delivery and filters")
        definition.ack_deadline_seconds = definition.ack_deadline_seconds or 10
        with self._lock:
            if definition.topic not in self._topics:
                _abort(context, grpc.StatusCode.NOT_FOUND, definition.topic)
            if definition.name in self._subscriptions:
                _abort(context, grpc.StatusCode.ALREADY_EXISTS, definition.name)
            self._subscriptions[definition.name] = _Subscription(definition)
        return definition

    def _subscription(self, name: str, context: grpc.ServicerContext) -> _Subscription:
        return self._subscriptions.get(name) or _abort(context, grpc.StatusCode.NOT_FOUND, name)

    def _get_subscription(
        self, request: types.GetSubscriptionRequest, context: grpc.ServicerContext
    ) -> types.Subscription:
        return self._subscription(request.subscription, context).definition

    def _delete_subscription(
        self, request: types.DeleteSubscriptionRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._subscription(request.subscription, context)
        with self._lock:
            del self._subscriptions[request.subscription]
        return empty_pb2.Empty()

    def _pull(self, request: types.PullRequest, context: grpc.ServicerContext) -> types.PullResponse:
        found = self._subscription(request.subscription, context)
        if request.max_messages <= 0:
            _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "max_messages must be positive")
        wait_s = 0.0 if request.return_immediately else _PULL_WAIT_S
        messages = found.lease(request.max_messages, found.definition.ack_deadline_seconds, wait_s)
        return types.PullResponse(received_messages=messages)

    def _acknowledge(
        self, request: types.AcknowledgeRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._subscription(request.subscription, context).acknowledge(request.ack_ids)
        return empty_pb2.Empty()

    def _modify_ack_deadline(
        self, request: types.ModifyAckDeadlineRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        found = self._subscription(request.subscription, context)
        found.modify_deadlines(request.ack_ids, request.ack_deadline_seconds)
        return empty_pb2.Empty()

    def _streaming_pull(
        self, requests: Iterator[types.StreamingPullRequest], context: grpc.ServicerContext
    ) -> Iterator[types.StreamingPullResponse]:
        first = next(requests)
        found = self._subscription(first.subscription, context)
        deadline_s = first.stream_ack_deadline_seconds or found.definition.ack_deadline_seconds

        def follow() -> None:
            try:
                for request in requests:
                    found.acknowledge(request.ack_ids)
                    for ack_id, seconds in zip(
                        request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True
                    ):
                        found.modify_deadlines([ack_id], seconds)
            except grpc.RpcError:
                # The client hung up; what it didn't acknowledge comes again when its leases run out.
                return

        threading.Thread(target=follow, daemon=True).start()
        while context.is_active():
            messages = found.lease(_MAX_STREAMED_MESSAGES, deadline_s, _PULL_WAIT_S)
            if messages:
                yield types.StreamingPullResponse(received_messages=messages)


def _abort(context: grpc.ServicerContext | None, code: grpc.StatusCode, what: str) -> NoReturn:
    if context is None:
        raise ValueError(f"{code.name}: {what}")
    context.abort(code, what)
    raise AssertionError("abort always raises")


def main() -> None:
    """Serves until interrupted and prints the address for `PUBSUB_EMULATOR_HOST`."""
    parser = argparse.ArgumentParser(description="A small Pub/Sub server for local runs.")
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument(
        "--create", nargs=2, action="append", default=[], metavar=("TOPIC", "SUBSCRIPTION"), help="full names"
    )
    arguments = parser.parse_args()
    with PubsubServer(port=arguments.port) as server:
        for topic, subscription in arguments.create:
            server.create(topic, subscription)
        print(f"PUBSUB_EMULATOR_HOST={server.address}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
