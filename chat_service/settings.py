"""The settings of the chat service."""

from typing import Annotated

import msgspec

from servicekit.settings import Limit, Settings, SwitchableLimit


class ChatSettings(Settings, frozen=True, kw_only=True):
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    message_length_max: Annotated[int, msgspec.Meta(ge=1, le=16_000)] = 4_000
    messages_per_second: SwitchableLimit = 20
    messages_burst: Limit = 60
    connections_per_person: SwitchableLimit = 20
    history_page_max: Limit = 200
    resume_events_max: Limit = 500
