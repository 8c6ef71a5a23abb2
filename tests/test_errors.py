"""Errors survive pickling, and have different exit codes."""

import pickle

import pytest

from headroom_beam import errors
from headroom_beam.cli import main as cli

ALL = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_keeps_class_message_and_attributes_when_pickled(
    kind: type[errors.HeadroomBeamError],
) -> None:
    error = kind("at byte 7")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == (str(error), vars(error)) == ("at byte 7", vars(error))


def test_attributes_with_other_values_than_the_default_are_kept_too() -> None:
    assert pickle.loads(pickle.dumps(errors.StoreError("away", retryable=True))).retryable is True
    assert pickle.loads(pickle.dumps(errors.OriginalExpired("gone", "erased"))).reason == "erased"


def test_every_error_is_a_headroom_beam_error() -> None:
    assert all(issubclass(kind, errors.HeadroomBeamError) for kind in ALL)


def test_errors_derive_from_the_built_in_ones_that_callers_expect() -> None:
    assert issubclass(errors.OriginalNotFound, KeyError)
    assert issubclass(errors.InvalidHash, ValueError)
    assert issubclass(errors.InvalidPayload, ValueError)


def test_the_message_of_a_missing_original_has_no_quotes_unlike_that_of_a_key_error() -> None:
    assert str(errors.OriginalNotFound("no original of hash 00")) == "no original of hash 00"


def test_exit_codes_tell_errors_apart() -> None:
    codes = {kind: kind.exit_code for kind in ALL if kind not in (errors.CorruptPack, errors.DigestMismatch)}
    assert len(set(codes.values())) == len(codes)
    assert not set(codes.values()) & {0, cli.USAGE_EXIT_CODE}
