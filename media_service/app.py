"""The composition root: opens everything the media service works with, and closes it again."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from media_service.actions.avatars import Avatars
from media_service.actions.files import Files
from media_service.actions.housekeeping import Housekeeping
from media_service.actions.link_cards import LinkCards
from media_service.actions.list_followers import copy_orphaned_files, copy_profiles, follow_orders
from media_service.actions.remote_pictures import PATIENCE_S, RemotePictures
from media_service.actions.resumable_uploads import ResumableUploads
from media_service.actions.uploads import Uploads
from media_service.domain.files import KeptLimits
from media_service.file_processor import FileProcessor
from media_service.peers import DELETED_FILES_CHANNEL, ORDERS_CHANNEL, ORPHANED_FILES_CHANNEL, PROFILES_CHANNEL, Peers
from media_service.pictures import Pictures
from media_service.refusals import REFUSALS, as_problem
from media_service.routes import ROUTES
from media_service.settings import MediaSettings
from media_service.state import Limits, State
from media_service.store import (
    AvatarStore,
    BlobStore,
    FileStore,
    FollowedLists,
    LinkCardStore,
    ResumableUploadStore,
    UploadStore,
)
from servicekit.application import application
from servicekit.bus import Bus
from servicekit.database import Database
from servicekit.engines import open_database
from servicekit.peers import Peer
from servicekit.public_http_client import PublicHttpClient
from servicekit.server import connections, running
from servicekit.startup_errors import require_library

MIGRATIONS = Path(__file__).parent / "migrations"
_HEAD_BYTES_MAX = 16 * 1024  # what multipart puts around each file


def create_app(
    settings: MediaSettings,
    *,
    clock: Callable[[], float] = time.time,
    allowed_hosts: Collection[str] = (),
    patience_s: float = PATIENCE_S,
) -> ASGIApp:
    """`allowed_hosts` are those of remote pictures that need not be public; a reader waits `patience_s` for one."""
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=_body_bytes_max(settings),
        opened=lambda: _opened(settings, clock, allowed_hosts, patience_s),
    )


def _body_bytes_max(settings: MediaSettings) -> int:
    """Of the one path that takes a body; one file more, so that it is the form that counts them."""
    return (settings.upload_files_max + 1) * (settings.upload_file_bytes_max + _HEAD_BYTES_MAX)


@asynccontextmanager
async def _opened(
    settings: MediaSettings, clock: Callable[[], float], allowed_hosts: Collection[str], patience_s: float
) -> AsyncIterator[State]:
    opening = open_database(
        settings.store_of("media", "files.db"), MIGRATIONS, disk_free_bytes_min=settings.disk_free_bytes_min
    )
    with _processing(settings) as (pictures, processor):
        async with (
            opening as database,
            connections(settings, clock) as opened,
            aclosing(PublicHttpClient(allowed_hosts=allowed_hosts)) as outgoing,
            aclosing(
                _remote_pictures(settings, clock, AvatarStore(database), pictures, outgoing, patience_s)
            ) as remote_pictures,
            aclosing(_link_cards(clock, database, pictures, outgoing)) as link_cards,
        ):
            lists, avatars, bus = FollowedLists(database), AvatarStore(database), opened.bus
            peers = Peers(auth=Peer(opened.http, settings.auth_url), chat=Peer(opened.http, settings.chat_url))
            # The profiles are made of the files, in the next line.
            files = _files(clock, database, peers, bus, lambda: profiles.pull())  # noqa: PLW0108
            profiles = copy_profiles(lists, peers, files, database)
            orphaned_files = copy_orphaned_files(lists, peers, files, profiles, database)
            orders = follow_orders(lists, peers, database)
            await orders.listen(bus, ORDERS_CHANNEL)
            await profiles.listen(bus, PROFILES_CHANNEL)
            await orphaned_files.listen(bus, ORPHANED_FILES_CHANNEL, on_news=files.forget_readers)
            uploads = _uploads(settings, clock, database, processor, orphaned_files.pull)
            resumable_uploads = _resumable_uploads(settings, clock, database, uploads)
            housekeeping = Housekeeping(
                blobs=BlobStore(database), link_cards=link_cards, resumable_uploads=resumable_uploads, clock=clock
            )
            async with (
                aclosing(resumable_uploads),
                running(profiles.run(), orphaned_files.run(), orders.run(), housekeeping.run()),
            ):
                yield State(
                    authentication=opened.authentication,
                    avatars=_avatars(settings, avatars, files, remote_pictures, profiles.pull),
                    bus=bus,
                    database=database,
                    files=files,
                    replicas=(profiles, orphaned_files, orders),
                    limits=_limits(settings),
                    link_cards=link_cards,
                    profiles=profiles,
                    resumable_uploads=resumable_uploads,
                    uploads=uploads,
                )


@contextmanager
def _processing(settings: MediaSettings) -> Iterator[tuple[Pictures, FileProcessor]]:
    for library in ("PIL", "pi_heif"):
        require_library(library)
    pictures = Pictures(pixels_max=settings.picture_pixels_max, picture_s_max=settings.picture_s_max)
    processor = FileProcessor(pictures=pictures, picture_bytes_max=settings.picture_bytes_max)
    with closing(pictures), closing(processor):
        yield pictures, processor


def _files(
    clock: Callable[[], float],
    database: Database,
    peers: Peers,
    bus: Bus,
    pull_profiles: Callable[[], Awaitable[None]],
) -> Files:
    return Files(
        store=FileStore(database),
        blobs=BlobStore(database),
        avatars=AvatarStore(database),
        peers=peers,
        pull_profiles=pull_profiles,
        tell_of_deleted_files=lambda: bus.send(("PUBLISH", bus.channel(DELETED_FILES_CHANNEL), b"")),
        clock=clock,
    )


def _limits(settings: MediaSettings) -> Limits:
    return Limits(
        files_page_max=settings.files_page_max,
        stored_bytes_per_person=settings.stored_bytes_per_person,
        upload_file_bytes_max=settings.upload_file_bytes_max,
        upload_files_max=settings.upload_files_max,
    )


def _kept_limits(settings: MediaSettings) -> KeptLimits:
    return KeptLimits(bytes_max=settings.stored_bytes_per_person, files_max=settings.stored_files_per_person)


def _uploads(
    settings: MediaSettings,
    clock: Callable[[], float],
    database: Database,
    processor: FileProcessor,
    pull_orphaned_files: Callable[[], Awaitable[None]],
) -> Uploads:
    return Uploads(
        store=UploadStore(database),
        processor=processor,
        pull_orphaned_files=pull_orphaned_files,
        limits=_kept_limits(settings),
        clock=clock,
    )


def _resumable_uploads(
    settings: MediaSettings, clock: Callable[[], float], database: Database, uploads: Uploads
) -> ResumableUploads:
    return ResumableUploads(
        store=ResumableUploadStore(database),
        uploads=uploads,
        limits=_kept_limits(settings),
        file_bytes_max=settings.upload_file_bytes_max,
        as_problem=as_problem,
        clock=clock,
    )


def _avatars(
    settings: MediaSettings,
    store: AvatarStore,
    files: Files,
    remote_pictures: RemotePictures,
    pull_profiles: Callable[[], Awaitable[None]],
) -> Avatars:
    return Avatars(
        store=store,
        files=files,
        remote_pictures=remote_pictures,
        pull_profiles=pull_profiles,
        remote=settings.remote_avatars,
    )


def _link_cards(
    clock: Callable[[], float], database: Database, pictures: Pictures, outgoing: PublicHttpClient
) -> LinkCards:
    return LinkCards(store=LinkCardStore(database), pictures=pictures, outgoing=outgoing, clock=clock)


def _remote_pictures(
    settings: MediaSettings,
    clock: Callable[[], float],
    store: AvatarStore,
    pictures: Pictures,
    outgoing: PublicHttpClient,
    patience_s: float,
) -> RemotePictures:
    return RemotePictures(
        store=store,
        pictures=pictures,
        outgoing=outgoing,
        clock=clock,
        bytes_max=settings.remote_avatar_bytes_max,
        deadline_s=settings.remote_avatar_s_max,
        at_once=settings.remote_avatars_at_once,
        at_once_per_person=settings.remote_avatars_at_once_per_person,
        patience_s=patience_s,
    )
