"""Start-up errors: what no restart helps against, told in one line."""

import errno
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from servicekit.logs import get_logger

EXIT_FAULT = 1
EXIT_CANNOT_START = 2
_OF_OTHERS = 0o077
log = get_logger(__name__)


class CannotStart(Exception):
    """Nothing that passes by itself; the text says what is wrong, where, and what to do."""


def refuse_to_start(line: str) -> NoReturn:
    """Print the line and end with EXIT_CANNOT_START.

    As the first process of a container it waits to be stopped before it ends: an engine that keeps the container
    running would start it again for ever.
    """
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    if os.getpid() == 1:
        stop = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        signal.sigwait(stop)
    raise SystemExit(EXIT_CANNOT_START)


def require_library(name: str) -> None:
    """To be asked at the start for what is imported with the first work that needs it. Raises CannotStart."""
    if find_spec(name) is None:
        raise CannotStart(f"the library {name} is missing. `make run` installs all that is needed")


def make_private_folder(folder: Path) -> None:
    """Make it, and what is missing above it, for its owner only; say so where it is open to others.

    Raises CannotStart.
    """
    try:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        with os.scandir(folder):
            mode = folder.stat().st_mode
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise CannotStart(
            f"the folder {folder} cannot be used: {error.strerror}. PARLEY_DATA_DIR says where data is kept; "
            "whoever runs Parley must be able to write there"
        ) from error
    if mode & _OF_OTHERS:
        log.warning("a data folder is open to others", folder=str(folder), repair=f"chmod 700 {folder}")


def make_private_file(path: Path) -> None:
    """Take it from others where they may read it, and say so."""
    if path.stat().st_mode & _OF_OTHERS:
        path.chmod(0o600)
        log.warning("a secret file was open to others, and is not any more", file=str(path))
