"""Acts of chat: what moderators did there, copied into the audit."""

from auth_service.store import AuditStore
from auth_service.store.audit import ActOfChat
from servicekit.list_replica import KnownStores, ListReplica
from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer

ACTS_CHANNEL = "acts"


class _Acts(PageBody, frozen=True, kw_only=True):
    acts: list[ActOfChat]


def follow_acts_of_chat(audit: AuditStore, chat: Peer, known_stores: KnownStores) -> ListReplica[ActOfChat]:
    async def list_after(number: int) -> Page[ActOfChat]:
        body = await chat.read_page("/internal/acts", _Acts, after=number)
        return body.page(body.acts)

    return ListReplica(
        name=ACTS_CHANNEL,
        known_stores=known_stores,
        list_after=list_after,
        position=audit.acts_followed,
        restart=audit.forget_acts_followed,
        take=audit.take_acts,
    )
