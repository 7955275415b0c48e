"""Uploads: a form with pictures, which are passed on to the media service while they come."""

from contextlib import suppress

import msgspec

from gateway.domain.api_types import Problem, SentFile, Upload
from gateway.pages.page_request import PageRequest, read_own_form
from gateway.pages.service_client import Body, Refused, tell
from gateway.streamed_forms import StreamedForm
from servicekit.problems import Refusal, Unavailable


async def read_form_with_files(page: PageRequest) -> tuple[dict[str, str], tuple[SentFile, ...]]:
    """The fields of a form, and the files that were sent with them, which are kept by now.

    Raises Refused, with the fields, also where nobody takes the files.
    """
    request = page.request
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith("multipart/"):
        return await read_own_form(request), ()
    bytes_max = request.state["json_body_bytes_max"]
    form = StreamedForm(content_type, request.stream(), fields_bytes_max=bytes_max)
    await form.read_fields()
    files = await _upload(page, form) if form.has_files else ()
    return form.fields, files


async def _upload(page: PageRequest, form: StreamedForm) -> tuple[SentFile, ...]:
    try:
        answer = await tell(page, "POST", "/api/user/upload-files", body=Body(form.whole(), form.content_type))
    except Unavailable:
        await _drain(form)
        refused = Refused(503, Problem("", "media_unavailable"), {"retry-after": "1"})
        refused.fields = form.fields
        raise refused from None
    except Refused as refused:
        refused.fields = form.fields
        raise
    return msgspec.json.decode(answer.body, type=Upload).files


async def _drain(form: StreamedForm) -> None:
    """Read what still comes: who is sending would not read the answer."""
    with suppress(Refusal):
        async for _ in form.whole():
            pass
