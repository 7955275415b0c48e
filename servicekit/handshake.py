"""The opening handshake of a WebSocket (RFC 6455 §4.2): what it asks, and both answers to it."""

import base64
import binascii
import hashlib
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from servicekit.middleware import new_request_id
from servicekit.problems import CONTENT_TYPE, Malformed, ProblemType, Refusal, RefusalTable, problem, problem_type_of

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BadHandshake(Refusal):
    """Not a WebSocket handshake of version 13."""

    @property
    def headers(self) -> dict[str, str]:
        return {"Sec-WebSocket-Version": "13"}


BAD_HANDSHAKE: RefusalTable = {BadHandshake: ProblemType(426, "upgrade_required")}


class Handshake:
    """The request head of a handshake: target, and headers by lower-case name (the first of each)."""

    def __init__(self, head: bytes) -> None:
        """Parse `head`, as uvicorn hands it to a WebSocket protocol: complete, one line a field."""
        request_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.method, self.target, _ = request_line.split(" ", 2)
        path, query = _split(self.target)
        self.path = unquote(path)
        self.query = parse_qs(query, keep_blank_values=True)  # who named nothing meant something
        self.fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        self.headers = {name.lower(): value for name, value in reversed(self.fields)}
        self.request_id = self.headers.get("x-request-id") or new_request_id()

    def query_value(self, name: str) -> str | None:
        return self.query[name][0] if name in self.query else None

    @property
    def accept_key(self) -> str:
        """The value of `Sec-WebSocket-Accept`. Raises BadHandshake, or Malformed where the target is no URL."""
        if not self.path.startswith("/"):
            raise Malformed("The target of the request is not a URL.")
        key = self.headers.get("sec-websocket-key", "")
        if self.method != "GET" or self.headers.get("sec-websocket-version") != "13":
            raise BadHandshake("A WebSocket handshake is a GET with Sec-WebSocket-Version: 13.")
        try:
            is_nonce = len(base64.b64decode(key, validate=True)) == 16
        except (binascii.Error, ValueError):
            is_nonce = False
        if not is_nonce:
            raise BadHandshake("Sec-WebSocket-Key must be 16 bytes in base64.")
        return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def _split(target: str) -> tuple[str, str]:
    """Path and query; both empty where `target` is no URL."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "", ""
    return parts.path, parts.query


def acceptance(handshake: Handshake) -> bytes:
    """The 101 answer."""
    return _head(
        101,
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": handshake.accept_key,
            "X-Request-ID": handshake.request_id,
        },
    )


def refusal_response(refusal: Refusal, table: RefusalTable, request_id: str) -> bytes:
    """A refused handshake: a whole problem answer (RFC 9457), after which the connection is closed."""
    kind = problem_type_of(refusal, {**table, **BAD_HANDSHAKE})
    body = problem(kind, str(refusal)).body()
    headers = {
        **refusal.headers,
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": request_id,
    }
    return _head(kind.status, headers) + body


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
