"""The community: what this instance is called, who may become part of it, and who owns it."""

from collections.abc import Callable
from functools import partial

from auth_service.domain.instance import Instance, InstanceChange
from auth_service.domain.invitations import Invitation, NewInvitation
from auth_service.domain.roles import Actor
from auth_service.feed import Feed
from auth_service.links import Links
from auth_service.store import InstanceStore, InvitationStore
from servicekit.logs import get_logger

log = get_logger(__name__)


class Community:
    """All raise NotAllowed for what is not for the actor to do."""

    def __init__(
        self,
        *,
        instance: InstanceStore,
        invitations: InvitationStore,
        links: Links,
        feed: Feed,
        clock: Callable[[], float],
    ) -> None:
        self._instance = instance
        self._invitations = invitations
        self._links = links
        self._feed = feed
        self._clock = clock

    async def get_instance(self) -> Instance:
        return await self._instance.get()

    async def change_instance(self, actor: Actor, change: InstanceChange) -> Instance:
        changed = await self._instance.change(actor, change, now=self._clock())
        log.info("instance changed", by=actor.username, registration=changed.registration)
        return changed

    async def get_claim_url(self) -> str:
        """Whoever opens it and signs in becomes an owner: for who has the machine, and nobody else."""
        return self._links.claim_url((await self.get_instance()).claim_generation)

    async def check_claim(self, code: str) -> None:
        """Raises UnknownLink or LinkSpent."""
        await self._instance.check_claim(partial(self._links.is_claim_code, code))

    async def claim(self, actor: Actor, code: str) -> None:
        """The actor is an owner now. Of several at once exactly one succeeds. Raises UnknownLink or LinkSpent."""
        is_of = partial(self._links.is_claim_code, code)
        version = await self._instance.claim(actor, is_of, now=self._clock())
        log.info("claimed", username=actor.username, address=actor.address)
        self._feed.profile_changed(version)

    async def tell_whether_claimed(self) -> None:
        """For the log, which never has the link itself."""
        if not (await self.get_instance()).claimed:
            log.info("nobody owns this instance yet", see="python -m auth_service admin claim-link")

    async def invite(self, actor: Actor, new: NewInvitation) -> Invitation:
        """Raises TooOften."""
        invitation = await self._invitations.add(actor, new, code=self._links.new_code(), now=self._clock())
        log.info("invitation made", by=actor.username, uses_max=new.uses_max, room=new.room)
        return invitation

    async def get_invitation(self, code: str) -> tuple[Invitation, bool]:
        """With whether it is good now. Raises UnknownLink."""
        return await self._invitations.get(code, now=self._clock())

    async def list_invitations(self, actor: Actor, *, before: int, limit: int) -> list[Invitation]:
        """One's own; those of all for who may manage them. The newest first."""
        return await self._invitations.list_before(actor, before, limit=limit)

    async def end_invitation(self, actor: Actor, code: str) -> None:
        """Raises UnknownLink."""
        await self._invitations.end(actor, code, now=self._clock())
        log.info("invitation ended", by=actor.username)

    def is_good(self, invitation: Invitation) -> bool:
        """As far as it says itself."""
        return invitation.is_good(self._clock())
