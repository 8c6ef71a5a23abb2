"""The server listens on loopback, or elsewhere with a token."""

import pytest
from helpers.serving import TOKEN

from headroom_beam.serve.server import check_binding, serve
from headroom_beam.store.store import OriginalStore


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.1.2.3", "example.com"])
def test_listening_beyond_loopback_needs_a_token(host: str) -> None:
    with pytest.raises(ValueError, match="set a token"):
        check_binding(host, None)
    check_binding(host, TOKEN)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_listening_on_loopback_needs_no_token(host: str) -> None:
    check_binding(host, None)


def test_an_invalid_port_is_refused(store: OriginalStore) -> None:
    with pytest.raises(ValueError, match="from 0 to 65535"):
        serve(store, port=65536)
