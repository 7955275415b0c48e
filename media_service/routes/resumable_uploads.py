"""Resumable uploads: tus 1.0 (core, creation, expiration, termination), https://tus.io/protocols/resumable-upload."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from media_service.domain import files as domain
from media_service.domain import resumable_uploads as resumable
from media_service.domain.files import FileView
from media_service.domain.refusals import (
    BadMetadata,
    BadUploadHeader,
    FileTooLarge,
    NotAnOffsetStream,
    OwnerErased,
    QuotaExceeded,
    TooManyUploads,
    UnknownUpload,
    UploadBusy,
    WrongOffset,
    WrongTusVersion,
)
from media_service.domain.resumable_uploads import ResumableUpload
from media_service.routes.uploads import FILE_REFUSALS
from media_service.state import State
from servicekit import problems
from servicekit.authentication import identify
from servicekit.contract import describes
from servicekit.middleware import header
from servicekit.responses import NOT_KEPT, json_response
from servicekit.routing import MethodsRoute

OFFSET_STREAM = "application/offset+octet-stream"
VERSION = {"Tus-Resumable": "1.0.0"}
_DIGITS_MAX = 18
_OVERRIDING = frozenset({"PATCH", "DELETE", "HEAD"})
_PATH = "/api/uploads/"


class TusRoute(MethodsRoute):
    """Each answer says the version, refusals too; and who can only POST says which method is meant (tus 1.0, core)."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                name = b"tus-resumable"
                others = [one for one in message["headers"] if one[0] != name]
                message = {**message, "headers": [*others, (name, VERSION["Tus-Resumable"].encode())]}
            await send(message)

        meant = (header(scope, b"x-http-method-override") or b"").decode("latin-1").upper()
        if scope["method"] == "POST" and meant in _OVERRIDING:
            scope = {**scope, "method": meant}
        await super().handle(scope, receive, send_with_version)


def _header(field: str) -> str:
    """Its name, as in "Upload-Offset"."""
    return field.replace("_", "-").title()


Version = Annotated[Literal["1.0.0"], msgspec.Meta(description="The version of tus.")]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**_DIGITS_MAX - 1)]

_BASE64 = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"
_PAIR = f"[!-+.-~-]+(?: {_BASE64})?"
Metadata = Annotated[
    str,
    msgspec.Meta(
        description="`filename` and `filetype`, each with its value in base64.",
        pattern=f"^(?:{_PAIR}(?:,{_PAIR})*)?$",
        max_length=resumable.METADATA_LENGTH_MAX,
    ),
]


class VersionHeader(msgspec.Struct, frozen=True, rename=_header):
    tus_resumable: Version


class BeginHeaders(VersionHeader, frozen=True, rename=_header):
    upload_length: Count
    upload_metadata: Metadata = ""


class AppendHeaders(VersionHeader, frozen=True, rename=_header):
    upload_offset: Count


@describes(
    "Begin a resumable upload",
    headers=BeginHeaders,
    status=201,
    refusals=(
        WrongTusVersion,
        BadUploadHeader,
        BadMetadata,
        FileTooLarge,
        OwnerErased,
        QuotaExceeded,
        TooManyUploads,
    ),
)
async def begin(request: Request[State]) -> Response:
    """`Location` is where its parts go, for 24 hours, and room is kept for all of it. Five a person are the most."""
    identity = await identify(request)
    _check_version(request)
    said = request.headers.get("upload-metadata", "")
    metadata = resumable.read_metadata(said)
    upload = await request.state["resumable_uploads"].begin(
        identity.username,
        filename=metadata.get("filename", metadata.get("name", "")),
        content_type=metadata.get("filetype", metadata.get("type", "")),
        metadata=said,
        length=_number(request, "Upload-Length"),
    )
    return Response(status_code=201, headers={"Location": _PATH + upload.id, **_told(upload)})


@describes(
    "Send a part of an upload",
    headers=AppendHeaders,
    takes_bytes=OFFSET_STREAM,
    status=204,
    refusals=(
        WrongTusVersion,
        BadUploadHeader,
        NotAnOffsetStream,
        WrongOffset,
        FileTooLarge,
        UploadBusy,
        UnknownUpload,
    ),
)
async def append(request: Request[State]) -> Response:
    """`Upload-Offset` of the answer is how much is here. After the last part it is checked, and then is a file."""
    identity = await identify(request)
    _check_version(request)
    if request.headers.get("content-type", "") != OFFSET_STREAM:
        raise NotAnOffsetStream
    offset = _number(request, "Upload-Offset")
    uploads = request.state["resumable_uploads"]
    upload = await uploads.append(identity.username, request.path_params["upload_id"], offset, request.stream())
    return Response(status_code=204, headers=_told(upload))


@describes("How much of an upload is here", headers=VersionHeader, refusals=(WrongTusVersion, UnknownUpload))
async def offset(request: Request[State]) -> Response:
    """By `Upload-Offset` of `Upload-Length`, with the `Upload-Metadata` that it began with."""
    upload = await _found(request)
    _check_version(request)
    metadata = {"Upload-Metadata": upload.metadata} if upload.metadata else {}
    return Response(status_code=200, headers={**_told(upload), "Upload-Length": str(upload.length), **metadata})


@describes("Give an upload up", headers=VersionHeader, status=204, refusals=(WrongTusVersion, UnknownUpload))
async def remove(request: Request[State]) -> Response:
    identity = await identify(request)
    _check_version(request)
    await request.state["resumable_uploads"].remove(identity.username, request.path_params["upload_id"])
    return Response(status_code=204, headers=VERSION)


@describes(
    "What became of an upload",
    answer=FileView,
    also={202: "Parts are missing, or it is being checked: ask again."},
    refusals=(UnknownUpload, OwnerErased, *FILE_REFUSALS),
)
async def outcome(request: Request[State]) -> Response:
    """The file, or why it is none."""
    upload = await _found(request)
    if upload.refusal is not None:
        return problems.given(upload.refusal)
    if upload.file_id is None:
        return Response(status_code=202, headers={**NOT_KEPT, **_told(upload), "Retry-After": "1"})
    return json_response(domain.view(await request.state["files"].get(upload.owner, upload.file_id)))


@describes("What resumable uploads can do here", access="anyone", status=204)
async def abilities(request: Request[State]) -> Response:
    headers = {
        **VERSION,
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,expiration,termination",
        "Tus-Max-Size": str(request.state["limits"].upload_file_bytes_max),
        "Allow": "DELETE, GET, HEAD, OPTIONS, PATCH" if "upload_id" in request.path_params else "OPTIONS, POST",
    }
    return Response(status_code=204, headers=headers)


async def _found(request: Request[State]) -> ResumableUpload:
    identity = await identify(request)
    return await request.state["resumable_uploads"].get(identity.username, request.path_params["upload_id"])


def _check_version(request: Request[State]) -> None:
    if request.headers.get("tus-resumable") != VERSION["Tus-Resumable"]:
        raise WrongTusVersion


def _number(request: Request[State], name: str) -> int:
    given = request.headers.get(name, "")
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS_MAX):
        raise BadUploadHeader(name)
    return int(given)


def _told(upload: ResumableUpload) -> dict[str, str]:
    expires_at = format_datetime(datetime.fromtimestamp(upload.expires_at, UTC), usegmt=True)
    return {**VERSION, **NOT_KEPT, "Upload-Offset": str(upload.received), "Upload-Expires": expires_at}
