"""A browser without scripts: it keeps cookies, follows redirects, and sends forms as they stand on the page."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
from bs4 import BeautifulSoup, Tag

from tests.media_service.cleaning.pictures import encoded, painted

HEADERS = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en-GB,en;q=0.9"}
Files = Sequence[tuple[str, bytes]]
PICTURE = encoded(painted(), "PNG")
numbers = count(1)


class Shown:
    """A page as it was answered."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.url = answer.url
        self.source = answer.text
        self.html = BeautifulSoup(answer.text, "html.parser")
        for template in self.html("template"):  # which shows nothing to who has no scripts
            template.decompose()

    def one(self, selector: str) -> Tag:
        found = self.html.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector} in {self.url}"
        return found[0]

    def all(self, selector: str) -> list[Tag]:
        return list(self.html.select(selector))

    def text(self, selector: str) -> str:
        return self.one(selector).get_text(" ", strip=True)

    def texts(self, selector: str) -> list[str]:
        return [one.get_text(" ", strip=True) for one in self.all(selector)]

    def fault(self, field: str) -> str:
        """What is said beside the field, which is tied to it."""
        described = str(self.one(f'[name="{field}"][aria-invalid="true"]')["aria-describedby"]).split()
        return self.text(f"#{described[0]}")


class PlainBrowser:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.page: Shown

    async def go(self, path: str, **headers: str) -> Shown:
        answer = await self.http.get(path, headers=headers, follow_redirects=True)
        self.page = Shown(answer)
        for picture in self.page.all("noscript img") if "Sec-Purpose" not in headers else []:
            await self.http.get(str(picture["src"]), headers={"Referer": str(answer.url)})
        return self.page

    async def send(
        self, form: str, values: Mapping[str, str] | None = None, *, files: Files = (), press: str = ""
    ) -> Shown:
        """Send the form that the selector finds: its fields as they are, `values` typed over them.

        `press` is the selector of the button; only that one's own value is sent (HTML Standard, 4.10.21.4).
        """
        tag = self.page.one(form)
        fields = _fields(tag) | dict(values or {})
        if press:
            button = tag.select_one(press)
            assert button is not None, press
            fields[str(button["name"])] = str(button["value"])
        body: dict[str, Any] = {"data": fields}
        if tag.get("enctype") == "multipart/form-data":
            body["files"] = _files(tag, files)
        assert tag["method"] == "post"
        path = str(tag["action"])
        origin = str(self.http.base_url).rstrip("/")
        answer = await self.http.post(path, headers={"Origin": origin}, follow_redirects=True, **body)
        self.page = Shown(answer)
        return self.page

    async def sign_up(self, username: str, password: str = "Password123") -> None:
        await self.go("/sign-up")
        await self.send('form[action="/sign-up"]', {"username": username, "password": password})
        assert self.page.url.path == "/rooms/lobby"
        await self.go("/")


def _fields(form: Tag) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in form.select("input[name], textarea[name]"):
        if field.get("type") == "file" or (field.get("type") == "checkbox" and not field.has_attr("checked")):
            continue
        value = field.get_text() if field.name == "textarea" else str(field.get("value", "on"))
        found[str(field["name"])] = value
    return found


def _files(form: Tag, chosen: Files) -> list[tuple[str, tuple[str, bytes, str]]]:
    """As browsers do it: where none is chosen an empty one is sent."""
    name = str(form.select_one('input[type="file"]')["name"])  # type: ignore[index]
    return [(name, (filename, content, "image/png")) for filename, content in chosen or [("", b"")]]


@asynccontextmanager
async def plain_browser(url: str, language: str = "") -> AsyncIterator[PlainBrowser]:
    headers = {**HEADERS, **({"Accept-Language": language} if language else {})}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as http:
        yield PlainBrowser(http)


class Two:
    """Two people who know each other, each at a browser."""

    def __init__(self, ada: PlainBrowser, grace: PlainBrowser, names: tuple[str, str]) -> None:
        self.ada = ada
        self.grace = grace
        self.ada_name, self.grace_name = names

    async def write(self, text: str, files: list[tuple[str, bytes]] | None = None) -> Shown:
        """Ada to Grace."""
        await self.ada.go(f"/chat/{self.grace_name}")
        return await self.ada.send("#composer", {"message": text}, files=files or [])

    async def read(self) -> Shown:
        return await self.grace.go(f"/chat/{self.ada_name}")


def articles(page: Shown) -> list[str]:
    return page.texts('#log[role="log"] article[data-id][data-seq] .text')
