"""Serving bytes: to whom has them already, a part of them, or all, with headers that keep it what it is."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from media_service.domain.filenames import disposition
from media_service.domain.files import Content
from media_service.domain.ranges import asked_range
from media_service.domain.refusals import AnotherVersion, UnknownFile
from servicekit.etags import is_known

CACHE_CONTROL = "private, no-cache"  # it is asked each time whether they may see it still, and answered in a head
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"


def answer_if_known(request: Request[Any], etag: str) -> Response | None:
    """304 for who has it already (RFC 9110 §13.1.2). Raises AnotherVersion for who wants no other (§13.1.1)."""
    wanted = request.headers.get("if-match", "*")
    if etag not in (named := {one.strip() for one in wanted.split(",")}) and "*" not in named:
        raise AnotherVersion
    if not is_known(request.headers.get("if-none-match", ""), etag):
        return None
    return Response(status_code=304, headers=_headers(etag))


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": CACHE_CONTROL, "Content-Security-Policy": CONTENT_SECURITY_POLICY}


async def serve(
    request: Request[Any], filename: str, content: Content, pieces_of: Callable[[range], AsyncIterator[bytes]]
) -> Response:
    """As RFC 9110 has it: all of it, a single range (§14.2), or the head alone."""
    headers = {
        **_headers(content.etag),
        "Content-Disposition": disposition(filename, is_inline=content.is_inline),
        "Accept-Ranges": "bytes",
    }
    asked = None
    if request.method == "GET" and request.headers.get("if-range", content.etag) == content.etag:
        asked = asked_range(request.headers.get("range"), content.size)
    part = range(content.size) if asked is None else asked
    headers |= {"Content-Type": content.content_type, "Content-Length": str(len(part))}
    if asked is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.size}"
    if request.method == "HEAD" or not part:
        return Response(status_code=200, headers=headers)
    pieces = pieces_of(part)
    first = await anext(pieces, None)
    if first is None:  # it went a moment ago
        raise UnknownFile
    return _Pieces(_joined(first, pieces), 206 if asked is not None else 200, headers)


async def serve_webp(request: Request[Any], data: bytes, etag: str, filename: str) -> Response:
    """The same for a small picture."""

    async def pieces(part: range) -> AsyncIterator[bytes]:
        yield data[part.start : part.stop]

    return await serve(request, filename, Content(content_type="image/webp", size=len(data), etag=etag), pieces)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


class _Pieces(StreamingResponse):
    """Where the file goes meanwhile, the answer stays without its end, and its length tells that some is missing."""

    async def stream_response(self, send: Send) -> None:
        left_bytes = int(self.headers["content-length"])

        async def send_but_no_wrong_end(message: Message) -> None:
            nonlocal left_bytes
            left_bytes -= len(message.get("body", b""))
            if message.get("more_body", True) or not left_bytes:
                await send(message)

        await super().stream_response(send_but_no_wrong_end)
