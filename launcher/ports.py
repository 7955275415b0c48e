"""Ports: which are taken, and which are free."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

# Below the range from which Linux takes the ports of outgoing connections: within it, a client that keeps
# dialling a server which is away can end up connected to itself, and the server then finds its port taken.
_FREE_PORTS = range(20_000, 32_000)
_reserved: list[IO[str]] = []  # open as long as this process lives


def refusal(host: str, port: int) -> OSError | None:
    """Why nobody can listen on this address now, or None when it is free."""
    try:
        _listener(host, port).close()
    except OSError as error:
        return error
    return None


def find_free(count: int) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nobody listens now.

    They are kept for this process as long as it lives, also while nobody listens: no other that asks here gets them.
    """
    chance = random.SystemRandom()
    found: list[int] = []
    while len(found) < count:
        port = chance.choice(_FREE_PORTS)
        if _reserve(port) and refusal("127.0.0.1", port) is None:
            found.append(port)
    return found


def _reserve(port: int) -> bool:
    """Lock a file of the port's number, by flock(2): the lock ends with this process, however that ends."""
    folder = Path(tempfile.gettempdir()) / f"parley-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / str(port)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _reserved.append(file)
    return True


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
