"""Files: one's own, and reading those that one may see."""

import hashlib
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from media_service.actions.avatars import Elsewhere
from media_service.domain import files as domain
from media_service.domain.files import Content, File, FileView
from media_service.domain.refusals import AnotherVersion, RangeNotSatisfiable, UnknownAvatar, UnknownFile
from media_service.serving import answer_if_known, serve, serve_webp
from media_service.state import State
from servicekit.authentication import identify
from servicekit.bodies import read_query
from servicekit.contract import describes
from servicekit.responses import NOT_KEPT, json_response, link

FILES_PAGE = 50
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PageQuery(msgspec.Struct, frozen=True):
    before: Number | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = FILES_PAGE


class ThumbnailQuery(msgspec.Struct, frozen=True):
    """The longer side, pixels."""

    size: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = min(domain.THUMBNAIL_SIDES)


class AvatarQuery(msgspec.Struct, frozen=True):
    """Pages say by `v` which address they know; only a changed one makes it differ."""

    v: Annotated[str, msgspec.Meta(max_length=64)] = ""


class FilesPage(msgspec.Struct, frozen=True):
    files: list[FileView]
    used_bytes: int
    quota_bytes: int


# One's own


@describes("List your files", query=PageQuery, answer=FilesPage, links=("next",))
async def list_files(request: Request[State]) -> Response:
    """Newest first, with what they take of the quota; `Link` leads to the page after this one."""
    identity = await identify(request)
    query = read_query(request, PageQuery)
    limits, files = request.state["limits"], request.state["files"]
    limit = min(query.limit, limits.files_page_max)
    found = await files.list_of(identity.username, before=query.before, limit=limit)
    page = FilesPage(
        files=[domain.view(file) for file in found],
        used_bytes=await files.used_bytes(identity.username),
        quota_bytes=limits.stored_bytes_per_person,
    )
    more = link(request.url.path, "next", before=found[-1].number, limit=limit) if len(found) == limit else {}
    return json_response(page, headers=more)


@describes("Remove a file", status=204, refusals=(UnknownFile,))
async def remove_file(request: Request[State]) -> Response:
    identity = await identify(request)
    await request.state["files"].remove(identity.username, request.path_params["file_id"])
    return Response(status_code=204)


# Serving

_SERVED = {206: "The part that `Range` asks for.", 304: "What `If-None-Match` names is still the same."}


@describes("Read a file", content_type="*/*", also=_SERVED, refusals=(UnknownFile, AnotherVersion, RangeNotSatisfiable))
async def file(request: Request[State]) -> Response:
    found = await _seen_file(request)
    if (known := answer_if_known(request, found.etag)) is not None:
        return known
    content = Content(content_type=found.content_type, size=found.size, etag=found.etag)
    return await serve(request, found.filename, content, lambda part: request.state["files"].pieces(found, part))


@describes(
    "Read a file's thumbnail",
    query=ThumbnailQuery,
    content_type="image/webp",
    also=_SERVED,
    refusals=(UnknownFile, AnotherVersion, RangeNotSatisfiable),
)
async def thumbnail(request: Request[State]) -> Response:
    """`?size=` 320 or 1024, the longer side in pixels."""
    query = read_query(request, ThumbnailQuery)
    return await _serve_thumbnail(request, await _seen_file(request), domain.fitting_side(query.size))


@describes(
    "Read a person's picture",
    query=AvatarQuery,
    content_type="image/webp",
    also={**_SERVED, 302: "Where the picture is, if this Parley leaves that to browsers."},
    refusals=(UnknownAvatar, AnotherVersion, RangeNotSatisfiable),
)
async def avatar(request: Request[State]) -> Response:
    """A small one, wherever `pfp` is: a file, or of another host, asked once a day."""
    identity = await identify(request)
    version = read_query(request, AvatarQuery).v
    own_host = request.headers.get("host", "")
    username = request.path_params["username"]
    found = await request.state["avatars"].get(identity.username, username, version=version, own_host=own_host)
    if isinstance(found, Elsewhere):
        headers = {"Location": found.address, **NOT_KEPT, "Referrer-Policy": "no-referrer"}
        return Response(status_code=302, headers=headers)
    if isinstance(found, File):
        return await _serve_thumbnail(request, found, min(domain.THUMBNAIL_SIDES))
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    if (known := answer_if_known(request, etag)) is not None:
        return known
    return await serve_webp(request, found, etag, f"{username}.webp")


async def _seen_file(request: Request[State]) -> File:
    identity = await identify(request)
    return await request.state["files"].get(identity.username, request.path_params["file_id"])


async def _serve_thumbnail(request: Request[State], found: File, side: int) -> Response:
    etag = found.thumbnail_etag(side)
    if found.has_thumbnail and (known := answer_if_known(request, etag)) is not None:
        return known
    return await serve_webp(request, await request.state["files"].thumbnail(found, side), etag, found.filename)
