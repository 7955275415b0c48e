"""The data folder: one launcher at a time, and the address of its Redis for whoever comes by."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from servicekit.startup_errors import CannotStart, make_private_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made where it is missing, as long as the body or this process lasts.

    By flock(2), so that the lock ends with the process however that ends; the services do not take it.
    Raises CannotStart.
    """
    make_private_folder(folder)
    with _lock(folder) as file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock(folder: Path) -> TextIO:
    path = folder / "launcher.lock"
    try:
        with ExitStack() as opened:
            file = opened.enter_context(path.open("a+", encoding="ascii"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise CannotStart(_taken(folder, file.read())) from None
            opened.pop_all()
            return file
    except OSError as error:
        raise CannotStart(
            f"{path} cannot be locked: {error.strerror}. Whoever runs Parley must own {folder}"
        ) from error


def _taken(folder: Path, process: str) -> str:
    return (
        f"another Parley runs on the data folder {folder.resolve()} (process {process or 'unknown'}). "
        "End that one, or give this one a folder of its own: PARLEY_DATA_DIR"
    )


def put_redis_url(folder: Path, url: str | None) -> None:
    """Let `redis.url` in the folder say where the bundled Redis is, to its owner alone; None: there is none."""
    path = folder / "redis.url"
    with suppress(FileNotFoundError):
        path.unlink()
    if url is not None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{url}\n")
