"""The way out: the one client for addresses that people choose.

It leads to public hosts alone. A name is resolved once, every address that it has is checked, and the connection goes
to a checked one, so that an answer of DNS that changes afterwards changes nothing; at each redirect all of it again.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from ipaddress import ip_address

import httpx
import msgspec

from servicekit.problems import Refusal
from servicekit.web_addresses import IPAddress, is_public

REDIRECTS_MAX = 3
ADDRESSES_TRIED_MAX = 3  # of one name
CONNECT_S_MAX = 3.0  # to one address
LOOKUPS_MAX = 16  # at once; a slow one cannot be called off
USER_AGENT = "Parley (self-hosted messenger; fetches what its users link to)"
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
Resolve = Callable[[str], Awaitable[Sequence[str]]]
IsEnough = Callable[[Mapping[str, str], bytearray], bool]  # given the headers, and what of the body has come


class PublicHttpRefusal(Refusal):
    """Base of the reasons for which there is no answer."""


class ForbiddenAddress(PublicHttpRefusal):
    """It is not http(s) to a public host at the usual port, or it carries a user name."""


class NoResponse(PublicHttpRefusal):
    """There is no such host, nobody answers, or not in HTTP, or with the certificate of somebody else."""


class TooManyRedirects(PublicHttpRefusal):
    def __init__(self) -> None:
        super().__init__(f"It leads on more than {REDIRECTS_MAX} times.")


class ResponseTooLarge(PublicHttpRefusal):
    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The answer is larger than {bytes_max} bytes.")


class ResponseTooSlow(PublicHttpRefusal):
    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"The answer took longer than {deadline_s:g} seconds.")


class ResponseEncoded(PublicHttpRefusal):
    """It is compressed, which was not asked for: what it grows to is not known."""


class PublicHttpResponse(msgspec.Struct, frozen=True):
    """Of whatever status, with the names of its headers in lower case; `url` is where the redirects led."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class PublicHttpClient:
    """`allowed_hosts` (`host`, or `host:port` where it is not the usual one) may be private.

    Nothing of one request is left for another: no connection, no cookie.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._threads = ThreadPoolExecutor(LOOKUPS_MAX, "lookups")
        self._resolve = resolve or self._look_up
        self._tls = tls

    async def get(
        self, url: str, *, bytes_max: int, deadline_s: float, accept: str = "*/*", is_enough: IsEnough | None = None
    ) -> PublicHttpResponse:
        """The answer to a GET, whole, in `deadline_s` altogether. Raises an PublicHttpRefusal.

        With `is_enough` its body is read until that says so, and not past `bytes_max`; it is asked first before any of
        the body has come, and the rest is left.
        """
        try:
            async with asyncio.timeout(deadline_s):
                return await self._follow(url, bytes_max, accept, is_enough)
        except TimeoutError:
            raise ResponseTooSlow(deadline_s) from None

    async def aclose(self) -> None:
        if "_transport" in vars(self):
            await self._transport.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _transport(self) -> httpx.AsyncHTTPTransport:
        """Made when first needed: to read which certificates the world trusts costs 30 ms and 2 MiB."""
        # A kept connection belongs to an address, and so to many names: the next name's certificate would go unseen.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        tls = self._tls or httpx.create_ssl_context(trust_env=False)
        return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)

    async def _follow(self, url: str, bytes_max: int, accept: str, is_enough: IsEnough | None) -> PublicHttpResponse:
        address = _parsed(url)
        for _ in range(REDIRECTS_MAX + 1):
            response = await self._ask(address, accept)
            try:
                location = response.headers.get("location", "")
                if response.status_code not in _REDIRECTS or not location:
                    body = await _read(response, bytes_max, is_enough)
                    return PublicHttpResponse(response.status_code, dict(response.headers), body, str(address))
            finally:
                await response.aclose()
            address = _parsed(location, at=address)
        raise TooManyRedirects

    async def _ask(self, url: httpx.URL, accept: str) -> httpx.Response:
        """The head of the answer, from the first address that can be reached."""
        host = url.raw_host.decode().removesuffix(".")
        headers = {
            "Host": url.copy_with(host=host).netloc.decode(),
            "User-Agent": USER_AGENT,
            "Accept": accept,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        extensions = {"sni_hostname": host, "timeout": {"connect": CONNECT_S_MAX}}
        reason = "There is no such host."
        for address in (await self._checked(url, host))[:ADDRESSES_TRIED_MAX]:
            pinned = url.copy_with(host=str(address))
            try:
                return await self._transport.handle_async_request(
                    httpx.Request("GET", pinned, headers=headers, extensions=extensions)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                reason = f"It cannot be reached: {error}."
            except httpx.HTTPError as error:
                raise NoResponse(f"It does not answer: {error}.") from None
        raise NoResponse(reason)

    async def _checked(self, url: httpx.URL, host: str) -> list[IPAddress]:
        """Where the host is. Raises ForbiddenAddress if it may not be asked at one of its addresses."""
        port, usual = url.port or _PORTS[url.scheme], _PORTS[url.scheme]
        is_allowed = f"{host}:{port}" in self._allowed_hosts or (port == usual and host in self._allowed_hosts)
        if not is_allowed and port not in _PORTS.values():
            raise ForbiddenAddress(f"Port {port} is not one of the web.")
        try:
            found = [ip_address(one) for one in await self._resolve(host)]
        except (OSError, ValueError):  # a name that cannot be one is a ValueError
            raise NoResponse("There is no such host.") from None
        if not is_allowed and not all(is_public(one) for one in found):
            raise ForbiddenAddress("The host is not a public one.")
        return found

    async def _look_up(self, host: str) -> list[str]:
        """In threads of our own: whose name servers are slow must not hold up what else asks for names."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]


def _parsed(url: str, *, at: httpx.URL | None = None) -> httpx.URL:
    """Raises ForbiddenAddress."""
    try:
        parsed = httpx.URL(url) if at is None else at.join(url)
    except (httpx.InvalidURL, ValueError):
        raise ForbiddenAddress("It is no address.") from None
    if parsed.scheme not in _PORTS or not parsed.raw_host:
        raise ForbiddenAddress("It is no http or https address.")
    if parsed.userinfo:
        raise ForbiddenAddress("It carries a user name.")
    return parsed


async def _read(response: httpx.Response, bytes_max: int, is_enough: IsEnough | None) -> bytes:
    """The body. What it says of its length is believed only where that is too much."""
    headers, body = response.headers, bytearray()
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise ResponseEncoded("The answer is compressed.")
    if is_enough is None:
        said = headers.get("content-length", "")
        if said.isdecimal() and len(said) < 20 and int(said) > bytes_max:
            raise ResponseTooLarge(bytes_max)
    elif is_enough(headers, body):
        return b""
    try:
        async for piece in response.aiter_raw():
            body += piece
            if is_enough is not None and (len(body) >= bytes_max or is_enough(headers, body)):
                return bytes(body[:bytes_max])
            if len(body) > bytes_max:
                raise ResponseTooLarge(bytes_max)
    except httpx.HTTPError as error:
        raise NoResponse(f"The answer breaks off: {error}.") from None
    return bytes(body)
