"""The bare service for files, a yardstick: what is sent is put on disk for certain, and read from there."""

import asyncio
import os
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

_folder = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))


async def _put(request: Request) -> Response:
    with (_folder / request.path_params["name"]).open("wb") as file:
        async for piece in request.stream():
            file.write(piece)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return Response(status_code=204)


async def _get(request: Request) -> Response:
    return FileResponse(_folder / request.path_params["name"])


app = Starlette(routes=[Route("/{name}", _put, methods=["PUT"]), Route("/{name}", _get)])
