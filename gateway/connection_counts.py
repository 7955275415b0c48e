"""Connection counts: how many connections one address holds open at once, requests and tunnels alike."""

from asyncio import BaseTransport
from collections import Counter

from gateway.domain.refusals import TooManyConnections
from servicekit.networks import network_of


class ConnectionCounts:
    """An open connection counts for one address; for another, when it speaks for another, as those of proxies do.

    An IPv6 address counts with its /64. With a maximum of 0 nothing is counted.
    """

    def __init__(self, *, per_address_max: int) -> None:
        self._max = per_address_max
        self._open: Counter[str] = Counter()
        self._networks: dict[BaseTransport, str] = {}

    def count(self, connection: BaseTransport, address: str) -> None:
        """Let the connection be that address's until `release`. Raises TooManyConnections; then it is nobody's."""
        network = network_of(address)
        if not self._max or self._networks.get(connection) == network:
            return
        self.release(connection)
        if self._open[network] >= self._max:
            raise TooManyConnections(self._max)
        self._open[network] += 1
        self._networks[connection] = network

    def release(self, connection: BaseTransport) -> None:
        """The connection is gone; nothing happens where it was not counted."""
        network = self._networks.pop(connection, None)
        if network is None:
            return
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]
