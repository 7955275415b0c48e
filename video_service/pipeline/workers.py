"""The workers: threads that develop the newest frame of each connection, the connections in turn."""

import asyncio
import threading
from typing import Protocol

import cv2

from video_service.domain.turns import Turns
from video_service.pipeline.lens import Developed, Lens, Shot


class Owner(Protocol):
    """Whose frames they are."""

    lens: Lens

    def developed(self, developed: Developed) -> None:
        """Called on the event loop, in the order of the frames."""


class Workers:
    """They take their next frame themselves: waiting for the loop to hand it out would leave a core idle between."""

    def __init__(self, threads: int) -> None:
        """To be made on the event loop. OpenCV's own threads are switched off: these are as many as there are cores."""
        cv2.setNumThreads(1)
        self._loop = asyncio.get_running_loop()
        self._turns: Turns[Owner, Shot] = Turns()
        self._changed = threading.Condition()
        self._is_closing = False
        self._threads = [threading.Thread(target=self._work, name=f"video-{number}") for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, owner: Owner, shot: Shot) -> Shot | None:
        """Let `shot` be developed when its turn comes; the older one that it replaces."""
        with self._changed:
            replaced = self._turns.put(owner, shot)
            self._changed.notify()
        return replaced

    def leave(self, owner: Owner) -> None:
        """Nothing more of `owner` is begun."""
        with self._changed:
            self._turns.leave(owner)

    def close(self) -> None:
        """Return when what is being developed is done."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            owner, shot = turn
            developed = owner.lens.develop(shot)
            with self._changed:
                self._turns.done(owner)
            self._loop.call_soon_threadsafe(owner.developed, developed)

    def _next(self) -> tuple[Owner, Shot] | None:
        """The next turn, waited for; None at the end."""
        with self._changed:
            while not self._is_closing:
                if (turn := self._turns.take()) is not None:
                    return turn
                self._changed.wait()
        return None
