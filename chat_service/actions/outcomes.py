"""Replies: who wants to know what became of an intent, and waiting for it."""

import asyncio
from typing import Protocol

from chat_service.domain.changes import Entry
from chat_service.domain.messages import StoredMessage
from servicekit.problems import Refusal


class OutcomeListener(Protocol):
    """Exactly one of the first three is called."""

    def stored(self, entry: Entry | None) -> None:
        """It is on disk, and those concerned are being told; None: there was nothing to change."""

    def repeated(self, message: StoredMessage) -> None:
        """It had been sent before, with the same nonce, and is on disk as `message`."""

    def refused(self, refusal: Refusal) -> None:
        """It is not stored."""

    def noted(self, refusal: Refusal) -> None:
        """It is stored, and this is worth knowing."""


class PendingOutcome:
    """A reply that can be awaited, of who has no connection to be answered on."""

    def __init__(self) -> None:
        self.entry: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()

    def stored(self, entry: Entry | None) -> None:
        if not self.entry.done():
            self.entry.set_result(entry)

    def repeated(self, message: StoredMessage) -> None:
        self.stored(message)

    def refused(self, refusal: Refusal) -> None:
        if not self.entry.done():
            self.entry.set_exception(refusal)

    def noted(self, refusal: Refusal) -> None:
        """A request is answered by then."""
