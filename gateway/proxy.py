"""The proxy: forwards one HTTP request to its service and the answer back, both as streams."""

import asyncio
from contextlib import suppress
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain import route_table
from gateway.domain.headers import Headers, answer_headers, request_headers
from gateway.domain.origins import SAFE_METHODS, is_same_origin
from gateway.domain.refusals import REFUSALS, CrossOrigin, ServiceBroken
from gateway.domain.route_table import Access, Rate, Route
from gateway.domain.tokens import find_token
from gateway.sign_in_forms import username_in
from gateway.state import State
from gateway.upstreams import Upstream, UpstreamConnection
from servicekit import logs
from servicekit.middleware import header, new_request_id, record
from servicekit.problems import BodyTooLarge, Refusal, refuse

# RFC 9110 §9.2.2: these may be sent again when a kept connection turns out to be dead.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
SECURITY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]


class Proxy:
    """The outermost application: what the route table knows is forwarded, all else goes to the pages."""

    def __init__(self, pages: ASGIApp) -> None:
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        request_id = new_request_id()
        logs.bind_request_id(request_id)
        exchange = _Exchange(scope, receive, send, request_id)
        route = route_table.find(scope["path"])
        if route is None:
            scope["parley.request_id"] = request_id
            await self._pages(scope, receive, exchange.send)
        else:
            await exchange.run(route)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope = scope
        self._state: State = scope["state"]
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._started_s = perf_counter()
        self._has_started = False

    async def run(self, route: Route) -> None:
        try:
            token = await self._admit(route)
            body = await self._check_rate(route.rate) if route.rate else None
            await self._forward(self._state["upstreams"][route.service], token, body)
        except Refusal as refusal:
            if self._has_started:  # too late for a status: a cut-off answer is what is left to say it
                raise
            await refuse(refusal, REFUSALS)(self._scope, self._receive, self.send)

    async def send(self, message: Message) -> None:
        """Send on to the client, with the headers that every answer carries."""
        if message["type"] == "http.response.start":
            self._has_started = True
            headers = [
                *message.get("headers", ()),
                *SECURITY_HEADERS,
                (b"x-request-id", self._request_id.encode()),
            ]
            record(self._scope, message["status"], perf_counter() - self._started_s)
            message = {"type": "http.response.start", "status": message["status"], "headers": headers}
        await self._send(message)

    # Who may pass

    async def _admit(self, route: Route) -> str | None:
        """The token to pass on, if the route wants one. Raises Unauthenticated, Unavailable or CrossOrigin."""
        if route.access is Access.ANYONE:
            return None
        scope = self._scope
        token, is_cookie = find_token(_text(scope, b"authorization"), _text(scope, b"cookie"))
        if is_cookie and scope["method"] not in SAFE_METHODS:
            self._check_origin()
        await self._state["authentication"].authenticate(token)
        return token

    def _check_origin(self) -> None:
        if not is_same_origin(
            site=_text(self._scope, b"sec-fetch-site"),
            origin=_text(self._scope, b"origin"),
            host=_text(self._scope, b"host"),
            allowed_origins=self._state["allowed_origins"],
        ):
            raise CrossOrigin

    async def _check_rate(self, rate: Rate) -> bytes:
        """Count the attempt; the body, which had to be read to know whose it is. Raises TooManyRequests."""
        address = self._scope["client"][0] if self._scope.get("client") else ""
        body = await self._read_body(self._state["json_body_bytes_max"])
        if rate is Rate.REGISTRATION:
            await self._state["limits"].check_registration(address=address)
        else:
            username = username_in(body, _text(self._scope, b"content-type"))
            await self._state["limits"].check_sign_in(username=username, address=address)
        return body

    async def _read_body(self, bytes_max: int) -> bytes:
        body = b""
        while True:
            message = await self._receive()
            piece: bytes = message.get("body", b"")
            body += piece
            if len(body) > bytes_max:
                raise BodyTooLarge(bytes_max)
            if not message.get("more_body"):
                return body

    # There and back

    async def _forward(self, upstream: Upstream, token: str | None, body: bytes | None) -> None:
        has_body = body is None and _announces_body(self._scope)
        head = self._request_head(token, None if body is None else len(body)) + (body or b"")
        connection = await self._ask(upstream, head, streams_body=has_body)
        try:
            await self._answer(connection)
        finally:
            connection.done()

    async def _ask(self, upstream: Upstream, head: bytes, *, streams_body: bool) -> UpstreamConnection:
        """Send the request and return when the head of the answer is there."""
        method: str = self._scope["method"]
        connection = await upstream.connection()
        while True:
            connection.ask(method, head)
            try:
                if streams_body:
                    await self._send_body(connection)
                await connection.wait_head()
                return connection
            except ServiceBroken:
                was_used = connection.was_used
                connection.close()
                if streams_body or not was_used or method not in _IDEMPOTENT:
                    raise
                connection = await upstream.new_connection()
            except BaseException:
                connection.close()
                raise

    async def _send_body(self, connection: UpstreamConnection) -> None:
        """Pass the body on as it comes, until its end, or until the service has answered without waiting for it."""
        is_chunked = header(self._scope, b"content-length") is None
        while not connection.has_head:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ServiceBroken("client")
            data = message.get("body", b"")
            is_last = not message.get("more_body")
            if is_chunked:
                data = _chunk(data, is_last=is_last)
            if data:
                await connection.write(data)
            if is_last:
                return

    async def _answer(self, connection: UpstreamConnection) -> None:
        headers = answer_headers(connection.headers)
        await self.send({"type": "http.response.start", "status": connection.status, "headers": headers})
        if connection.is_complete:
            await self._send({"type": "http.response.body", "body": connection.body_so_far()})
            return
        leaving = asyncio.create_task(self._disconnected(connection))
        try:
            while True:
                is_complete = connection.is_complete
                body = connection.body_so_far()
                await self._send({"type": "http.response.body", "body": body, "more_body": not is_complete})
                if is_complete:
                    return
                await connection.wait_body()
        finally:
            leaving.cancel()

    async def _disconnected(self, connection: UpstreamConnection) -> None:
        """End a long answer when nobody is there for it any more."""
        with suppress(ServiceBroken):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            connection.close()

    def _request_head(self, token: str | None, body_length: int | None) -> bytes:
        scope = self._scope
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        lines = [scope["method"].encode(), b" ", target, b" HTTP/1.1\r\n"]
        for name, value in request_headers(scope["headers"]):
            if body_length is None or name != b"content-length":
                lines += (name, b": ", value, b"\r\n")
        for name, value in self._our_headers(token, body_length):
            lines += (name, b": ", value, b"\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _our_headers(self, token: str | None, body_length: int | None) -> Headers:
        scope = self._scope
        headers = [
            (b"x-request-id", self._request_id.encode()),
            (b"x-forwarded-proto", scope["scheme"].encode()),
        ]
        if scope.get("client"):
            headers.append((b"x-forwarded-for", scope["client"][0].encode()))
        if token is not None:
            headers.append((b"authorization", b"Bearer " + token.encode()))
        if body_length is not None:
            headers.append((b"content-length", str(body_length).encode()))
        elif header(scope, b"transfer-encoding") is not None:
            headers.append((b"transfer-encoding", b"chunked"))
        return headers


def _text(scope: Scope, name: bytes) -> str | None:
    value = header(scope, name)
    return None if value is None else value.decode("latin-1")


def _announces_body(scope: Scope) -> bool:
    """Whether a body follows (RFC 9112 §6)."""
    length = header(scope, b"content-length")
    return length not in (None, b"0") or header(scope, b"transfer-encoding") is not None


def _chunk(data: bytes, *, is_last: bool) -> bytes:
    """A piece in chunked coding (RFC 9112 §7.1); an empty one in between would end the body, so it is nothing."""
    piece = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return piece + (b"0\r\n\r\n" if is_last else b"")
