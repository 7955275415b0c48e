"""Seeding: the demonstration's content is told to a Parley over its public HTTP interface, as anybody else would."""

import asyncio
import re
from typing import Any

import httpx

from demo.content import FILES, HISTORY, MEMBERS, NAMES, PASSWORD, REACTIONS, ROOMS
from demo.pictures import PORTRAITS

_ANSWER = re.compile(r">(?P<back>\d+) ")  # other than a quote in Markdown


class Somebody:
    """A person of the demonstration, signed in."""

    def __init__(self, http: httpx.AsyncClient, username: str, token: str) -> None:
        self._http = http
        self.username = username
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        """What is answered; waits and tries again where that is all that is wanted."""
        while True:
            answer = await self._http.request(method, path, headers=self._headers, **body)
            if answer.status_code != 429:
                break
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def upload(self, name: str, content: bytes) -> dict[str, Any]:
        answer = await self.ask("POST", "/api/user/upload-files", files={"file": (name, content)})
        file: dict[str, Any] = answer["files"][0]
        return file


async def seed(url: str) -> None:
    """Tell the whole story to the Parley at `url`, where nobody of these names is yet."""
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        people = {username: await _sign_up(http, username, name) for username, name in NAMES.items()}
        for username, draw in PORTRAITS.items():
            file = await people[username].upload(f"{username}.png", draw())
            await people[username].ask("POST", "/api/update-avatar", data={"avatar_url": file["thumbnail_url"]})
        for owner, name, topic, private in ROOMS:
            await people[owner].ask("POST", "/api/rooms", json={"name": name, "topic": topic, "private": private})
            for member in MEMBERS[name]:
                await people[owner if private else member].ask("PUT", f"/api/rooms/{name}/members/{member}")
        for member in MEMBERS["lobby"]:
            await people[member].ask("PUT", f"/api/rooms/lobby/members/{member}")
        await _talk(people)


async def _sign_up(http: httpx.AsyncClient, username: str, name: str) -> Somebody:
    account = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    (await http.post("/api/register", json=account)).raise_for_status()
    answer = (await http.post("/api/login", data={"username": username, "password": PASSWORD})).raise_for_status()
    somebody = Somebody(http, username, answer.json()["access_token"])
    await somebody.ask("POST", "/api/update-nickname", data={"nickname": name})
    return somebody


async def _talk(people: dict[str, Somebody]) -> None:
    said: dict[frozenset[str], list[int]] = {}
    for sender, to, text in HISTORY:
        ids = said.setdefault(frozenset({to} if to.startswith("#") else {sender, to[1:]}), [])
        message: dict[str, Any] = {"message": text}
        if answered := _ANSWER.match(text):
            message = {"message": text[answered.end() :], "reply_to": ids[-int(answered["back"])]}
        if text in FILES:
            name, make = FILES[text]
            message["attachments"] = [(await people[sender].upload(name, make()))["id"]]
        kept = await people[sender].ask("POST", _path(to), json=message)
        ids.append(kept["id"])
        for username, emoji in REACTIONS.get(text, ()):
            there = to if to.startswith("#") or username == sender else f"@{sender}"
            await people[username].ask("PUT", f"{_path(there)}/{kept['id']}/reactions/{emoji}")


def _path(to: str) -> str:
    return f"/api/rooms/{to[1:]}/messages" if to.startswith("#") else f"/api/messages/{to[1:]}"
