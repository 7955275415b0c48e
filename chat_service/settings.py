"""The settings of the chat service."""

from typing import Annotated

import msgspec

from servicekit.settings import Limit, ReadTime, StoreSettings, SwitchableLimit


class ChatSettings(StoreSettings, frozen=True, kw_only=True):
    chat_database_url: str = ""  # in place of `database_url`
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    message_length_max: Annotated[int, msgspec.Meta(ge=1, le=16_000)] = 4_000
    messages_per_second: SwitchableLimit = 20
    messages_burst: Limit = 60
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
    saved_chats_max: Limit = 1_000
    reactions_per_person_max: Limit = 20
    reactions_per_message_max: Limit = 1_000
