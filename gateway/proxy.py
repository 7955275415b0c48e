"""The proxy: forwards one HTTP request to its service and the answer back, both as streams, in a task of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.cors import METHODS, is_preflight
from gateway.domain.headers import Headers, answer_headers
from gateway.domain.paths import takes_code
from gateway.domain.refusals import REFUSALS, CrossOrigin, ServiceBroken
from gateway.domain.route_table import Rate, Route
from gateway.domain.tokens import COOKIE
from gateway.forwarded_request import FORWARDED_REQUEST, HSTS, NO_STORE, SECURITY_HEADERS, ForwardedRequest
from gateway.rate_limits import CountedAttempt
from gateway.sign_in_attempts import Attempt, ask_and_settle, count_attempt
from gateway.upstream import Upstream
from gateway.upstream_connection import UpstreamConnection
from servicekit import logs
from servicekit.problems import BodyTooLarge, Malformed, Refusal, internal_error, refuse
from servicekit.redaction import masked
from servicekit.response_writer import chunk

SIGN_OUT = "/api/logout"
log = logs.get_logger(__name__)


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
        request: ForwardedRequest = scope.pop(FORWARDED_REQUEST)
        logs.bind_request_id(request.request_id)
        forwarding = _Forwarding(request, receive, send)
        if request.route is None:
            # Without a referrer a form has no origin either (Fetch, 3.2), and would be taken for another site's.
            forwarding.hides_referrer = _has_secret(scope) and not takes_code(scope["path"])
            scope["parley.request_id"] = request.request_id
            await self._pages(scope, receive, forwarding.send)
        elif is_preflight(scope):
            await Response(status_code=204, headers={"Allow": f"{METHODS}, OPTIONS"})(scope, receive, forwarding.send)
        else:
            await forwarding.run(request.route)


def _has_secret(scope: Scope) -> bool:
    """Whether there is a secret in the address, which pages that it leads to must not learn."""
    address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
    return masked(address) != address


class _Forwarding:
    """One request as a task."""

    def __init__(self, request: ForwardedRequest, receive: Receive, send: Send) -> None:
        self._request = request
        self._scope = request.scope
        self._state = request.state
        self._headers = request.headers
        self._receive = receive
        self._send = send
        self._has_started = False
        self.hides_referrer = False

    async def run(self, route: Route) -> None:
        self.hides_referrer = route.rate is Rate.LINK
        try:
            connection = await self._ask(route)
            try:
                await self._answer(connection)
            finally:
                connection.done()
        except _ClientGone:
            log.debug("the client went away")
        except Refusal as refusal:
            if self._has_started:  # too late for a status: a cut-off answer is what is left to say it
                log.warning("answer cut off", reason=str(refusal))
                return
            await self._refuse(refusal, route)
        except Exception:
            log.exception("fault")
            if not self._has_started:
                await internal_error()(self._scope, self._receive, self.send)

    async def _refuse(self, refusal: Refusal, route: Route) -> None:
        response = refuse(refusal, REFUSALS)
        if route.path == SIGN_OUT and not isinstance(refusal, CrossOrigin):  # the device is signed out all the same
            response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self._scope["scheme"] == "https")
        await response(self._scope, self._receive, self.send)

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
        headers.append((b"referrer-policy", b"no-referrer" if self.hides_referrer else b"same-origin"))
        headers.append((b"x-request-id", self._request.request_id.encode()))
        if self._scope["scheme"] == "https":
            headers.append(HSTS)
        if not any(name == b"cache-control" for name, _ in headers):
            headers.append(NO_STORE)
        self._request.record(status)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    # Who may pass

    async def _admit(self, route: Route) -> tuple[str | None, str]:
        """The token to pass on and whose it is, if the route wants one.

        Raises Unauthenticated, Unavailable or CrossOrigin.
        """
        if not route.needs_token(self._scope["method"]):
            return None, ""
        token = self._request.token()
        identity = await self._state["authentication"].authenticate(token)
        return token, identity.username

    def _replaced_token(self, rate: Rate) -> str | None:
        """What who signs in again is signed in with, if it is they who say so: they give up the session of it."""
        try:
            return None if rate is Rate.REGISTRATION else self._request.token()
        except CrossOrigin:
            return None

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

    async def _ask(self, route: Route) -> UpstreamConnection:
        """Send the request and return when the head of the answer is there."""
        request, upstream = self._request, self._state["upstreams"][route.service]
        method: str = self._scope["method"]
        if request.connection is not None:
            return await upstream.ask(method, request.head, asked=request.connection)
        token, username = await self._admit(route)
        if (rate := route.rate_of(method)) is None:
            return await self._pass_on(upstream, token)
        if rate is Rate.LINK:
            await self._count(rate)
            return await self._pass_on(upstream, token)
        if rate is Rate.PASSWORD:  # whose it is shows without the body
            attempt = await self._count(rate, username=username)
            return await ask_and_settle(self._state["rate_limits"], attempt, self._pass_on(upstream, token))
        body = await self._read_body(self._state["json_body_bytes_max"])
        attempt = await self._count(rate, body=body)
        head = request.request_head(self._replaced_token(rate), len(body), browser=request.browser)
        return await ask_and_settle(self._state["rate_limits"], attempt, upstream.ask(method, head + body))

    async def _count(self, rate: Rate, *, username: str = "", body: bytes = b"") -> CountedAttempt | None:
        """Raises TooManyRequests."""
        attempt = Attempt(
            client_address=self._request.client_address,
            browser=self._request.browser,
            username=username,
            body=body,
            content_type=self._headers.get(b"content-type") or b"",
        )
        return await count_attempt(self._state["rate_limits"], rate, attempt)

    async def _pass_on(self, upstream: Upstream, token: str | None) -> UpstreamConnection:
        method, head = self._scope["method"], self._request.request_head(token)
        if self._headers.announces_body:
            return await upstream.ask_with_body(method, head, self._body())
        return await upstream.ask(method, head)

    async def _body(self) -> AsyncIterator[bytes]:
        """As it comes, framed as it was announced. Raises Malformed where it is not as long."""
        length = self._headers.get(b"content-length")
        left_bytes = 0 if length is None else int(length)
        is_last = False
        while not is_last:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            data = message.get("body", b"")
            is_last = not message.get("more_body")
            if length is None:
                data = chunk(data, is_last=is_last)
            else:
                left_bytes -= len(data)
                if left_bytes < 0 or (is_last and left_bytes):  # the next request would be taken for the rest
                    raise Malformed("The body is not as long as Content-Length says.")
            yield data

    async def _answer(self, connection: UpstreamConnection) -> None:
        await self._start(connection.status, answer_headers(connection.headers))
        leaving: asyncio.Task[None] | None = None
        try:
            while True:
                is_complete = connection.is_complete
                body = connection.body_so_far()
                await self._send({"type": "http.response.body", "body": body, "more_body": not is_complete})
                if is_complete:
                    return
                leaving = leaving or asyncio.create_task(self._disconnected(connection))
                await connection.wait_body()
        finally:
            if leaving is not None:
                leaving.cancel()

    async def _disconnected(self, connection: UpstreamConnection) -> None:
        """End a long answer when nobody is there for it any more."""
        with suppress(ServiceBroken):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            connection.close()
