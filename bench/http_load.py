"""A load generator for HTTP: a fixed number of kept-alive connections, each asks again as soon as it is
answered.

It has to be cheaper than what it measures: the answers go through httptools' C parser with one callback,
the request is the same bytes each time. `python -m bench forwarding` prints its own limit, measured
straight against the upstream.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import httptools

CONNECTIONS = 32


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one round came to. `refused`: answers with another status; `lost`: connections that the server ended."""

    requests: int
    refused: int
    lost: int
    round_s: float

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.round_s


async def load(port: int, *, path: str, headers: Mapping[str, str], round_s: float, status: int = 200) -> Load:
    """Ask for `path` on 127.0.0.1 for `round_s` seconds, after a tenth of that unmeasured."""
    request = _encode(path, {"Host": f"127.0.0.1:{port}", **headers})
    askers = [await _connect(port, request, status) for _ in range(CONNECTIONS)]
    await asyncio.sleep(round_s / 10)
    started, answered_before = time.perf_counter(), _answered(askers)
    await asyncio.sleep(round_s)
    result = Load(
        requests=_answered(askers) - answered_before,
        refused=sum(asker.refused for asker in askers),
        lost=sum(asker.lost for asker in askers),
        round_s=time.perf_counter() - started,
    )
    for asker in askers:
        asker.transport.abort()
    return result


def _encode(path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")


async def _connect(port: int, request: bytes, status: int) -> "_Asker":
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(lambda: _Asker(request, status), "127.0.0.1", port))[1]


def _answered(askers: "list[_Asker]") -> int:
    return sum(asker.answered for asker in askers)


class _Asker(asyncio.Protocol):
    """One connection. `on_message_complete` is httptools' name for the end of an answer."""

    transport: asyncio.Transport

    def __init__(self, request: bytes, status: int) -> None:
        self._status = status
        self.answered = 0
        self.refused = 0
        self.lost = False
        self._request = request
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its base class
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.answered += 1
        if self._parser.get_status_code() != self._status:
            self.refused += 1
        self.transport.write(self._request)

    def connection_lost(self, _reason: Exception | None) -> None:
        self.lost = True
