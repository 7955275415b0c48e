"""What every test has: the event loop of production, and one Valkey for the whole run."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, settings

from tests.valkey import Valkey

# How long it takes to make an example, or to try it, is the machine's affair.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey that lives as long as the run; who wants to break one makes a `Valkey` of their own."""
    with closing(Valkey()) as valkey:
        valkey.start()
        yield valkey.url
