"""Ports: which are taken, and which are free."""

import random
import socket
from contextlib import ExitStack

# Below the range from which Linux takes the ports of outgoing connections: within it, a client that keeps
# dialling a server which is away can end up connected to itself, and the server then finds its port taken.
_FREE_PORTS = range(20_000, 32_000)


def refusal(host: str, port: int) -> OSError | None:
    """Why nobody can listen on this address now, or None when it is free."""
    try:
        _listener(host, port).close()
    except OSError as error:
        return error
    return None


def find_free(count: int) -> list[int]:
    """`count` different ports of 127.0.0.1 on which nobody listens now."""
    chance = random.SystemRandom()
    with ExitStack() as held:  # until all are found, so that none is found twice
        found: list[int] = []
        while len(found) < count:
            port = chance.choice(_FREE_PORTS)
            try:
                held.enter_context(_listener("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
        return found


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
