"""Services that agree to a WebSocket, and what becomes of tunnels to them."""

from typing import Any

from tests.gateway.gateways import System
from tests.gateway.stand_ins import Exchange, Handler, head_of
from tests.gateway.wires import WireAnswer

AGREED = head_of("101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x")


async def echo(exchange: Exchange) -> None:
    await exchange.send(AGREED)
    while data := await exchange.reader.read(65536):
        await exchange.send(data)
    await exchange.send(b"(end)")
    exchange.close()


def agreeing(then: Handler) -> Handler:
    async def agree(exchange: Exchange) -> None:
        await exchange.send(AGREED)
        await then(exchange)

    return agree


async def refusal(whole: System, target: str, headers: dict[str, str] | None = None) -> WireAnswer:
    async with whole.tunnel(target, headers) as wire:
        answer = await wire.answer()
        assert await wire.is_closed()
        return answer


def tunnel_ends(whole: System) -> list[Any]:
    modules = {"gateway.tunnel", "gateway.tunnel_end"}
    return [end for end in whole.server.server_state.connections if type(end).__module__ in modules]
