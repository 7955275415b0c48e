"""Pictures as MJPEG sends them."""

import asyncio
from collections.abc import AsyncIterator

import httpx

from tests.video_service.scenes import Image, decoded

PART_HEAD = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"


async def parts(response: httpx.Response) -> AsyncIterator[Image]:
    """The pictures of a multipart answer, as they come."""
    buffer = b""
    async for data in response.aiter_raw():
        buffer += data
        while (end := buffer.find(b"\r\n" + PART_HEAD)) >= 0:  # with the head of the next, and no sooner
            assert buffer.startswith(PART_HEAD)
            yield decoded(buffer[len(PART_HEAD) : end])
            buffer = buffer[end + 2 :]


async def next_of(pictures: AsyncIterator[Image]) -> Image:
    async with asyncio.timeout(10):
        return await anext(pictures)
