"""Limits of the services that pages tell their scripts, which then refuse nothing late that is refused anyway."""

import msgspec


class PageLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Each is the service's own setting, but for `attachments_max`, which is the protocol's."""

    message_length_max: int
    picture_bytes_max: int
    file_bytes_max: int
    attachments_max: int = 20
