"""A stand-in for the auth service, for the tests of those that ask it."""

import asyncio
import json
from contextlib import suppress
from itertools import count
from typing import Any

import httpx

from auth_service.tokens import Tokens
from tests.clock import NOW_S
from tests.waiting import eventually


class Auth:
    """A stand-in for the auth service: what the others ask of it, over real HTTP."""

    def __init__(self) -> None:
        self._new_id = map("jti-{}".format, count(1)).__next__
        self._store = "first"
        self._tokens = self._signer()
        self._versions = count(1)
        self._profiles: dict[str, dict[str, Any]] = {}
        self._revoked: list[str] = []
        self._orders: list[dict[str, Any]] = []
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await eventually(lambda: not self._writers)

    def _signer(self) -> Tokens:
        return Tokens(secret="of the tests", store=self._store, clock=lambda: NOW_S, new_id=self._new_id)

    def lose_store(self) -> None:
        """Another one takes its place, with the same secret."""
        self._store, self._profiles, self._versions = "second", {}, count(1)
        self._tokens = self._signer()

    def register(self, *names: str) -> None:
        for name in names:
            self.change(name, nickname=name, pfp=None)

    def change(self, name: str, *, nickname: str, pfp: str | None) -> None:
        self._put(name, nickname=nickname, pfp=pfp)

    def _put(self, name: str, **fields: Any) -> None:
        """Change some of a profile, at a new version."""
        known = self._profiles.get(name, {"username": name, "role": "member", "banned": False, "invited_to": None})
        self._profiles[name] = {**known, **fields, "version": next(self._versions)}

    def say(self, name: str, status: str) -> None:
        self._put(name, status=status)

    def set_role(self, name: str, role: str) -> None:
        self._put(name, role=role)

    def ban(self, name: str, *, banned: bool = True) -> None:
        self._put(name, banned=banned)

    def invite(self, name: str, room: str, **by: str) -> None:
        """Register somebody who comes by an invitation to the room."""
        self._put(name, nickname=name, pfp=None, invited_to=room, **by)

    def order(self, kind: str, name: str, until: str) -> int:
        """Its number."""
        number = len(self._orders) + 1
        self._orders.append({"number": number, "kind": kind, "username": name, "until": until})
        return number

    def erase(self, name: str) -> None:
        self.change(name, nickname=name, pfp="")
        self._profiles[name]["erased"] = True

    def revoke(self, session: str) -> None:
        """Only in the list; who is to know at once has to be told over Redis."""
        self._revoked.append(session)

    def token(self, name: str, *, session: str = "", expires_at: int = NOW_S + 900) -> str:
        session = session or f"session-of-{name}"
        return self._tokens.sign(username=name, session_id=session, now=NOW_S, expires_at=expires_at)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                url = httpx.URL(head.split()[1])
                self.asked.append(url.path)
                body = json.dumps(self._body(url)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
        self._writers.discard(writer)

    def _body(self, url: httpx.URL) -> Any:
        if url.path == "/.well-known/jwks.json":
            return self._tokens.key_set
        if url.path == "/internal/revocations":
            return {"revoked": self._revoked}
        if url.path.startswith("/internal/roles/"):
            profile = self._profiles[url.path.rpartition("/")[2]]
            return {"role": profile["role"], "banned": profile["banned"]}
        after, limit = int(url.params["after"]), int(url.params["limit"])
        if url.path == "/internal/orders":
            orders = [one for one in self._orders if one["number"] > after]
            return {"orders": orders[:limit], "store": "of the tests", "last": len(self._orders)}
        newer = [one for one in self._profiles.values() if one["version"] > after]
        last = max((one["version"] for one in self._profiles.values()), default=0)
        profiles = sorted(newer, key=lambda one: one["version"])[:limit]
        return {"profiles": profiles, "store": self._store, "last": last}
