"""A real PgBouncer in front of a PostgreSQL: in session mode, without passwords."""

import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.postgres import Postgres
from tests.waiting import eventually

_USER = "postgres"  # it refuses to run as root


class PgBouncer:
    def __init__(self, program: str, server: Postgres) -> None:
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="parley-pgb-"))
        self._process: subprocess.Popen[bytes] | None = None
        behind = parse_qs(urlsplit(server.url("postgres")).query)["host"][0]
        (self._folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={behind} user=parley\n[pgbouncer]\npool_mode = session\nauth_type = any\n"
            f"unix_socket_dir = {self._folder}\nlisten_port = 6432\nserver_login_retry = 1\nquery_wait_timeout = 2\n"
        )
        shutil.chown(self._folder, _USER)

    def url(self, database_url: str) -> str:
        """The same database, through here."""
        return f"postgresql://parley@{urlsplit(database_url).path}?host={self._folder}&port=6432"

    async def start(self) -> None:
        ini = self._folder / "pgbouncer.ini"
        self._process = subprocess.Popen(
            [self._program, "-q", ini], user=pwd.getpwnam(_USER).pw_uid, stdout=subprocess.DEVNULL, cwd="/"
        )
        await eventually(self._listens)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self._folder / ".s.PGSQL.6432")) == 0

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None
            (self._folder / ".s.PGSQL.6432").unlink(missing_ok=True)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)


@asynccontextmanager
async def running_pgbouncer(server: Postgres) -> AsyncIterator[PgBouncer]:
    """Skips the test where PgBouncer is not installed."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    with closing(PgBouncer(program, server)) as made:
        await made.start()
        yield made
