"""What every test has: the event loop of production, a Valkey for the whole run, and a way to tell a figure.

With several workers (`make test`) each has a Valkey, Parleys and a browser of its own, and takes whole files.
"""

import gc
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, nullcontext

import pytest
from hypothesis import HealthCheck, settings

from launcher.processes import REPOSITORY
from tests import plain_logs
from tests.postgres import Postgres, running_postgres
from tests.unwatched import unwatched
from tests.valkey import Valkey

# How long it takes to make an example, or to try it, is the machine's affair.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
plain_logs.configure()

# Taken first, in this order: those that wait long, so that short ones fill the gaps they leave.
LONGEST = ("system/test_chaos", "system/test_installation", "browser/test_chat", "system", "browser")
FIGURE = "figure"
ENGINES = ("sqlite", "postgresql")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.nodeid.removeprefix("tests/")
        return next((rank for rank, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=rank)  # stable


_watched: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Of a test's variants coverage watches the first alone: they run the same code, and watched half as fast."""
    name = item.nodeid.partition("[")[0]
    with unwatched() if name in _watched else nullcontext():
        _watched.add(name)
        return (yield)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: so no look for garbage looks at thousands of tests again."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    figures = [text for one in reports if one.when == "call" for key, text in one.user_properties if key == FIGURE]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(map(str, figures)))


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tell a figure to whoever runs the tests."""
    return lambda line: record_property(FIGURE, line)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey that lives as long as the run; who wants to break one makes a `Valkey` of their own."""
    with closing(Valkey()) as valkey:
        valkey.start()
        yield valkey.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that lives as long as the run; who wants to break one makes a `Postgres` of their own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """Where the store of the service is that the folder of the test is about; empty: in the data folder."""
    return _new_database(request)


@pytest.fixture(scope="module", params=ENGINES)
def database_url_of_module(request: pytest.FixtureRequest) -> str:
    """The same, for a service that many tests share."""
    return _new_database(request)


def _new_database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    package = request.path.parent.name
    postgres: Postgres = request.getfixturevalue("postgres")
    if (migrations := REPOSITORY / package / "migrations").is_dir():
        return postgres.new_store(package.removesuffix("_service"), migrations)
    return postgres.new_database()


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """Of the run's Valkey, empty."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(valkey_url.removeprefix("unix://"))
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(100) == b"+OK\r\n"
    return valkey_url


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A Valkey that the test may kill, stop and start."""
    with closing(Valkey()) as made:
        made.start()
        yield made
