"""Leased messages of a subscription, and publish requests within the limits of the service."""

import threading
import time

from apache_beam.io.gcp.pubsub import PubsubMessage
from helpers.messages import SUBSCRIPTION, TOPIC, messages_of

from headroom_beam.transforms.pubsub import LeasedSubscription, publish_requests


def test_leases_are_kept_while_a_batch_takes_long(pubsub):
    pubsub.publish(TOPIC, messages_of([b"1"]))
    with LeasedSubscription(SUBSCRIPTION, lease_s=10) as subscription:
        messages = subscription.pull(batch_bytes=1, max_latency_s=1, stopping=threading.Event())
        pulled_end_s, give_up_s = pubsub.lease_end_s(SUBSCRIPTION), time.monotonic() + 300
        while pubsub.lease_end_s(SUBSCRIPTION) < pulled_end_s + 5:
            assert time.monotonic() < give_up_s
            time.sleep(0.1)
        subscription.acknowledge(messages)
    assert len(pubsub.acknowledged(SUBSCRIPTION)) == 1
    assert set(pubsub.deliveries(SUBSCRIPTION).values()) == {1}


def test_leaving_the_subscription_gives_messages_back_at_once(pubsub):
    pubsub.publish(TOPIC, messages_of([b"1"]))
    for _ in range(2):
        start_s = time.monotonic()
        with LeasedSubscription(SUBSCRIPTION, lease_s=600) as subscription:
            assert len(subscription.pull(batch_bytes=1, max_latency_s=1, stopping=threading.Event())) == 1
        # Otherwise the second subscriber would have to wait until the first one's lease ends.
        assert time.monotonic() - start_s < 300


def test_publish_requests_stay_within_the_limits_of_the_service():
    messages = [
        PubsubMessage(b"x" * size, {"a": "b"}) for size in (4_000_000, 4_000_000, 4_000_000, 9_500_000, 1)
    ]
    sizes = [
        [len(message.data) for message in request.messages] for request in publish_requests(TOPIC, messages)
    ]
    assert sizes == [[4_000_000, 4_000_000], [4_000_000], [9_500_000], [1]]
