"""Peers: the other services, asked over HTTP."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import httpx
import msgspec

from servicekit.numbered_lists import PAGE_MAX

T = TypeVar("T")


class PeerAway(ConnectionError):
    """No instance of the peer gives an answer that can be used."""


class Peer:
    """Another service. Its instances share what they know: the first that answers will do."""

    def __init__(self, http: httpx.AsyncClient, urls: str) -> None:
        """`urls` is one address, or several with commas between."""
        self._http = http
        self._urls = [url.strip().rstrip("/") for url in urls.split(",")]

    async def get(self, path: str, /, **query: str | int | Sequence[str]) -> httpx.Response:
        """The first answer that is no fault of the instance's. Raises PeerAway."""
        for url in self._urls:
            with suppress(httpx.HTTPError):
                response = await self._http.get(url + path, params=query)
                if not response.is_server_error:
                    return response
        raise PeerAway(f"nobody answers {path}")

    async def read(
        self, path: str, body_type: type[T], /, *, within_s: float | None = None, **query: str | int | Sequence[str]
    ) -> T:
        """The first good answer, as `body_type`; `within_s` where it may take longer than usual. Raises PeerAway."""
        reason = ""
        timeout = httpx.USE_CLIENT_DEFAULT if within_s is None else within_s
        for url in self._urls:
            try:
                response = await self._http.get(url + path, params=query, timeout=timeout)
                response.raise_for_status()
                return msgspec.json.decode(response.content, type=body_type)
            except (httpx.HTTPError, msgspec.MsgspecError) as error:
                reason = str(error)
        raise PeerAway(f"nobody answers {path} as expected: {reason}")

    async def read_page(self, path: str, body_type: type[T], /, *, after: int) -> T:
        """The entries of a numbered list after that number. Raises PeerAway."""
        return await self.read(path, body_type, after=after, limit=PAGE_MAX)
