"""CORS: which pages of other sites may ask here and read the answers (Fetch, §3.2)."""

from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.domain.headers import Headers
from servicekit.middleware import header

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_REMEMBERED_S = b"600"
_ASKED = (
    b"Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Range, Tus-Resumable, Upload-Length,"
    b" Upload-Metadata, Upload-Offset, X-HTTP-Method-Override, X-Requested-With"
)
_TOLD = (
    b"X-Request-ID, Link, Location, Retry-After, ETag, Accept-Ranges, Content-Disposition, Content-Range,"
    b" Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, Upload-Length, Upload-Metadata,"
    b" Upload-Offset"
)
_VARIES: Headers = [(b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")]
_FOR_PREFLIGHTS: Headers = [
    (b"access-control-allow-methods", METHODS.encode()),
    (b"access-control-allow-headers", _ASKED),
    (b"access-control-max-age", _REMEMBERED_S),
]
_FOR_ANSWERS: Headers = [(b"access-control-expose-headers", _TOLD)]


def is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None


class Cors:
    """Adds to each answer what the browser has to know. A preflight is nobody's request: it needs no token."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (self._origins or scope["method"] == "OPTIONS"):
            await self._app(scope, receive, send)
            return

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers(scope)]
            await send(message)

        await self._app(scope, receive, send_shared)

    def _headers(self, scope: Scope) -> Headers:
        varies = _VARIES if scope["method"] == "OPTIONS" else [(b"vary", b"Origin")]
        origin = header(scope, b"origin")
        if origin is None or origin.decode("latin-1") not in self._origins:
            return varies
        allowed: Headers = [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
        ]
        return [*varies, *allowed, *(_FOR_PREFLIGHTS if is_preflight(scope) else _FOR_ANSWERS)]
