"""An issuer of tokens on a real port: it signs, lists what it revoked, and can be away, slow or wrong."""

import asyncio
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from launcher.ports import find_free

NOW = 1_800_000_000.0


class Key:
    """A signing key under its id."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._private = Ed25519PrivateKey.generate()

    def public(self) -> dict[str, Any]:
        return {**OKPAlgorithm.to_jwk(self._private.public_key(), as_dict=True), "kid": self.kid}

    def sign(self, **claims: Any) -> str:
        """A token for Ada's first session, good for a minute; `claims` replace or, as None, take away."""
        named = {"iss": "parley", "sub": "ada", "sid": "s1", "jti": "j", "iat": int(NOW), "exp": int(NOW) + 60}
        kept = {name: value for name, value in {**named, **claims}.items() if value is not None}
        return jwt.encode(kept, self._private, "EdDSA", headers={"kid": self.kid})


class Issuer:
    def __init__(self) -> None:
        self.key = Key("k1")
        self.keys: Any = [self.key.public()]
        self.revoked: Any = []
        self.asked: list[str] = []
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.port = find_free(1)[0]
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def is_asked_for(self, path: str, times: int = 1) -> None:
        """Return when it has been asked that often from now on."""
        wanted = self.asked.count(path) + times
        async with asyncio.timeout(5):
            while self.asked.count(path) < wanted:
                self.is_asked.clear()
                await self.is_asked.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        except asyncio.IncompleteReadError:  # who asks has ended
            writer.close()
            return
        answers = {"/.well-known/jwks.json": {"keys": self.keys}, "/internal/revocations": {"revoked": self.revoked}}
        body = msgspec.json.encode(answers[path])
        self.asked.append(path)
        self.is_asked.set()
        await self.may_answer.wait()
        status = "200 OK" if self.keys is not None else "500 Internal Server Error"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        writer.close()
