"""A real PostgreSQL of a run's own: an unprivileged server on a Unix socket, with a fresh database for each test."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

_USER = "postgres"  # as Debian's package calls it; the server refuses to run as root


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version's; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running_postgres() -> Iterator["Postgres"]:
    """Skips the test where PostgreSQL is not installed."""
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    with closing(Postgres(folder)) as server:
        server.start()
        yield server


class Postgres:
    """One server, as quick as it gets: what it promises about the disk is not what these tests are about."""

    def __init__(self, folder: Path) -> None:
        self._binaries = folder
        self._folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))  # short: a socket's path has 107 bytes at most
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        as_root = os.getuid() == 0
        if as_root:
            shutil.chown(self._folder, _USER)
        self._identity = pwd.getpwnam(_USER).pw_uid if as_root else None
        self._run("initdb", "-D", str(self._folder / "data"), "-U", "parley", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Return when it answers."""
        options = {"fsync": "off", "listen_addresses": "", "unix_socket_directories": str(self._folder)}
        options |= {"max_connections": "200", "shared_buffers": "16MB", "autovacuum": "off", "full_page_writes": "off"}
        options |= {"wal_level": "minimal", "max_wal_senders": "0"}  # but a commit outlives `kill`
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._process = subprocess.Popen(
            command, user=self._identity, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        deadline_s = time.monotonic() + 20
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, "PostgreSQL ended"
                assert time.monotonic() < deadline_s, "PostgreSQL did not start"
                time.sleep(0.02)
            else:
                return

    def url(self, database: str) -> str:
        return f"postgresql://parley@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """The address of an empty one."""
        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
        return self.url(name)

    def kill(self) -> None:
        """As kill -9 does, to all of its processes."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once, with recovery at the next start
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments], user=self._identity, check=True, capture_output=True, cwd="/"
        )
