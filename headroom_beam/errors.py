"""Every error that headroom_beam raises on purpose, with the exit code the command line gives for it.

No error carries payload text: messages name positions, sizes, hashes and files, so that logs of a run are
safe to keep.

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
    "StoreError",
]


class HeadroomBeamError(Exception):
    """Base of all errors below."""

    exit_code = 1


class InvalidPayload(HeadroomBeamError, ValueError):
    """Text that isn't what the call asks for: not JSON, or another JSON type.

    The message has line and column.
    """

    exit_code = 3


class LimitExceeded(HeadroomBeamError):
    """Input beyond a limit (depth, record size, columns, keys, pack size); the message names the limit."""

    exit_code = 4


class InvalidHash(HeadroomBeamError, ValueError):
    """A hash that isn't 24 or 64 lower-case hexadecimal digits."""

    exit_code = 5


class OriginalNotFound(HeadroomBeamError, KeyError):
    """No original of this hash was ever stored here."""

    exit_code = 6

    __str__ = Exception.__str__


class OriginalExpired(HeadroomBeamError):
    """The original was stored once and has been expired or erased; `reason` says which."""

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
    """Bytes whose SHA-256 isn't the digest they are stored, or expected, under."""


class StoreError(HeadroomBeamError):
    """The store can't be read or written now; `retryable` says whether trying again may help."""

    exit_code = 9

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return (_store_error, (self.args[0], self.retryable))


def _store_error(message: str, retryable: bool) -> StoreError:  # noqa: FBT001 - pickle gives arguments by position
    return StoreError(message, retryable=retryable)


class FormatError(HeadroomBeamError):
    """An unknown marker, a header or table that doesn't decode, or a store or run of an unknown version."""

    exit_code = 10


class AmbiguousHash(HeadroomBeamError):
    """Two originals with different digests share this hash; ask by the full digest."""

    exit_code = 11
