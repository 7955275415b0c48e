"""Trusted proxies: who a client is when others stand between it and the gateway."""

from ipaddress import ip_address
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.domain.headers import Headers

_SCHEMES = frozenset({"http", "https"})


class TrustedProxies:
    """The addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` count; uvicorn knows how to read them.

    `have_seen_https`: one of them has brought a request that came by https. The gateway itself speaks http alone.

    Not as its middleware: a tunnel has no ASGI application, and neither have most of the forwarded requests.
    """

    def __init__(self, listed: str) -> None:
        """`listed`: addresses and networks, separated by commas; "*" alone is everyone."""
        self.have_seen_https = False
        nobody: Any = None  # the class that we are after is uvicorn's own affair, and an attribute of this one
        self._trusted = ProxyHeadersMiddleware(nobody, listed.strip()).trusted_hosts if listed.strip() else None

    def speaks_for_others(self, address: str) -> bool:
        return self._trusted is not None and _plain(address) in self._trusted

    def client(self, address: str, scheme: str, headers: Headers) -> tuple[str, str]:
        """Address and scheme of the client, of whom `address` is known and what it says in its `headers`."""
        if self._trusted is None or _plain(address) not in self._trusted:
            return address, scheme
        said = _last(headers, b"x-forwarded-proto").strip()
        chain = ",".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
        named = self._trusted.get_trusted_client_address(", ".join(map(_plain, chain.split(","))))[0]
        scheme = said if said in _SCHEMES else scheme
        self.have_seen_https = self.have_seen_https or scheme == "https"
        return named if _is_address(named) else address, scheme


def _last(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in reversed(headers) if key == name), "")


def _plain(text: str) -> str:
    """An address of IPv4 as such, also where it is mapped into IPv6; anything else as it is."""
    text = text.strip()
    try:
        mapped = getattr(ip_address(text), "ipv4_mapped", None)
    except ValueError:
        return text
    return text if mapped is None else str(mapped)


def _is_address(text: str) -> bool:
    """Without a zone, which means something on its own machine alone, and may be of any length."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text
