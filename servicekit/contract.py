"""The contract: what each path takes and gives, said at its endpoint and made into OpenAPI 3.1.

Every service serves its part at `/internal/contract`; the gateway joins the parts.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from starlette.convertors import Convertor, IntegerConvertor, StringConvertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from servicekit.problems import (
    COMMON,
    CONTENT_TYPE,
    BodyTooLarge,
    Invalid,
    Malformed,
    Problem,
    ProblemType,
    Refusal,
    RefusalTable,
    Unauthenticated,
)
from servicekit.routing import Endpoint, MethodsRoute, route

PATH = "/internal/contract"
SCHEMAS = "#/components/schemas/"
FORM = "application/x-www-form-urlencoded"  # multipart is taken too, but a schema has one type, for generators
EndpointT = TypeVar("EndpointT", bound=Endpoint)
Schema: TypeAlias = dict[str, Any]
# What settings add to a field: JSON Schema keywords, by the type and the name of the field.
Limits: TypeAlias = Mapping[tuple[type, str], Schema]


class Description(msgspec.Struct, frozen=True):
    """What an endpoint takes and gives: the types that it parses and answers with. Decorates the endpoint.

    Its docstring is told too. `rules` are keywords of JSON Schema for what the fields of the body are together.
    `takes_bytes` is the media type of a body that is no form and no JSON, `headers` a struct of those that it reads, by
    their names. `also` are further answers without JSON, by status. `refusals` need not name what follows from the
    rest: that a token, or a body of the right form, is missing.
    """

    summary: str
    access: Literal["anyone", "user"] = "user"
    body: Any = None
    rules: Schema = {}
    needs_body: bool = True
    form: Any = None
    takes_files: bool = False
    takes_bytes: str = ""
    headers: Any = None
    example: msgspec.Struct | None = None
    query: Any = None
    answer: Any = None
    content_type: str = "application/json"
    status: int = 200
    links: tuple[str, ...] = ()
    also: Mapping[int, str] = {}
    refusals: tuple[type[Refusal], ...] = ()

    def __call__(self, endpoint: EndpointT) -> EndpointT:
        endpoint.__dict__["description"] = self
        return endpoint

    @property
    def takes_body(self) -> bool:
        return self.takes_files or bool(self.takes_bytes) or self.body is not None or self.form is not None

    @property
    def all_refusals(self) -> tuple[type[Refusal], ...]:
        implied: list[type[Refusal]] = [Unauthenticated] if self.access == "user" else []
        implied += [Malformed, BodyTooLarge] if self.takes_body else []
        implied += [Invalid] if self.query or self.body or self.form else []
        return (*self.refusals, *implied)


# As in `@describes("Make a room", body=NewRoom, answer=Room, status=201)`.
describes = Description


class Contract(msgspec.Struct, frozen=True):
    """The part of one service: OpenAPI `paths`, and the `schemas` that they refer to, by name."""

    paths: dict[str, dict[str, Schema]]
    schemas: dict[str, Schema]


def no_limits(_: Request[Any]) -> Limits:
    return {}


def routes(
    described: Sequence[BaseRoute],
    refusals: RefusalTable,
    limits_of: Callable[[Request[Any]], Limits] = no_limits,
) -> list[MethodsRoute]:
    """`/internal/contract`, of those of the routes that are described."""

    async def contract(request: Request[Any]) -> Response:
        body = msgspec.json.encode(contract_of(described, refusals, limits_of(request)))
        return Response(body, media_type="application/json")

    return [route(PATH, GET=contract)]


def operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[MethodsRoute, str, Endpoint, Description]]:
    """Each described endpoint, with its route and method."""
    for one in routes:
        if not isinstance(one, MethodsRoute):
            continue
        for method, endpoint in one.endpoints.items():
            if (description := getattr(endpoint, "description", None)) is not None:
                yield one, method, endpoint, description


def contract_of(routes: Iterable[BaseRoute], refusals: RefusalTable, limits: Limits | None = None) -> Contract:
    found = list(operations(routes))
    types = {kind for *_, one in found for kind in (one.body, one.form, one.answer) if kind is not None} | {Problem}
    ordered = sorted(types, key=str)
    made, schemas = msgspec.json.schema_components(ordered, ref_template=SCHEMAS + "{name}")
    for schema in (*made, *schemas.values()):
        _describe_pairs_as_lists(schema)
    _limit(schemas, limits or {})
    for *_, described in found:
        if described.rules:
            schemas[described.body.__name__] |= described.rules
    writer = _Writer(dict(zip(ordered, made, strict=True)), {**COMMON, **refusals}, limits or {})
    paths: dict[str, dict[str, Schema]] = {}
    for one, method, endpoint, description in found:
        operation = writer.operation(one, method, endpoint, description)
        paths.setdefault(one.path_format, {})[method.lower()] = operation
    return Contract(paths, dict(sorted(schemas.items())))


def _limit(schemas: dict[str, Schema], limits: Limits) -> None:
    for (kind, field), keywords in limits.items():
        if kind.__name__ in schemas:
            _present(schemas[kind.__name__]["properties"][field]).update(keywords)


def _describe_pairs_as_lists(schema: Any) -> None:
    """A tuple has a schema for each place, and `false` behind the last: generators of clients know no such thing."""
    if isinstance(schema, dict):
        if places := schema.pop("prefixItems", None):
            schema["items"] = places[0]
            assert all(place == places[0] for place in places), "a tuple of several types: make it a struct"
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            _describe_pairs_as_lists(part)


def _present(schema: Schema) -> Schema:
    """That of the value where there is one: without the alternative null."""
    return next((one for one in schema.get("anyOf", ()) if one != {"type": "null"}), schema)


_NO_PATH = ProblemType(404, "not_found")  # what cannot be an id, or a label, makes no path


class _Writer:
    """Writes operations, all with the same schemas and refusals."""

    def __init__(self, schemas: Mapping[Any, Schema], refusals: RefusalTable, limits: Limits) -> None:
        self._schemas = schemas
        self._refusals = refusals
        self._limits = limits

    def operation(self, route: MethodsRoute, method: str, endpoint: Endpoint, described: Description) -> Schema:
        parameters = [
            *_path_parameters(route),
            *self._parameters(described.query, "query"),
            *self._parameters(described.headers, "header"),
        ]
        operation: Schema = {
            "operationId": re.sub(r"\W+", "_", f"{method.lower()}{route.path_format}").strip("_"),
            "summary": described.summary,
            "description": inspect.getdoc(endpoint) or "",
            "security": [{"bearer": []}, {"cookie": []}] if described.access == "user" else [],
            "parameters": parameters,
            "requestBody": self._request_body(described),
            "responses": {**self._answers(described), **self._problems(described, is_narrow=_is_narrow(route))},
        }
        return {name: value for name, value in operation.items() if value or name == "security"}

    def _parameters(self, fields: Any, place: str) -> Iterator[Schema]:
        if fields is None:
            return
        _, schemas = msgspec.json.schema_components([fields])
        _limit(schemas, self._limits)
        schema = schemas[fields.__name__]
        for name, field in schema["properties"].items():
            is_required = bool(field.pop("required", False)) or name in schema["required"]
            if is_required:
                field.pop("default", None)
            default = {} if field.get("default") is None else {"default": field["default"]}
            yield _parameter(name, place, {**_present(field), **default}, is_required=is_required)

    def _request_body(self, described: Description) -> Schema | None:
        if not described.takes_body:
            return None
        if described.takes_files:
            return {"required": True, "content": {"multipart/form-data": {"schema": _FILES}}}
        if described.takes_bytes:
            return {"required": True, "content": {described.takes_bytes: {"schema": _BYTES}}}
        example = {} if described.example is None else {"example": _given(described.example)}
        schema = self._schemas[described.body or described.form]
        content_type = "application/json" if described.body else FORM
        return {"required": described.needs_body, "content": {content_type: {"schema": schema, **example}}}

    def _answers(self, described: Description) -> Schema:
        answer: Schema = {"description": HTTPStatus(described.status).phrase}
        if described.answer is not None:
            answer["content"] = {described.content_type: {"schema": self._schemas[described.answer]}}
        elif described.content_type != "application/json":
            answer["content"] = {described.content_type: {"schema": _BYTES}}
        if described.links:
            answer["headers"] = {"Link": {"description": _links(described.links), "schema": {"type": "string"}}}
        also = {str(status): {"description": text} for status, text in described.also.items()}
        return {str(described.status): answer, **also}

    def _problems(self, described: Description, *, is_narrow: bool) -> Schema:
        answers = {self._answer(refusal) for refusal in described.all_refusals}
        if is_narrow:
            answers.add(_NO_PATH)
        by_status: dict[int, list[str]] = {}
        for one in sorted(answers, key=lambda answer: (answer.status, answer.code)):
            by_status.setdefault(one.status, []).append(one.code)
        told = {str(status): problem_answer(HTTPStatus(status).phrase, codes) for status, codes in by_status.items()}
        return {**told, "default": problem_answer("Any other refusal")}

    def _answer(self, refusal: type[Refusal]) -> ProblemType:
        return next(self._refusals[kind] for kind in refusal.__mro__ if kind in self._refusals)


def problem_answer(description: str, codes: Sequence[str] = ()) -> Schema:
    """A refusal with one of these codes, or any."""
    schema: Schema = {"$ref": SCHEMAS + Problem.__name__}
    if codes:
        schema = {"allOf": [schema, {"properties": {"code": {"enum": list(codes)}}}]}
    return {"description": description, "content": {CONTENT_TYPE: {"schema": schema}}}


def _is_narrow(route: MethodsRoute) -> bool:
    return any(_path_schema(convertor) != {"type": "string"} for convertor in route.param_convertors.values())


def _path_parameters(route: MethodsRoute) -> Iterator[Schema]:
    for name, convertor in route.param_convertors.items():
        yield _parameter(name, "path", _path_schema(convertor))


def _path_schema(convertor: Convertor[Any]) -> Schema:
    if isinstance(convertor, IntegerConvertor):
        return {"type": "integer", "minimum": 1}
    pattern = {} if convertor.regex == StringConvertor.regex else {"pattern": f"^{convertor.regex}$"}
    return {"type": "string", **pattern}


def _parameter(name: str, place: str, schema: Schema, *, is_required: bool = True) -> Schema:
    description = schema.pop("description", None)
    told = {} if description is None else {"description": description}
    return {"name": name, "in": place, "required": is_required, **told, "schema": schema}


def _given(example: msgspec.Struct) -> Schema:
    """As a client would write it: without what it leaves to its default."""
    fields: Schema = msgspec.to_builtins(example)
    left_out = {
        field.encode_name
        for field in msgspec.structs.fields(example)
        if getattr(example, field.name) in (field.default, ())
    }
    return {name: value for name, value in fields.items() if name not in left_out}


def _links(relations: Sequence[str]) -> str:
    return "RFC 8288: " + ", ".join(f'rel="{one}"' for one in relations)


# OpenAPI 3.1 needs no `format` to say that a body is bytes; generators of clients know them by nothing else.
_BYTES: Schema = {"type": "string", "format": "binary"}
_FILES: Schema = {
    "type": "object",
    "description": "One or more files. The name of the field may be any.",
    "properties": {
        "files": {"type": "array", "minItems": 1, "items": {**_BYTES, "contentMediaType": "application/octet-stream"}}
    },
    "required": ["files"],
}
