"""A PostgreSQL of one's own for a while: an unprivileged server on a Unix socket, in a folder that goes with it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

START_S_MAX = 20
_USER = "postgres"  # as Debian's package calls it; the server refuses to run as root


class NotInstalled(Exception):
    """There is no `initdb` on this machine."""


class DidNotStart(Exception):
    """The server ended, or does not answer."""


def binaries() -> Path:
    """The folder of `initdb` and `postgres`, the newest version's. Raises NotInstalled."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise NotInstalled("PostgreSQL is not installed")
    return found[-1].parent if found else Path(on_path or "").parent


class TemporaryPostgres:
    """Made with its cluster, and not yet started. `options` are settings of the server (`fsync`, say)."""

    def __init__(self, *, within: Path | None = None, options: Mapping[str, str] | None = None) -> None:
        """Raises NotInstalled."""
        self._binaries = binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="parley-pg-", dir=within))  # a socket's path has 107 bytes at most
        self._options = options or {}
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        as_root = os.getuid() == 0
        if as_root:
            shutil.chown(self._folder, _USER)
        self._identity = pwd.getpwnam(_USER).pw_uid if as_root else None
        self._run("initdb", "-D", str(self._folder / "data"), "-U", "parley", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def pid(self) -> int:
        """Of the first of its processes, while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return when it answers. Raises DidNotStart."""
        options = {"listen_addresses": "", "unix_socket_directories": str(self._folder), **self._options}
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data")]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._process = subprocess.Popen(
            command, user=self._identity, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        deadline_s = time.monotonic() + START_S_MAX
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise DidNotStart("PostgreSQL ended, or does not answer")
            time.sleep(0.02)

    def answers(self) -> bool:
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(ready, check=False).returncode == 0

    def url(self, database: str) -> str:
        return f"postgresql://parley@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """The address of an empty one."""
        name = f"parley_{next(self._names)}"
        self.make_database(name)
        return self.url(name)

    def make_database(self, name: str) -> None:
        self._run("createdb", "-h", str(self._folder), "-U", "parley", name)

    def kill(self) -> None:
        """As kill -9 does, to all of its processes."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once, with recovery at the next start
            self._process.wait(START_S_MAX)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments], user=self._identity, check=True, capture_output=True, cwd="/"
        )
