"""The proxy: forwards one HTTP request to its service and the answer back, both as streams."""

import asyncio
from contextlib import suppress
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain import route_table
from gateway.domain.headers import Headers, RequestHeaders, answer_headers
from gateway.domain.origins import SAFE_METHODS, is_same_origin
from gateway.domain.refusals import REFUSALS, CrossOrigin, ServiceBroken
from gateway.domain.route_table import Access, Rate, Route
from gateway.domain.tokens import find_token
from gateway.sign_in_forms import username_in
from gateway.state import State
from gateway.upstreams import Upstream, UpstreamConnection
from servicekit import logs
from servicekit.http_protocol import WHOLE_ANSWER, chunk
from servicekit.middleware import new_request_id, record
from servicekit.problems import BodyTooLarge, Refusal, internal_error, refuse

# RFC 9110 §9.2.2: these may be sent again when a kept connection turns out to be dead.
_WITHOUT_BODY = frozenset({204, 304})
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
log = logs.get_logger(__name__)
SECURITY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_SECURITY_LINES = [name + b": " + value for name, value in SECURITY_HEADERS]


class _ClientGone(Exception):
    """Nobody is there for an answer any more."""


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
        self._headers = RequestHeaders(scope["headers"])
        self._started_s = perf_counter()
        self._has_started = False

    async def run(self, route: Route) -> None:
        try:
            token = await self._admit(route)
            body = await self._check_rate(route.rate) if route.rate and self._scope["method"] == "POST" else None
            await self._forward(self._state["upstreams"][route.service], token, body)
        except _ClientGone:
            log.debug("the client went away")
        except Refusal as refusal:
            if self._has_started:  # too late for a status: a cut-off answer is what is left to say it
                log.warning("answer cut off", reason=str(refusal))
                return
            await refuse(refusal, REFUSALS)(self._scope, self._receive, self.send)
        except Exception:
            log.exception("fault")
            if not self._has_started:
                await internal_error()(self._scope, self._receive, self.send)

    async def send(self, message: Message) -> None:
        """Send on to the client what was not forwarded."""
        if message["type"] == "http.response.start":
            await self._start(message["status"], list(message.get("headers", ())))
        else:
            await self._send(message)

    async def _start(self, status: int, headers: Headers) -> None:
        """Send the head, with the headers that every answer carries."""
        self._has_started = True
        headers += SECURITY_HEADERS
        headers.append((b"x-request-id", self._request_id.encode()))
        record(self._scope, status, perf_counter() - self._started_s)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    # Who may pass

    async def _admit(self, route: Route) -> str | None:
        """The token to pass on, if the route wants one. Raises Unauthenticated, Unavailable or CrossOrigin."""
        if route.access is Access.ANYONE:
            return None
        token, is_cookie = find_token(self._headers.text(b"authorization"), self._headers.text(b"cookie"))
        if is_cookie and self._scope["method"] not in SAFE_METHODS:
            self._check_origin()
        authentication = self._state["authentication"]
        if token is None or not authentication.knows(token):
            await authentication.authenticate(token)
        return token

    def _check_origin(self) -> None:
        if not is_same_origin(
            site=self._headers.text(b"sec-fetch-site"),
            origin=self._headers.text(b"origin"),
            host=self._headers.text(b"host"),
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
            content_type = self._headers.get(b"content-type") or b""
            username = await username_in(body, content_type, is_form=rate is Rate.SIGN_IN_BY_FORM)
            await self._state["limits"].check_sign_in(username=username, address=address)
        return body

    async def _read_body(self, bytes_max: int) -> bytes:
        body = b""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            piece: bytes = message.get("body", b"")
            body += piece
            if len(body) > bytes_max:
                raise BodyTooLarge(bytes_max)
            if not message.get("more_body"):
                return body

    # There and back

    async def _forward(self, upstream: Upstream, token: str | None, body: bytes | None) -> None:
        has_body = body is None and self._headers.announces_body
        head = self._request_head(token, None if body is None else len(body)) + (body or b"")
        connection = await self._ask(upstream, head, streams_body=has_body)
        try:
            if not self._answer_whole(connection):
                await self._answer(connection)
        finally:
            connection.done()

    async def _ask(self, upstream: Upstream, head: bytes, *, streams_body: bool) -> UpstreamConnection:
        """Send the request and return when the head of the answer is there."""
        method: str = self._scope["method"]
        connection = upstream.idle_connection() or await upstream.new_connection()
        while True:
            connection.ask(method, head, owes_body=streams_body)
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
        """Pass the body on until its end, or until the service has answered without waiting for it."""
        passing_on = asyncio.create_task(self._pass_on_body(connection))
        try:
            await connection.wait_head_or(passing_on)
        finally:
            passing_on.cancel()

    async def _pass_on_body(self, connection: UpstreamConnection) -> None:
        is_chunked = self._headers.get(b"content-length") is None
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            data = message.get("body", b"")
            is_last = not message.get("more_body")
            if is_chunked:
                data = chunk(data, is_last=is_last)
            await connection.write(data, is_last=is_last)
            if is_last:
                return

    def _answer_whole(self, connection: UpstreamConnection) -> bool:
        """Send an answer that is all here already, as most are, in one piece. False: it is not, or CORS has a say."""
        scope = self._scope
        is_shared = self._state["allowed_origins"] and self._headers.get(b"origin") is not None
        if not connection.is_complete or is_shared or WHOLE_ANSWER not in scope:
            return False
        body = connection.body_so_far()
        fields = [name + b": " + value for name, value in answer_headers(connection.headers)]
        fields += _SECURITY_LINES
        fields.append(b"x-request-id: " + self._request_id.encode())
        if not connection.has_length and connection.status not in _WITHOUT_BODY:
            fields.append(b"content-length: %d" % len(body))
        record(scope, connection.status, perf_counter() - self._started_s)
        self._has_started = True
        scope[WHOLE_ANSWER](connection.status, fields, body)
        return True

    async def _answer(self, connection: UpstreamConnection) -> None:
        headers = answer_headers(connection.headers)
        await self._start(connection.status, headers)
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
        lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
        fields = self._headers.passed
        if body_length is not None:  # read whole: whatever framed it before, now it has a length
            fields = [field for field in fields if field[0] != b"content-length"]
        lines += [name + b": " + value for name, value in fields]
        lines += self._our_lines(token, body_length)
        lines.append(b"\r\n")
        return b"\r\n".join(lines)

    def _our_lines(self, token: str | None, body_length: int | None) -> list[bytes]:
        scope = self._scope
        lines = [b"x-request-id: " + self._request_id.encode(), b"x-forwarded-proto: " + scope["scheme"].encode()]
        if scope.get("client"):
            lines.append(b"x-forwarded-for: " + scope["client"][0].encode())
        if token is not None:
            lines.append(b"authorization: Bearer " + token.encode())
        if body_length is not None:
            lines.append(b"content-length: %d" % body_length)
        elif self._headers.get(b"transfer-encoding") is not None:
            lines.append(b"transfer-encoding: chunked")
        return lines
