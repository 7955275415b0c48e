"""Lists of the services, a page at a time, and what leads to the next one."""

import re
from collections.abc import Collection, Mapping
from typing import TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import Query, ServiceFailed, tell

T = TypeVar("T")


async def get_list(
    page: PageRequest, path: str, kind: type[T], query: Query, passed_on: Collection[str]
) -> tuple[list[T], str]:
    """One page of a list, and the query of the next, which is empty behind the last. Raises Refused, Unavailable."""
    answer = await tell(page, "GET", path, query=query)
    try:
        found = msgspec.json.decode(answer.body, type=list[kind])  # type: ignore[valid-type]
    except msgspec.DecodeError:
        raise ServiceFailed("A service answered what nobody understands.") from None
    return found, _next_query(answer.headers, passed_on)


def _next_query(headers: Mapping[str, str], passed_on: Collection[str]) -> str:
    """Of the `Link` that leads on, those parts that a page knows; empty where none does (RFC 8288)."""
    found = re.search(r'<([^>]*)>; rel="next"', headers.get("link", ""))
    if found is None:
        return ""
    given = parse_qs(urlsplit(found[1]).query)
    return urlencode([(name, values[0]) for name, values in given.items() if name in passed_on])
