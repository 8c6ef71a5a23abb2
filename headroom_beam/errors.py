"""Defines every error of headroom_beam, each with the exit code that the command line gives for it.

No message holds text of a record or an original. Messages name positions, sizes, hashes, limits and files
only, so logs are as safe to keep as those are.

>>> issubclass(DigestMismatch, IntegrityError), DigestMismatch.exit_code
(True, 8)
"""

__all__ = [
    "AmbiguousHash",
    "CorruptPack",
    "DigestMismatch",
    "FormatError",
    "HeadroomBeamError",
    "IntegrityError",
    "InvalidHash",
    "InvalidPayload",
    "LimitExceeded",
    "OriginalExpired",
    "OriginalNotFound",
    "PayloadNotFound",
    "StoreError",
]


class HeadroomBeamError(Exception):
    """An error of headroom_beam; all others derive from it."""

    exit_code = 1


class InvalidPayload(HeadroomBeamError, ValueError):
    """A text isn't JSON, or isn't the JSON type that the call asks for. The message has line and column."""

    exit_code = 3


class LimitExceeded(HeadroomBeamError):
    """Input is beyond a limit, or originals don't fit in memory. The message names the limit."""

    exit_code = 4


class InvalidHash(HeadroomBeamError, ValueError):
    """A hash isn't 24 or 64 lower-case hexadecimal digits."""

    exit_code = 5


class OriginalNotFound(HeadroomBeamError, KeyError):
    """No original of this hash was ever stored here."""

    exit_code = 6

    __str__ = Exception.__str__


class OriginalExpired(HeadroomBeamError):
    """The original was stored once, and has expired or was erased.

    `reason` is `"expired"` or `"erased"`.
    """

    exit_code = 7

    def __init__(self, message: str, reason: str = "expired") -> None:
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class IntegrityError(HeadroomBeamError):
    """Stored bytes aren't what was stored."""

    exit_code = 8


class CorruptPack(IntegrityError):
    """A pack can't be decoded, or a page checksum doesn't match."""


class DigestMismatch(IntegrityError):
    """Bytes have another SHA-256 than the digest under which they are stored or expected."""


class StoreError(HeadroomBeamError):
    """A store, an output or an input can't be read or written now, or belongs to another run.

    `retryable` says whether trying again may help.
    """

    exit_code = 9

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_store_error, (self.args[0], self.retryable))


# Pickle gives arguments by position.
def _store_error(message: str, retryable: bool) -> StoreError:  # noqa: FBT001
    return StoreError(message, retryable=retryable)


class FormatError(HeadroomBeamError):
    """A marker or header has an unknown form, a table doesn't decode, or a version is unknown."""

    exit_code = 10


class AmbiguousHash(HeadroomBeamError):
    """Two originals with different digests share this hash. Ask by the full digest."""

    exit_code = 11


class PayloadNotFound(HeadroomBeamError):
    """No payload was found in the whole input, or most of its records are failures.

    The message says what to do. What a run has written is whole.
    """

    exit_code = 12
