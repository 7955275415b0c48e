"""The contract as a person reads it: the OpenAPI document taken apart into sections, rows and words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from servicekit.contract import SCHEMAS, Schema
from servicekit.texts import LINE_PATTERN, SEEN_LINE_PATTERN, SEEN_PATTERN

_KEYWORDS = {
    "pattern": "matches {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "default": "{} by default",
}
_PATTERNS = {
    LINE_PATTERN: "one line without control characters",
    SEEN_PATTERN: "something is seen",
    SEEN_LINE_PATTERN: "one line without control characters, of which something is seen",
}


class Word(msgspec.Struct, frozen=True):
    """A word of a type; a `schema` has its own section."""

    text: str
    schema: str = ""


Words = tuple[Word, ...]


class Field(msgspec.Struct, frozen=True):
    name: str
    place: str
    words: Words
    limits: str
    description: str
    is_required: bool


class Content(msgspec.Struct, frozen=True):
    """What a body or an answer holds, in one of these forms."""

    content_types: tuple[str, ...]
    words: Words
    description: str
    example: str


class DocumentedAnswer(msgspec.Struct, frozen=True):
    status: str
    description: str
    content: tuple[Content, ...]
    codes: tuple[str, ...]
    headers: tuple[str, ...]


class Operation(msgspec.Struct, frozen=True):
    id: str
    method: str
    path: str
    summary: str
    description: str
    is_for_anyone: bool
    fields: tuple[Field, ...]
    body: tuple[Content, ...]
    answers: tuple[DocumentedAnswer, ...]


class Section(msgspec.Struct, frozen=True):
    """The paths of one service."""

    name: str
    description: str
    operations: tuple[Operation, ...]


class Type(msgspec.Struct, frozen=True):
    name: str
    description: str
    words: Words
    fields: tuple[Field, ...]


class Page(msgspec.Struct, frozen=True):
    title: str
    version: str
    description: tuple[str, ...]
    missing: tuple[str, ...]
    sections: tuple[Section, ...]
    types: tuple[Type, ...]


def page_of(document: Mapping[str, Any]) -> Page:
    info = document["info"]
    operations = [
        (operation["tags"][0], _operation(path, method, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return Page(
        title=info["title"],
        version=info["version"],
        description=tuple(info["description"].split("\n\n")),
        missing=tuple(document.get("x-missing", ())),
        sections=tuple(
            Section(tag["name"], tag["description"], tuple(one for name, one in operations if name == tag["name"]))
            for tag in document["tags"]
        ),
        types=tuple(_type(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _operation(path: str, method: str, operation: Schema) -> Operation:
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        is_for_anyone=not operation["security"],
        fields=tuple(
            _field(one["name"], one["schema"], one["in"], one.get("description", ""), is_required=one["required"])
            for one in operation.get("parameters", ())
        ),
        body=_contents(operation.get("requestBody", {}).get("content", {})),
        answers=tuple(_answer(status, answer) for status, answer in operation["responses"].items()),
    )


def _answer(status: str, answer: Schema) -> DocumentedAnswer:
    contents = answer.get("content", {})
    headers = tuple(f"{name}: {header['description']}" for name, header in answer.get("headers", {}).items())
    return DocumentedAnswer(
        status, answer["description"], _contents(contents), tuple(_codes(contents.values())), headers
    )


def _codes(contents: Iterable[Schema]) -> Iterator[str]:
    for content in contents:
        for part in content.get("schema", {}).get("allOf", ()):
            yield from part.get("properties", {}).get("code", {}).get("enum", ())


def _contents(contents: Mapping[str, Schema]) -> tuple[Content, ...]:
    """One for all content types that hold the same."""
    found: dict[Content, list[str]] = {}
    for content_type, content in contents.items():
        schema = content.get("schema", {})
        example = msgspec.json.encode(content["example"]).decode() if "example" in content else ""
        same = Content((), tuple(_words(schema)), schema.get("description", ""), example)
        found.setdefault(same, []).append(content_type)
    return tuple(msgspec.structs.replace(one, content_types=tuple(types)) for one, types in found.items())


def _type(name: str, schema: Schema) -> Type:
    required = schema.get("required", ())
    fields = (
        _field(field, one, "body", one.get("description", ""), is_required=field in required)
        for field, one in schema.get("properties", {}).items()
    )
    return Type(name, schema.get("description", ""), tuple(_words(schema)), tuple(fields))


def _field(name: str, schema: Schema, place: str, description: str, *, is_required: bool) -> Field:
    return Field(name, place, tuple(_words(schema)), ", ".join(_limits(schema)), description, is_required)


def _limits(schema: Schema) -> Iterator[str]:
    for keyword, sentence in _KEYWORDS.items():
        value = schema.get(keyword)
        if keyword == "pattern" and value in _PATTERNS:
            yield _PATTERNS[value]
        elif value not in (None, [], ""):
            yield sentence.format(value if isinstance(value, str) else msgspec.json.encode(value).decode())
    for part in schema.get("anyOf", ()):
        yield from _limits(part)


def _words(schema: Schema) -> Iterator[Word]:
    """The schema's type in words: `list of Room`, `string or null`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        yield Word(name, name)
    elif "enum" in schema:
        yield Word(" or ".join(map(str, schema["enum"])))
    elif "items" in schema:
        yield Word("list of ")
        yield from _words(schema["items"])
    elif alternatives := schema.get("anyOf") or schema.get("allOf", ())[:1]:
        for number, one in enumerate(alternatives):
            yield from [Word(" or ")] if number else []
            yield from _words(one)
    elif isinstance(schema.get("additionalProperties"), dict):
        yield Word("object, by name, of ")
        yield from _words(schema["additionalProperties"])
    else:
        yield Word("bytes" if schema.get("format") == "binary" else schema.get("type", "bytes"))
