"""The workers: threads that process the newest frame of each connection, the connections in turn."""

import asyncio
import threading
from typing import Protocol

from video_service.domain.fair_queue import FairQueue
from video_service.pipeline.frame_processor import FrameJob, FrameProcessor, FrameResult


class Owner(Protocol):
    """Whose frames they are."""

    frame_processor: FrameProcessor

    def processed(self, result: FrameResult) -> None:
        """Called on the event loop, in the order of the frames."""


class Workers:
    """They take their next frame themselves: waiting for the loop to hand it out would leave a core idle between."""

    def __init__(self, threads: int) -> None:
        """To be made on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._queue: FairQueue[Owner, FrameJob] = FairQueue()
        self._changed = threading.Condition()
        self._is_closing = False
        self._threads = [threading.Thread(target=self._work, name=f"video-{number}") for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, owner: Owner, job: FrameJob) -> FrameJob | None:
        """Let `job` be processed when its turn comes; the older one that it replaces."""
        with self._changed:
            replaced = self._queue.put(owner, job)
            self._changed.notify()
        return replaced

    def leave(self, owner: Owner) -> None:
        """Nothing more of `owner` is begun."""
        with self._changed:
            self._queue.leave(owner)

    def close(self) -> None:
        """Return when what is being processed is done."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            owner, job = turn
            result = owner.frame_processor.process(job)
            with self._changed:
                self._queue.done(owner)
            self._loop.call_soon_threadsafe(owner.processed, result)

    def _next(self) -> tuple[Owner, FrameJob] | None:
        """The next turn, waited for; None at the end."""
        with self._changed:
            while not self._is_closing:
                if (turn := self._queue.take()) is not None:
                    return turn
                self._changed.wait()
        return None
