"""Sign-in forms: whose account an attempt is aimed at, read from the body before it is forwarded."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from servicekit.bodies import read_form, read_json
from servicekit.problems import Refusal


class _Credentials(msgspec.Struct):
    username: str


async def username_in(body: bytes, content_type: bytes, *, is_form: bool) -> str | None:
    """The `username` of a form or a JSON body; None where there is none, which the service will refuse.

    Parsed by what the service parses it with: a name that only one of the two sees would escape its limit.
    """

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "method": "POST", "headers": [(b"content-type", content_type)]}, receive)
    try:
        credentials = await (read_form if is_form else read_json)(request, _Credentials)
    except (Refusal, HTTPException, MultiPartException):
        return None
    return credentials.username
