"""Waiting for what an instance lists."""

from typing import Any

from tests.video_service.world import Instance
from tests.waiting import eventually


async def until_listed(video: Instance, *names: str, **fields: Any) -> None:
    async def is_so() -> bool:
        listed = await video.streams()
        return [one["name"] for one in listed] == [*names] and all(fields.items() <= one.items() for one in listed)

    await eventually(is_so)
