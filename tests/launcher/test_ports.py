"""Ports: a taken one is found out, and free ones are."""

import errno
import socket

from launcher import ports


def test_free_ports_are_different_and_free() -> None:
    found = ports.find_free(8)
    assert len(set(found)) == 8
    assert [ports.refusal("127.0.0.1", port) for port in found] == [None] * 8


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusal = ports.refusal("127.0.0.1", listener.getsockname()[1])
    assert refusal is not None
    assert refusal.errno == errno.EADDRINUSE
