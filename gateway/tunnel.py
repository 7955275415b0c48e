"""The tunnel: after a handshake that may pass, bytes go both ways between client and service, unread."""

import asyncio
from typing import Any, ClassVar, cast
from urllib.parse import urlencode, urlsplit

from gateway.domain import route_table
from gateway.domain.headers import Headers, RequestHeaders
from gateway.domain.origins import is_same_origin
from gateway.domain.refusals import REFUSALS, CrossOrigin, ServiceBroken, ServiceTooSlow, UnknownPath
from gateway.domain.route_table import TOKEN_IN_PATH
from gateway.domain.tokens import find_token
from gateway.state import State
from gateway.tunnel_end import TunnelEnd, TunnelTimeouts, UnheardEnd, close_soon, join
from gateway.upstream import Upstream
from servicekit.handshake import BAD_HANDSHAKE, Handshake, refusal_response
from servicekit.logs import bind_request_id, get_logger
from servicekit.middleware import log_refused, new_request_id
from servicekit.problems import Refusal, Unavailable, problem_type_of
from servicekit.redaction import masked

_AGREED = b"HTTP/1.1 101 "
_DROPPED = frozenset({b"sec-websocket-extensions", b"content-length"})
log = get_logger(__name__)


class Tunnel(asyncio.Protocol):
    """The handshake, as uvicorn runs it instead of a WebSocket protocol; then it gives way to two `TunnelEnd`s."""

    timeouts: ClassVar[TunnelTimeouts] = TunnelTimeouts()

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self._state = cast(State, app_state)
        self._server_connections: set[Any] = server_state.connections
        self._transport: asyncio.Transport
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state["connection_counts"].release(self._transport)
        self._server_connections.discard(self)
        if self._opening is not None:
            self._opening.cancel()

    def data_received(self, data: bytes) -> None:
        # The whole head at once, from uvicorn; nothing follows before the handshake is answered.
        self._transport.pause_reading()
        self._opening = asyncio.create_task(self._open(data))

    def shutdown(self) -> None:
        """The server is about to end."""
        self._transport.close()

    async def _open(self, head: bytes) -> None:
        request_id = new_request_id()
        bind_request_id(request_id)
        handshake = Handshake(head)
        try:
            _ = handshake.accept_key  # a malformed handshake never reaches a service
            upstream = self._upstream(handshake.path)
            address, scheme = self._client(handshake)
            self._state["connection_counts"].count(self._transport, address)
            token = await self._admit(handshake, scheme)
            await self._splice(handshake, upstream, _request_head(handshake, token, request_id, address))
        except Refusal as refusal:
            self._refuse(refusal, request_id, handshake)
        except Exception:
            log.exception("handshake failed")
            self._refuse(Unavailable("The gateway failed; the log knows why."), request_id, handshake)

    def _upstream(self, path: str) -> Upstream:
        """Raises UnknownPath."""
        route = route_table.find_websocket(path)
        if route is None:
            raise UnknownPath
        return self._state["upstreams"][route.service]

    def _client(self, handshake: Handshake) -> tuple[str, str]:
        """Address and scheme of who asks."""
        peer = self._transport.get_extra_info("peername")
        scheme = "http" if self._transport.get_extra_info("sslcontext") is None else "https"
        return self._state["trusted_proxies"].client(
            peer[0] if isinstance(peer, tuple) else "", scheme, _fields(handshake)
        )

    async def _admit(self, handshake: Handshake, scheme: str) -> str:
        """The token of a client that may pass. Raises Unauthenticated, Unavailable or CrossOrigin."""
        headers = handshake.headers
        token, is_cookie = _token_of(handshake)
        if is_cookie and not is_same_origin(
            site=headers.get("sec-fetch-site"),
            origin=headers.get("origin"),
            scheme=scheme,
            host=headers.get("host"),
            allowed_origins=self._state["allowed_origins"],
        ):
            raise CrossOrigin
        await self._state["authentication"].authenticate(token)
        return token or ""

    async def _splice(self, handshake: Handshake, upstream: Upstream, request_head: bytes) -> None:
        """Let the two ends talk once the service has answered. Raises ServiceAway, ServiceBroken or ServiceTooSlow."""
        dialled = await upstream.dial(_ServiceHandshake)
        dialled.transport.write(request_head)
        answer = await dialled.answer(upstream)
        # Until it has agreed, the service takes what the client sends for more requests: then nothing of it passes.
        end = TunnelEnd if answer.startswith(_AGREED) else UnheardEnd
        client, service = self._end(end), self._end(TunnelEnd)
        join(client, service)
        service.connection_made(dialled.transport)
        dialled.transport.set_protocol(service)
        client.connection_made(self._transport)
        self._server_connections.discard(self)
        self._transport.set_protocol(client)
        client.transport.write(answer)
        service.transport.resume_reading()
        client.transport.resume_reading()

    def _end(self, kind: type[TunnelEnd]) -> TunnelEnd:
        return kind(self._server_connections, self._state["connection_counts"], self.timeouts)

    def _refuse(self, refusal: Refusal, request_id: str, handshake: Handshake) -> None:
        log_refused(
            problem_type_of(refusal, {**REFUSALS, **BAD_HANDSHAKE}).status,
            event="handshake refused",
            address=self._client(handshake)[0],
            person=self._state["authentication"].name_of(_token_of(handshake)[0]),
            path=masked(handshake.path),
            reason=str(refusal),
        )
        if not self._transport.is_closing():
            self._transport.write(refusal_response(refusal, REFUSALS, request_id))
            close_soon(self._transport, self.timeouts)


