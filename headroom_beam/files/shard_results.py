"""What a finished shard has left: its result, which is its done-record, and the list of its failures."""

import json
from collections.abc import Iterator

from headroom_beam.errors import FormatError, StoreError
from headroom_beam.files.manifest import ShardResult, done_name, failures_name
from headroom_beam.files.plan import Run
from headroom_beam.files.shards import Shard
from headroom_beam.objects.base import Objects
from headroom_beam.objects.open import open_objects
from headroom_beam.records import Failure

__all__ = ["finished_shard", "put_result", "read_failures"]


def finished_shard(run: Run, shard: Shard) -> ShardResult | None:
    """Reads the result of a shard; None if the shard isn't done.

    Raises:
        StoreError: the output can't be read.
        FormatError: the done-record is damaged, or of an unknown version.
    """
    output = open_objects(run.settings.output)
    name = done_name(shard.id)
    if not output.exists(name):
        return None
    return ShardResult.from_json(output.get(name), f"{output.root}/{name}")


def put_result(output: Objects, shard: Shard, result: ShardResult) -> ShardResult:
    """Writes the result of a shard, unless another worker has finished it first.

    Args:
        output: the root of the run's compacted files.
        shard: the shard.
        result: what it came to; all that it names is durable.

    Returns:
        The result that is stored.

    Raises:
        StoreError: another worker has made other parts of the same shard, or the output can't be written.
        FormatError: the stored result is damaged, or of an unknown version.
    """
    name = done_name(shard.id)
    stored = ShardResult.from_json(output.put_or_get(name, result.to_json()), f"{output.root}/{name}")
    # A library of another version may compress packs to other bytes and names, but the parts must be equal.
    if [part._replace(packs=()) for part in stored.parts] != [
        part._replace(packs=()) for part in result.parts
    ]:
        raise StoreError(f"{output.root}/{name}: another worker has made other parts of the same shard")
    return stored


def read_failures(run: Run, result: ShardResult) -> Iterator[Failure]:
    """Yields the failures of a finished shard.

    Raises:
        StoreError: the output can't be read.
        FormatError: the list is damaged.
    """
    if not result.failures:
        return
    output, name = open_objects(run.settings.output), failures_name(f"{result.shard:05d}")
    with output.open(name) as lines:
        for line in lines:
            try:
                failure = Failure(**json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                raise FormatError(
                    f"{output.root}/{name} is damaged, or was written by another program"
                ) from error
            yield failure
