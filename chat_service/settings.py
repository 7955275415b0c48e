"""The settings of the chat service, and how long it waits for what."""

from typing import Annotated, Literal

import msgspec

from chat_service.actions.arrivals import PAUSE_S as ARRIVING_PAUSE_S
from chat_service.actions.closed_rooms import PAUSE_S as CLEARING_PAUSE_S
from chat_service.actions.erasing import PAUSE_S as ERASING_PAUSE_S
from chat_service.actions.link_cards import PAUSES_S as CARD_PAUSES_S
from chat_service.actions.presence import GRACE_S
from chat_service.actions.profile_news import INTERVAL_S
from chat_service.actions.searching import PAUSE_S as INDEXING_PAUSE_S
from chat_service.domain.calls import RING_S
from chat_service.domain.quotas import Quotas
from chat_service.domain.rates import Rates
from chat_service.domain.readers import RESUME_GRACE_S, RESUME_GRACE_S_MAX
from servicekit.connection_counts import LEASE_S
from servicekit.database import LongReads
from servicekit.settings import Limit, ReadTime, StoreSettings, SwitchableLimit


class ChatSettings(StoreSettings, frozen=True, kw_only=True):
    chat_database_url: str = ""  # in place of `database_url`
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    message_length_max: Annotated[int, msgspec.Meta(ge=1, le=16_000)] = 4_000
    messages_per_second: SwitchableLimit = 20
    messages_burst: Limit = 60
    drafts_per_second: SwitchableLimit = 2
    connections_per_person: SwitchableLimit = 20
    history_page_max: Limit = 200
    resume_events_max: Limit = 500
    long_reads_per_person: Limit = 4
    long_read_s_max: ReadTime = 5.0
    rooms_owned_max: Limit = 100
    rooms_joined_max: Limit = 300
    room_members_max: Limit = 10_000
    invitations_per_hour: SwitchableLimit = 30
    taken_names_per_hour: SwitchableLimit = 30
    reports_per_hour: SwitchableLimit = 30
    saved_chats_max: Limit = 1_000
    link_cards: Literal["on", "off"] = "on"
    blocks_max: Limit = 1_000
    drafts_max: Limit = 2_000
    notification_levels_max: Limit = 2_000
    reactions_per_person_max: Limit = 20
    reactions_per_message_max: Limit = 1_000

    @property
    def quotas(self) -> Quotas:
        return Quotas(**{name: getattr(self, name) for name in Quotas.__struct_fields__})

    @property
    def rates(self) -> Rates:
        return Rates(**{name: getattr(self, name) for name in Rates.__struct_fields__})

    @property
    def long_reads(self) -> LongReads:
        return LongReads(at_once_max=self.long_reads_per_person, time_s_max=self.long_read_s_max)


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long the service waits: for who may come back, for an answer, and before it looks or tries again."""

    presence_grace_s: float = GRACE_S
    profile_news_interval_s: float = INTERVAL_S
    ring_s: float = RING_S
    resume_grace_s: float = RESUME_GRACE_S
    resume_grace_s_max: float = RESUME_GRACE_S_MAX
    indexing_pause_s: float = INDEXING_PAUSE_S
    erasing_pause_s: float = ERASING_PAUSE_S
    arriving_pause_s: float = ARRIVING_PAUSE_S
    clearing_pause_s: float = CLEARING_PAUSE_S
    connection_lease_s: float = LEASE_S
    card_pauses_s: tuple[float, ...] = CARD_PAUSES_S


USUAL_WAITS = Waits()