class _ServiceHandshake(asyncio.Protocol):
    """The service's end until the first line of its answer is there."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""
        self._has_answered = asyncio.Event()

    async def answer(self, upstream: Upstream) -> bytes:
        """The begin of the answer, at least its status. Raises ServiceBroken or ServiceTooSlow."""
        try:
            async with asyncio.timeout(upstream.answer_timeout_s):
                await self._has_answered.wait()
        except TimeoutError:
            raise ServiceTooSlow(upstream.name) from None
        finally:
            if not self._has_answered.is_set():
                self.transport.abort()
        if len(self._received) < len(_AGREED):
            raise ServiceBroken(upstream.name)
        return self._received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) >= len(_AGREED):
            self.transport.pause_reading()
            self._has_answered.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_answered.set()


def _token_of(handshake: Handshake) -> tuple[str | None, bool]:
    """As `find_token`, with the two further places that a browser's WebSocket needs."""
    token, is_cookie = find_token(handshake.headers.get("authorization"), handshake.headers.get("cookie"))
    return token or handshake.query_value("token") or _token_in(handshake.path), is_cookie


def _token_in(path: str) -> str | None:
    return path.removeprefix(TOKEN_IN_PATH) if path.startswith(TOKEN_IN_PATH) else None


def _target(handshake: Handshake) -> str:
    path = "/ws" if _token_in(handshake.path) is not None else urlsplit(handshake.target).path
    query = {name: values for name, values in handshake.query.items() if name != "token"}
    return path + ("?" + urlencode(query, doseq=True) if query else "")


def _fields(handshake: Handshake) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in handshake.fields]


def _request_head(handshake: Handshake, token: str, request_id: str, address: str) -> bytes:
    """The handshake as the service gets it: the token as a header only, and no extensions.

    permessage-deflate would cost each connection 64 KiB.
    """
    fields = [field for field in RequestHeaders(_fields(handshake)).passed if field[0] not in _DROPPED]
    fields += [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"authorization", f"Bearer {token}".encode("latin-1")),
        (b"x-forwarded-for", address.encode()),
        (b"x-request-id", request_id.encode()),
    ]
    lines = [
        b"GET %b HTTP/1.1" % _target(handshake).encode("latin-1"),
        *(b"%b: %b" % field for field in fields),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"
