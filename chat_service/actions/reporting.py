"""Reporting: people tell the moderators, and these say what became of it."""

from collections.abc import Callable

from chat_service.actions.people import People
from chat_service.actions.submissions import Submissions
from chat_service.domain.refusals import NotAllowed
from chat_service.domain.reports import Report, ReportState
from chat_service.peers import Peers
from chat_service.store.reports import Reports
from servicekit.times import rfc3339


class Reporting:
    def __init__(
        self, store: Reports, people: People, peers: Peers, submissions: Submissions, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._people = people
        self._peers = peers
        self._submissions = submissions
        self._clock = clock

    async def report_message(self, username: str, message_id: int, reason: str) -> Report:
        """Raises UnknownMessage, AlreadyReported, ReportOfSelf, TooManyReports or TooManyMessages."""
        self._submissions.count(username)
        return await self._store.report_message(username, message_id, reason, now=rfc3339(self._clock()))

    async def report_person(self, username: str, whom: str, reason: str) -> Report:
        """Raises UnknownRecipient, and what the other one does."""
        self._submissions.count(username)
        person = await self._people.get(whom)
        return await self._store.report_person(username, person.username, reason, now=rfc3339(self._clock()))

    async def page(self, username: str, *, state: ReportState | None, before: int | None, limit: int) -> list[Report]:
        """Raises NotAllowed for who is no moderator, or Unavailable where that cannot be known."""
        await self._check(username)
        return await self._store.page(state=state, before=before, limit=limit)

    async def handle(self, username: str, report_id: int, *, state: ReportState, note: str) -> Report:
        """Raises UnknownReport, and as above."""
        await self._check(username)
        return await self._store.handle(report_id, state=state, note=note, by=username, now=rfc3339(self._clock()))

    async def _check(self, username: str) -> None:
        """What strangers confided is read by who is a moderator now, not by who was one a moment ago."""
        if not (await self._peers.standing(username)).moderates:
            raise NotAllowed
