"""Headers: what a proxy passes on, and what it must not (RFC 9110 §7.6.1)."""

from gateway.domain.tokens import find_token

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
_KEPT_FROM_SERVICES = HOP_BY_HOP | _GATEWAY_SAYS | {b"expect"}
# What the door itself reads, whether it is passed on or not.
_READ = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"transfer-encoding",
    }
)
_SPECIAL = _READ | _KEPT_FROM_SERVICES
_END_TO_END = frozenset({b"content-length", b"host"})
# The gateway's own server says these.
_DROPPED_FROM_ANSWER = HOP_BY_HOP | {b"date", b"server", b"x-request-id", b"x-content-type-options"}


class RequestHeaders:
    """A client's headers, gone through once: `fields` is all of them.

    `passed` is what a service may see, and `lines` the same as it is written; `token` what the client shows, and
    `token_is_cookie` whether as a cookie; `announces_body` whether a body follows (RFC 9112 §6).
    """

    __slots__ = ("_read", "announces_body", "fields", "lines", "passed", "token", "token_is_cookie")

    def __init__(self, fields: Headers) -> None:
        self.fields = fields
        self.passed: Headers = []
        self._read: dict[bytes, bytes] = {}
        connections: list[bytes] = []
        passed = self.passed
        for field in fields:
            name = field[0]
            if name in _SPECIAL:
                if name == b"connection":
                    connections.append(field[1])
                elif name in _READ:
                    self._read.setdefault(*field)
                if name in _KEPT_FROM_SERVICES:
                    continue
            elif name.startswith(_GATEWAY_SAYS_PREFIXES):
                continue
            passed.append(field)
        for connection in connections:
            self.passed = _without_named(connection, self.passed)
        self.announces_body = self._read.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in self._read
        self.lines = b"\r\n".join(as_lines(self.passed))
        self.token, self.token_is_cookie = find_token(self.text(b"authorization"), self.text(b"cookie"))

    def get(self, name: bytes) -> bytes | None:
        """The first field of that lower-case name, if it is one that the door reads."""
        return self._read.get(name)

    def text(self, name: bytes) -> str | None:
        value = self._read.get(name)
        return None if value is None else value.decode("latin-1")


def as_lines(headers: Headers) -> list[bytes]:
    return [b": ".join(field) for field in headers]


def answer_headers(headers: Headers) -> Headers:
    """A service's headers as the client gets them."""
    kept: Headers = []
    connections: list[bytes] = []
    for field in headers:
        if field[0] not in _DROPPED_FROM_ANSWER:
            kept.append(field)
        elif field[0] == b"connection":
            connections.append(field[1])
    for connection in connections:
        kept = _without_named(connection, kept)
    return kept


def _without_named(connection: bytes, kept: Headers) -> Headers:
    """`Connection: x` makes the field x one of this hop only.

    But not where the field says how long the body is: without it, the body would be read as a second request.
    """
    if connection.lower() in (b"keep-alive", b"close"):
        return kept
    named = {option.strip().lower() for option in connection.split(b",")}
    return [field for field in kept if field[0] not in named or field[0] in _END_TO_END]
