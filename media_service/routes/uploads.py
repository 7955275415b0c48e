"""Uploading: a form with files, all of which are kept or none."""

import asyncio
from contextlib import aclosing, suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from media_service.domain import files as domain
from media_service.domain.files import FileView
from media_service.domain.refusals import (
    BrokenPicture,
    BrokenUpload,
    FileTooLarge,
    MediaRefusal,
    NoFiles,
    NotAPicture,
    NotMultipart,
    OwnerErased,
    PictureTooLarge,
    QuotaExceeded,
    TooManyFiles,
    TooManyFilesKept,
)
from media_service.multipart import Form
from media_service.state import State
from servicekit.authentication import identify
from servicekit.contract import describes
from servicekit.problems import Refusal, TooManyAtOnce, Unavailable
from servicekit.responses import json_response

FILE_REFUSALS = (BrokenPicture, FileTooLarge, NotAPicture, PictureTooLarge, QuotaExceeded, TooManyFilesKept)


class Uploaded(msgspec.Struct, frozen=True):
    message: str
    files: list[FileView]


@describes(
    "Upload files",
    takes_files=True,
    answer=Uploaded,
    refusals=(*FILE_REFUSALS, BrokenUpload, NoFiles, NotMultipart, OwnerErased, TooManyAtOnce, TooManyFiles),
)
async def upload(request: Request[State]) -> Response:
    """Of any kind. All of them are kept or none: `errors` of a refusal names each that is the reason."""
    identity = await identify(request)
    limits = request.state["limits"]
    form = Form(
        request.headers.get("content-type", ""),
        file_bytes_max=limits.upload_file_bytes_max,
        files_max=limits.upload_files_max,
    )
    body = request.stream()
    try:
        async with aclosing(form.files(body)) as sent:
            kept = await request.state["uploads"].take(identity.username, sent)
    except asyncio.CancelledError:  # by the server alone, when it stops and has waited long enough
        raise Unavailable("The service is stopping.") from None
    except (MediaRefusal, TooManyAtOnce):
        with suppress(Refusal):
            async for _ in body:  # who is still sending would not read the answer
                pass
        raise
    plural = f"{len(kept)} file(s) uploaded successfully"
    return json_response(Uploaded(plural, [domain.view(file) for file in kept]))
