"""The gateway's HTTP protocol: what needs no waiting for is forwarded by callbacks, all else by the proxy in a task."""

from functools import partial
from typing import Any

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.exchange import EXCHANGE, Exchange
from servicekit.http_protocol import HttpProtocol


class GatewayProtocol(HttpProtocol):
    """A task, with all that it awaits, would cost a forwarded request a fifth of the gateway's time."""

    def _start(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        scope: Any = cycle.scope
        exchange = Exchange(scope)
        connection = exchange.ask_at_once()
        if connection is None:
            self._start_proxy(cycle, app, exchange)
        else:
            connection.on_answer(partial(self._pass_on, cycle, app, exchange))

    def _pass_on(self, cycle: RequestResponseCycle, app: ASGIApp, exchange: Exchange) -> None:
        if not exchange.answer_at_once(cycle):
            self._start_proxy(cycle, app, exchange)

    def _start_proxy(self, cycle: RequestResponseCycle, app: ASGIApp, exchange: Exchange) -> None:
        exchange.scope[EXCHANGE] = exchange  # a circle of references until somebody takes it out
        super()._start(cycle, app)
