"""Request bodies parsed once, at the edge, into frozen types."""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from servicekit.problems import FieldError, Invalid, Malformed

FORM_FIELDS_MAX = 100
T = TypeVar("T")
_LOCATED = re.compile(r"(?P<detail>.*) - at `\$\.?(?P<field>[^`]*)`", re.DOTALL)
_UNLOCATED = re.compile(r"Object (?:missing required|contains unknown) field `(?P<field>[^`]*)`")


async def read_json(request: Request[Any], body_type: type[T]) -> T:
    """The JSON body as `body_type`. Raises Malformed (not JSON) or Invalid (names the field)."""
    try:
        return msgspec.json.decode(await request.body(), type=body_type)
    except msgspec.ValidationError as error:
        raise Invalid(field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not valid JSON: {error}") from None


async def read_form(request: Request[Any], body_type: type[T]) -> T:
    """The form (urlencoded or multipart) as `body_type`; the same errors as `read_json`."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/x-www-form-urlencoded":
        return convert(_urlencoded(await request.body()), body_type)
    form = await request.form(max_files=0, max_fields=FORM_FIELDS_MAX)
    return convert({name: value for name, value in form.items() if isinstance(value, str)}, body_type)


def _urlencoded(body: bytes) -> dict[str, str]:
    """The fields of a form, strictly UTF-8, whether percent-encoded or (as `curl -d` sends them) not.

    Starlette's parser would read the latter as Latin-1, and a password would not be the one that was typed.
    """
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except ValueError as error:
        raise Malformed(f"The body is not a valid form: {error}") from None
    return dict(fields)


def convert(fields: dict[str, str], body_type: type[T]) -> T:
    """Text fields (a form, a query string) as `body_type`. Raises Invalid."""
    try:
        return msgspec.convert(fields, body_type, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(field_error(str(error))) from None


def field_error(message: str) -> FieldError:
    """msgspec's message taken apart into the field and what is wrong with it."""
    if (found := _LOCATED.fullmatch(message)) is not None:
        inner = _UNLOCATED.match(found["detail"])
        return FieldError(inner["field"] if inner else found["field"], found["detail"])
    if (found := _UNLOCATED.match(message)) is not None:
        return FieldError(found["field"], message)
    return FieldError("", message)
