"""Topics, subscriptions and messages for tests with Pub/Sub."""

from google.pubsub_v1 import types

TOPIC = "projects/project/topics/in"
OUTPUT_TOPIC = "projects/project/topics/out"
SUBSCRIPTION = "projects/project/subscriptions/in"
OUTPUT_SUBSCRIPTION = "projects/project/subscriptions/out"


def messages_of(records: list[bytes]) -> list[types.PubsubMessage]:
    """Returns a message for each record, with its number as an attribute."""
    return [
        types.PubsubMessage(
            data=record, attributes={"number": str(number), "topic": "an attribute may be called so"}
        )
        for number, record in enumerate(records)
    ]
