"""Request bodies parsed once, at the edge, into frozen types."""

import re
from collections.abc import Container
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from servicekit.multipart import MultipartReader, Part
from servicekit.problems import FieldError, Invalid, Malformed
from servicekit.texts import NO_CONTROLS, field_with_nul

FORM_FIELDS_MAX = 100
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
T = TypeVar("T")
_LOCATED = re.compile(r"(?P<detail>.*) - at `\$\.?(?P<field>[^`]*)`", re.DOTALL)
_UNLOCATED = re.compile(r"Object (?:missing required|contains unknown) field `(?P<field>[^`]*)`")


async def read_json(request: Request[Any], body_type: type[T], *, judged_later: Container[str] = ()) -> T:
    """The JSON body as `body_type`. Raises Malformed (not JSON) or Invalid (names the field).

    No text in it holds NUL, except for the fields `judged_later`, which have a refusal of their own.
    """
    body = await request.body()
    try:
        parsed = _parsed(body, body_type)
    except msgspec.ValidationError as error:
        raise Invalid(field_error(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The body is not valid JSON: {error}") from None
    if (field := field_with_nul(body, parsed, judged_later)) is not None:
        raise Invalid(FieldError(field, NO_CONTROLS))
    return parsed


def _parsed(body: bytes, body_type: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=body_type)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
        # 3.0 is an integer (JSON Schema 2020-12, core §4.2.3), and what some languages write for one.
        return msgspec.convert(_with_integers(msgspec.json.decode(body)), body_type)


def _with_integers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_integers(one) for key, one in value.items()}
        case list():
            return [_with_integers(one) for one in value]
        case float() if value.is_integer():
            return int(value)
    return value


async def read_form(request: Request[Any], body_type: type[T]) -> T:
    """The form (urlencoded or multipart) as `body_type`; the same errors as `read_json`."""
    content_type = _content_type(request)
    if content_type not in FORMS:
        wanted = " or ".join(FORMS)
        raise Invalid(FieldError("", f"Expected a form ({wanted}), got {content_type[:80] or 'a body of no type'}."))
    return convert(await read_fields(request), body_type)


async def read_fields(request: Request[Any]) -> dict[str, str]:
    """The fields of a form, the last of each name; none of another body. Raises Malformed.

    Always UTF-8, whatever charset is named: a stranger could else choose a codec that takes seconds.
    """
    match _content_type(request):
        case "application/x-www-form-urlencoded":
            return _urlencoded(await request.body())
        case "multipart/form-data":
            return _multipart(await request.body(), request.headers["content-type"])
    return {}


def _content_type(request: Request[Any]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _multipart(body: bytes, content_type: str) -> dict[str, str]:
    fields: list[tuple[str, bytearray]] = []

    def on_part(part: Part) -> None:
        if part.filename is not None:
            raise Malformed("Files are not taken here.")
        if len(fields) == FORM_FIELDS_MAX:
            raise Malformed("There are too many fields.")
        fields.append((part.name or "", bytearray()))

    def on_data(data: memoryview) -> None:
        fields[-1][1].extend(data)

    reader = MultipartReader(content_type, on_part=on_part, on_data=on_data, on_part_end=lambda: None)
    reader.feed(body)
    reader.check_end()
    try:
        return {name: value.decode() for name, value in fields}
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not a valid form: {error}") from None


def _urlencoded(body: bytes) -> dict[str, str]:
    """The fields of a form, strictly UTF-8, whether percent-encoded or (as `curl -d` sends them) not.

    Starlette's parser would read the latter as Latin-1, and a password would not be the one that was typed.
    """
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except ValueError as error:
        raise Malformed(f"The body is not a valid form: {error}") from None
    return dict(fields)


def read_query(request: Request[Any], query_type: type[T]) -> T:
    """The query string as `query_type`, the last value of each name. Raises Invalid."""
    return convert(dict(request.query_params), query_type)


def convert(fields: dict[str, str], body_type: type[T]) -> T:
    """Text fields (a form, a query string) as `body_type`. Raises Invalid."""
    for name, text in fields.items():
        if "\0" in text:
            raise Invalid(FieldError(name, NO_CONTROLS))
    try:
        converted = msgspec.convert(fields, body_type, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(field_error(str(error))) from None
    for name in fields:  # msgspec takes the word `null` for none, and a text cannot be none
        if getattr(converted, name, "") is None:
            raise Invalid(FieldError(name, "Expected a value, got `null`"))
    return converted


def field_error(message: str) -> FieldError:
    """msgspec's message taken apart into the field and what is wrong with it."""
    if (found := _LOCATED.fullmatch(message)) is not None:
        inner = _UNLOCATED.match(found["detail"])
        return FieldError(inner["field"] if inner else found["field"], found["detail"])
    if (found := _UNLOCATED.match(message)) is not None:
        return FieldError(found["field"], message)
    return FieldError("", message)
