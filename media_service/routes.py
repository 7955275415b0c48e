"""The HTTP interface of the media service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Send

from media_service.domain import files as domain
from media_service.domain.filenames import inline_disposition
from media_service.domain.files import Content, File, FileView
from media_service.domain.ranges import asked_range
from media_service.domain.refusals import (
    BrokenPicture,
    BrokenUpload,
    FileTooLarge,
    MediaRefusal,
    NoFiles,
    NotAPicture,
    NotMultipart,
    PictureTooLarge,
    QuotaExceeded,
    RangeNotSatisfiable,
    TooManyFiles,
    UnknownFile,
    UploadStalled,
)
from media_service.multipart import Form
from media_service.refusals import REFUSALS
from media_service.state import State
from servicekit import contract, health
from servicekit.authentication import bearer_token
from servicekit.bodies import convert
from servicekit.contract import describes
from servicekit.etags import is_known
from servicekit.following import PAGE_MAX, told_by
from servicekit.problems import Refusal, Unavailable
from servicekit.routing import route
from servicekit.tokens import Identity

FILES_PAGE = 50
CACHE_CONTROL = "private, max-age=31536000, immutable"
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PageQuery(msgspec.Struct, frozen=True):
    before: Number | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = FILES_PAGE


class ThumbnailQuery(msgspec.Struct, frozen=True):
    """The longer side, pixels."""

    size: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = min(domain.THUMBNAIL_SIDES)


class ListQuery(msgspec.Struct, frozen=True):
    after: Number = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class Uploaded(msgspec.Struct, frozen=True):
    message: str
    files: list[FileView]


class FilesPage(msgspec.Struct, frozen=True):
    files: list[FileView]
    used_bytes: int
    quota_bytes: int


# Uploading


@describes(
    "Upload pictures",
    takes_files=True,
    answer=Uploaded,
    refusals=(
        BrokenPicture,
        BrokenUpload,
        FileTooLarge,
        NoFiles,
        NotAPicture,
        NotMultipart,
        PictureTooLarge,
        QuotaExceeded,
        TooManyFiles,
        UploadStalled,
    ),
)
async def upload(request: Request[State]) -> Response:
    identity = await _identify(request)
    limits = request.state["limits"]
    form = Form(
        request.headers.get("content-type", ""),
        file_bytes_max=limits.upload_file_bytes_max,
        files_max=limits.upload_files_max,
    )
    body = _in_time(request, limits.upload_stall_s_max)
    try:
        async with aclosing(form.files(body)) as sent:
            kept = await request.state["uploads"].take(identity.username, sent)
    except asyncio.CancelledError:  # by the server alone, when it stops and has waited long enough
        raise Unavailable("The service is stopping.") from None
    except MediaRefusal:
        with suppress(Refusal):
            async for _ in body:  # who is still sending would not read the answer
                pass
        raise
    plural = f"{len(kept)} file(s) uploaded successfully"
    return _json(Uploaded(plural, [domain.view(file) for file in kept]))


async def _in_time(request: Request[State], stall_s_max: float) -> AsyncIterator[bytes]:
    """The body, as it comes. Raises UploadStalled."""
    pieces = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(stall_s_max):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadStalled(stall_s_max) from None
        yield piece  # outside: what is done with it meanwhile is not the sender's time


# One's own


@describes("List your files", query=PageQuery, answer=FilesPage, links=("next",))
async def list_files(request: Request[State]) -> Response:
    """Newest first, with what they take of the quota; `Link` leads to the page after this one."""
    identity = await _identify(request)
    query = convert(dict(request.query_params), PageQuery)
    limits, files = request.state["limits"], request.state["files"]
    limit = min(query.limit, limits.files_page_max)
    found = await files.list_of(identity.username, before=query.before, limit=limit)
    page = FilesPage(
        files=[domain.view(file) for file in found],
        used_bytes=await files.used_bytes(identity.username),
        quota_bytes=limits.stored_bytes_per_person,
    )
    more = f'<{request.url.path}?before={found[-1].number}&limit={limit}>; rel="next"' if len(found) == limit else ""
    return _json(page, headers={"Link": more} if more else {})


@describes("Remove a file", status=204, refusals=(UnknownFile,))
async def remove_file(request: Request[State]) -> Response:
    identity = await _identify(request)
    await request.state["files"].remove(identity.username, request.path_params["file_id"])
    return Response(status_code=204)


# Serving

_SERVED = {206: "The part that `Range` asks for.", 304: "What `If-None-Match` names is still the same."}


@describes("Read a file", content_type="image/*", also=_SERVED, refusals=(UnknownFile, RangeNotSatisfiable))
async def file(request: Request[State]) -> Response:
    found = await _seen_file(request)
    return await _serve(request, found, request.state["files"].content(found))


@describes(
    "Read a file's thumbnail",
    query=ThumbnailQuery,
    content_type="image/webp",
    also=_SERVED,
    refusals=(UnknownFile, RangeNotSatisfiable),
)
async def thumbnail(request: Request[State]) -> Response:
    """`?size=` 320 or 1024, the longer side in pixels."""
    query = convert(dict(request.query_params), ThumbnailQuery)
    found = await _seen_file(request)
    return await _serve(request, found, await request.state["files"].thumbnail(found, query.size))


async def _seen_file(request: Request[State]) -> File:
    identity = await _identify(request)
    return await request.state["files"].get(identity.username, request.path_params["file_id"])


async def _serve(request: Request[State], found: File, content: Content) -> Response:
    """As RFC 9110 has it: 304 for what is known (§13.1.2), a single range (§14.2), and HEAD."""
    headers = {
        "ETag": content.etag,
        "Cache-Control": CACHE_CONTROL,
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Content-Disposition": inline_disposition(found.filename),
        "Accept-Ranges": "bytes",
    }
    if is_known(request.headers.get("if-none-match", ""), content.etag):
        return Response(status_code=304, headers=headers)
    asked = None
    if request.method == "GET" and request.headers.get("if-range", content.etag) == content.etag:
        asked = asked_range(request.headers.get("range"), content.size)
    part = range(content.size) if asked is None else asked
    headers |= {"Content-Type": content.content_type, "Content-Length": str(len(part))}
    if asked is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.size}"
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    pieces = request.state["files"].pieces(content, part)
    first = await anext(pieces, None)
    if first is None:  # it went a moment ago
        raise UnknownFile
    return _Pieces(_joined(first, pieces), 206 if asked is not None else 200, headers)


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


# For the other services; the gateway never routes them.


async def owned_files(request: Request[State]) -> Response:
    """Those of the files `id` (repeated) that `owner` has."""
    owner = request.query_params.get("owner", "")
    found = await request.state["files"].find_owned(owner, request.query_params.getlist("id")[:PAGE_MAX])
    return _json({"files": [domain.view(file) for file in found]})


async def removed_files(request: Request[State]) -> Response:
    query = convert(dict(request.query_params), ListQuery)
    removed = await request.state["files"].removals_after(query.after, query.limit)
    return _json({"removed": removed, **await told_by(request.state["database"], "removals")})


# What they share


async def _identify(request: Request[State]) -> Identity:
    request.state["profiles"].check()
    token = bearer_token(request.headers.get("authorization"))
    return await request.state["authentication"].authenticate(token)


def _json(body: Any, *, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), 200, headers, "application/json")


ROUTES: list[Route] = [
    route("/api/user/upload-files", POST=upload),
    route("/api/files", GET=list_files),
    route("/api/files/{file_id}", GET=file, DELETE=remove_file),
    route("/api/files/{file_id}/thumbnail", GET=thumbnail),
    route("/internal/files", GET=owned_files),
    route("/internal/removed-files", GET=removed_files),
    *health.service_routes(),
]
ROUTES += contract.routes(ROUTES, REFUSALS)
