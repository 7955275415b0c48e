"""Moderation: bans and roles, what the other services are told to do, and what is kept of it all."""

import asyncio
from collections.abc import Callable, Sequence

from auth_service import metrics
from auth_service.domain.moderation import AuditEntry, Ban, BanOutcome, Order, PeopleFilter, Person
from auth_service.domain.roles import Actor, Role, Standing
from auth_service.feed import Feed
from auth_service.store import AuditStore, ModerationStore, PeopleStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger

FORGET_INTERVAL_S = 3600
log = get_logger(__name__)


class Moderation:
    """All raise NotAllowed for what is not for the actor to do, as it is when it is done."""

    def __init__(
        self,
        *,
        store: ModerationStore,
        people: PeopleStore,
        audit: AuditStore,
        feed: Feed,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._people = people
        self._audit = audit
        self._feed = feed
        self._clock = clock

    async def ban(self, actor: Actor, username: str, ban: Ban) -> BanOutcome:
        """Raises UnknownUser, LastOwner or TooOften. Whoever is banned already may have their messages erased."""
        outcome = await self._store.ban(actor, username, ban, now=self._clock())
        self._feed.sessions_ended(*outcome.sessions_ended)
        if outcome.version is not None:
            metrics.bans.inc()
            self._feed.profile_changed(outcome.version)
        if outcome.last_order is not None:
            self._feed.order_given(outcome.last_order)
        log.info("banned", username=outcome.username, by=actor.username, erases_messages=ban.erases_messages)
        return outcome

    async def end_ban(self, actor: Actor, username: str) -> None:
        """Raises UnknownUser."""
        version = await self._store.end_ban(actor, username, now=self._clock())
        if version is not None:
            log.info("ban ended", username=username, by=actor.username)
            self._feed.profile_changed(version)

    async def set_role(self, actor: Actor, username: str, role: Role) -> Standing:
        """Raises UnknownUser or LastOwner."""
        standing, version = await self._store.set_role(actor, username, role, now=self._clock())
        if version is not None:
            log.info("role changed", username=standing.username, role=role.value, by=actor.username)
            self._feed.profile_changed(version)
        return standing

    async def get_standing(self, username: str) -> Standing:
        """Raises UnknownUser."""
        return await self._store.get_standing(username)

    async def list_people(self, actor: Actor, wanted: PeopleFilter, *, after: str, limit: int) -> list[Person]:
        """By username, those behind `after`. Raises TooManyAtOnce or TookTooLong."""
        return await self._people.list_after(actor, wanted, after, now=self._clock(), limit=limit)

    async def get_person(self, actor: Actor, username: str) -> Person:
        """Raises UnknownUser."""
        return await self._people.get(actor, username, now=self._clock())

    async def count_people(self) -> dict[str, int]:
        """All, banned ones, and active sessions; for who runs the whole. Raises TookTooLong."""
        return await self._people.count(now=self._clock())

    async def list_audit(self, actor: Actor, *, before: int, limit: int) -> list[AuditEntry]:
        """The newest first."""
        return await self._audit.list_before(actor, before, now=self._clock(), limit=limit)

    async def orders_after(self, number: int, *, limit: int) -> Sequence[Order]:
        return await self._store.list_orders_after(number, limit=limit)

    async def last_order(self) -> int:
        """The number of the last one; 0 where none was given."""
        return await self._store.last_order()

    async def forget_old(self) -> None:
        """Until it is cancelled: what of the audit is old goes."""
        while True:
            try:
                await self._audit.forget_old(now=self._clock())
            except DatabaseError as fault:
                log.warning("nothing forgotten", reason=str(fault))
            await asyncio.sleep(FORGET_INTERVAL_S)
