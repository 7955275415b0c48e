"""What a client of tus does."""

from base64 import b64encode
from typing import Any

import httpx

from tests.media_service.gallery import Gallery
from tests.waiting import eventually

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = "application/offset+octet-stream"


def metadata(**values: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())


class Sender:
    """Of one person, at one instance."""

    def __init__(self, media: Gallery, name: str = "Ada") -> None:
        self.media = media
        self.name = name

    async def begin(self, length: object, *, filename: str = "stage.txt", **headers: str) -> httpx.Response:
        said = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(filename=filename), **headers}
        return await self.media.request(self.name, "POST", "/api/uploads", headers=said)

    async def location(self, length: int, **more: str) -> str:
        answer = await self.begin(length, **more)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def append(self, path: str, offset: object, data: Any, **headers: str) -> httpx.Response:
        said = {**TUS, "Upload-Offset": str(offset), "Content-Type": STREAM, **headers}
        return await self.media.request(self.name, "PATCH", path, content=data, headers=said)

    async def offset(self, path: str) -> int:
        answer = await self.media.request(self.name, "HEAD", path, headers=TUS)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"])

    async def outcome(self, path: str) -> httpx.Response:
        """Of what is whole: as soon as it is known."""
        answers: list[httpx.Response] = []

        async def is_known() -> bool:
            answers.append(await self.media.get(self.name, path))
            return answers[-1].status_code != 202

        await eventually(is_known)
        return answers[-1]
