"""The gateway's HTTP protocol: what needs no waiting for is forwarded by callbacks, all else by the proxy in a task."""

import asyncio
from functools import partial
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.domain.headers import Headers, RequestHeaders
from gateway.domain.refusals import REFUSALS, TooManyConnections
from gateway.forwarded_request import FORWARDED_REQUEST, ForwardedRequest, takes_files
from gateway.state import State
from servicekit.http_protocol import HttpProtocol
from servicekit.problems import RefusalTable


class GatewayProtocol(HttpProtocol):
    """A task, with all that it awaits, would cost a forwarded request a fifth of the gateway's time."""

    refusals: ClassVar[RefusalTable] = {**HttpProtocol.refusals, **REFUSALS}
    _speaks_for_others = False  # a trusted proxy: whose connection it is shows with each request
    _address = ""  # of who connected, for themselves or for others
    _headers: RequestHeaders | None = None  # of the request before

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._state = cast(State, self.app_state)
        self._address = self.client[0] if self.client else ""
        self._speaks_for_others = self._state["trusted_proxies"].speaks_for_others(self._address)
        if not self._speaks_for_others:
            self._count(self._address)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state["connection_counts"].release(self.transport)
        super().connection_lost(exc)

    def _count(self, address: str) -> bool:
        """Whether there may be one more connection of that address; else it is refused."""
        try:
            self._state["connection_counts"].count(self.transport, address)
        except TooManyConnections as refusal:
            self._refuse(refusal)
            return False
        return True

    def takes_files(self) -> bool:
        return super().takes_files() and takes_files(self.scope["path"])

    def _start(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        scope: Any = cycle.scope
        address = self._address
        if self._speaks_for_others:  # then the scope's `client` and `scheme` are the client's from here on
            address, scope["scheme"] = self._state["trusted_proxies"].client(address, scope["scheme"], scope["headers"])
            scope["client"] = (address, 0)
            if not self._count(address):
                return
        request = ForwardedRequest(scope, self._headers_of(scope["headers"]), address)
        connection = request.send_at_once()
        if connection is None:
            self._start_proxy(cycle, app, request)
        else:
            connection.on_answer(partial(self._pass_on, cycle, app, request))

    def _headers_of(self, fields: Headers) -> RequestHeaders:
        """Most requests of a connection come with the same fields as the one before."""
        headers = self._headers
        if headers is None or headers.fields != fields:
            self._headers = headers = RequestHeaders(fields)
        return headers

    def _pass_on(self, cycle: RequestResponseCycle, app: ASGIApp, request: ForwardedRequest) -> None:
        if not request.answer_at_once(cycle):
            self._start_proxy(cycle, app, request)

    def _start_proxy(self, cycle: RequestResponseCycle, app: ASGIApp, request: ForwardedRequest) -> None:
        request.scope[FORWARDED_REQUEST] = request  # a circle of references until somebody takes it out
        super()._start(cycle, app)
