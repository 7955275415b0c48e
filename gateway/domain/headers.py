"""Headers: what a proxy passes on, and what it must not (RFC 9110 §7.6.1)."""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Who is asking, from where, under which id: the gateway says so, never the client.
_GATEWAY_SAYS = frozenset({b"authorization", b"cookie", b"forwarded", b"remote-user", b"x-real-ip", b"x-request-id"})
_GATEWAY_SAYS_PREFIXES = (b"x-forwarded-", b"x-auth-", b"x-remote-", b"x-user", b"x-parley-")
_DROPPED_FROM_REQUEST = HOP_BY_HOP | _GATEWAY_SAYS | {b"expect"}
# The gateway's own server says these.
_DROPPED_FROM_ANSWER = HOP_BY_HOP | {b"date", b"server", b"x-request-id", b"x-content-type-options"}


def request_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """A client's headers as a service may see them."""
    kept = [
        (name, value)
        for name, value in headers
        if name not in _DROPPED_FROM_REQUEST and not name.startswith(_GATEWAY_SAYS_PREFIXES)
    ]
    return _without_named_in_connection(headers, kept)


def answer_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """A service's headers as the client gets them."""
    kept = [(name, value) for name, value in headers if name not in _DROPPED_FROM_ANSWER]
    return _without_named_in_connection(headers, kept)


def _without_named_in_connection(headers: Iterable[tuple[bytes, bytes]], kept: Headers) -> Headers:
    """`Connection: x` makes the field x one of this hop only."""
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            named = {option.strip().lower() for option in value.split(b",")}
            return [field for field in kept if field[0] not in named]
    return kept
