"""Work in the background while the store refuses: it waits and goes on, and the store alone has told of it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest

from chat_service.actions.closed_rooms import ClosedRoomCleanup
from chat_service.actions.searching import Searching
from chat_service.store.closed_rooms import ClosedRooms
from chat_service.store.search import Search
from servicekit.problems import NotStored
from tests.waiting import eventually


class FullStore:
    """In place of both stores."""

    def __init__(self) -> None:
        self.asked = 0

    async def clear_some(self) -> bool:
        self.asked += 1
        raise NotStored

    index_some = clear_some


def cleaning(store: FullStore) -> Coroutine[Any, Any, None]:
    return ClosedRoomCleanup(store=cast("ClosedRooms", store), on_orphaned=lambda: None, pause_s=0).run()


def indexing(store: FullStore) -> Coroutine[Any, Any, None]:
    return Searching(store=cast("Search", store), pause_s=0).run()


@pytest.mark.parametrize("work", [cleaning, indexing])
async def test_what_the_disk_refuses_is_tried_again_and_not_told_again(
    work: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store = FullStore()
    running = asyncio.create_task(work(store))
    await eventually(lambda: store.asked > 2)
    running.cancel()
    await asyncio.wait([running])
    assert capsys.readouterr().out == ""
