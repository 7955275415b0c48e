"""Uploads: the pictures of a form, passed on to the media service while they come."""

from contextlib import suppress

import msgspec

from gateway.domain.items import Problem, SentFile, Upload
from gateway.message_forms import MessageForm
from gateway.pages.services import Body, Refused, tell
from gateway.pages.visits import Visit
from servicekit.problems import Refusal, Unavailable


async def upload(visit: Visit, form: MessageForm) -> tuple[SentFile, ...]:
    """The files, which are kept now. Raises Refused, with the fields of the form, also where nobody takes them."""
    try:
        answer = await tell(visit, "POST", "/api/user/upload-files", body=Body(form.whole(), form.content_type))
    except Unavailable:
        await _drain(form)
        refused = Refused(503, Problem("", "media_unavailable"), {"retry-after": "1"})
        refused.fields = form.fields
        raise refused from None
    except Refused as refused:
        refused.fields = form.fields
        raise
    return msgspec.json.decode(answer.body, type=Upload).files


async def _drain(form: MessageForm) -> None:
    """Read what still comes: who is sending would not read the answer."""
    with suppress(Refusal):
        async for _ in form.whole():
            pass
