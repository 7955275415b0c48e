from typing import Any, TypedDict

import msgspec

from media_service.actions.avatars import Avatars
from media_service.actions.files import Files
from media_service.actions.link_cards import LinkCards
from media_service.actions.resumable_uploads import ResumableUploads
from media_service.actions.uploads import Uploads
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.database import Database
from servicekit.list_replica import ListReplica


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge counts."""

    files_page_max: int
    stored_bytes_per_person: int
    upload_file_bytes_max: int
    upload_files_max: int


class State(TypedDict):
    """What a request finds open."""

    authentication: Authentication
    avatars: Avatars
    bus: Bus
    database: Database
    files: Files
    limits: Limits
    link_cards: LinkCards
    profiles: ListReplica[Any]
    replicas: tuple[ListReplica[Any], ...]
    resumable_uploads: ResumableUploads
    uploads: Uploads
