"""A server under uvicorn in the test's own loop that answers every request alike, and clients without a library."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.http_protocol import HttpProtocol
from tests.servicekit.sockets import RawClient

WAIT_S = 5.0


def body(data: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def start(status: int = 200, **headers: str) -> dict[str, Any]:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": fields}


@asynccontextmanager
async def serving(
    *messages: dict[str, Any],
    errors: list[Exception] | None = None,
    keep_alive_s: int = 5,
    protocol: type[HttpProtocol] = HttpProtocol,
    app: ASGIApp | None = None,
) -> AsyncIterator[int]:
    """The port of a server that answers each request with `messages`, and keeps what that raised in `errors`.

    Or as `app` does.
    """

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        for message in messages:
            try:
                await send(dict(message))
            except RuntimeError as error:
                if errors is None:
                    raise
                errors.append(error)

    config = uvicorn.Config(
        app or answering,
        http=protocol,
        lifespan="off",
        log_config=None,
        server_header=False,
        timeout_keep_alive=keep_alive_s,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        await server.startup(sockets=[listener])
        yield listener.getsockname()[1]
        server.servers[0].close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def client(port: int, receive_buffer_bytes: int | None = None) -> AsyncIterator[RawClient]:
    with socket.socket() as line:
        if receive_buffer_bytes is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        yield RawClient(line)
