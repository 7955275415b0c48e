"""The composition root: opens everything the media service works with, and closes it again."""

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path

from starlette.types import ASGIApp

from media_service.actions.avatars import Avatars
from media_service.actions.files import Files
from media_service.actions.remote_pictures import RemotePictures
from media_service.actions.replicas import copy_profiles, copy_releases
from media_service.actions.uploads import Uploads
from media_service.peers import PROFILES_NEWS, RELEASES_NEWS, REMOVALS_NEWS, Peers
from media_service.pictures import Pictures
from media_service.refusals import REFUSALS
from media_service.routes import ROUTES
from media_service.settings import MediaSettings
from media_service.state import Limits, State
from media_service.store import AvatarStore, Store
from servicekit.application import application
from servicekit.database import Database
from servicekit.outgoing import Outgoing
from servicekit.peers import Peer
from servicekit.server import connections, running

MIGRATIONS = Path(__file__).parent / "migrations"
_HEAD_BYTES_MAX = 16 * 1024  # what multipart puts around each file


def store_path(settings: MediaSettings) -> Path:
    return settings.data_dir / "media" / "files.db"


def create_app(
    settings: MediaSettings, *, clock: Callable[[], float] = time.time, allowed_hosts: Collection[str] = ()
) -> ASGIApp:
    """`allowed_hosts` are those of remote pictures that need not be public."""
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=_body_bytes_max(settings),
        opened=lambda: _opened(settings, clock, allowed_hosts),
    )


def _body_bytes_max(settings: MediaSettings) -> int:
    """Of the one path that takes a body; one file more, so that it is the form that counts them."""
    return (settings.upload_files_max + 1) * (settings.upload_file_bytes_max + _HEAD_BYTES_MAX)


@asynccontextmanager
async def _opened(
    settings: MediaSettings, clock: Callable[[], float], allowed_hosts: Collection[str]
) -> AsyncIterator[State]:
    pictures = Pictures(pixels_max=settings.picture_pixels_max, picture_s_max=settings.picture_s_max)
    database = Database(store_path(settings), MIGRATIONS, disk_free_bytes_min=settings.disk_free_bytes_min)
    with (
        closing(database),
        closing(pictures),
    ):
        store, avatars = Store(database), AvatarStore(database)
        await store.abandon()  # what a kill left in the middle
        async with (
            connections(settings, clock) as opened,
            aclosing(Outgoing(allowed_hosts=allowed_hosts)) as outgoing,
            aclosing(_remote_pictures(settings, clock, avatars, pictures, outgoing)) as remote_pictures,
        ):
            bus = opened.bus
            peers = Peers(auth=Peer(opened.http, settings.auth_url), chat=Peer(opened.http, settings.chat_url))
            files = Files(
                store=store,
                avatars=avatars,
                peers=peers,
                pull_profiles=lambda: profiles.pull(),  # noqa: PLW0108 - it is made of the files, further down
                tell_of_removals=lambda: bus.send(("PUBLISH", bus.channel(REMOVALS_NEWS), b"")),
                clock=clock,
            )
            profiles = copy_profiles(store, avatars, peers, files, database)
            releases = copy_releases(store, avatars, peers, files, profiles, database)

            def on_hidden(_: bytes) -> None:
                files.forget_readers()
                releases.tell_of_news()

            bus.on_connected(profiles.tell_of_news)
            bus.on_connected(releases.tell_of_news)
            async with running(profiles.run(), releases.run()):
                await bus.subscribe(PROFILES_NEWS, lambda _: profiles.tell_of_news())
                await bus.subscribe(RELEASES_NEWS, on_hidden)
                yield State(
                    authentication=opened.authentication,
                    avatars=Avatars(
                        store=avatars,
                        files=files,
                        remote_pictures=remote_pictures,
                        pull_profiles=profiles.pull,
                        remote=settings.remote_avatars,
                    ),
                    bus=bus,
                    database=database,
                    files=files,
                    replicas=(profiles, releases),
                    limits=_limits(settings),
                    profiles=profiles,
                    uploads=Uploads(
                        store=store,
                        pictures=pictures,
                        pull_releases=releases.pull,
                        quota_bytes=settings.stored_bytes_per_person,
                        files_max=settings.stored_files_per_person,
                        clock=clock,
                    ),
                )


def _limits(settings: MediaSettings) -> Limits:
    return Limits(
        files_page_max=settings.files_page_max,
        stored_bytes_per_person=settings.stored_bytes_per_person,
        upload_file_bytes_max=settings.upload_file_bytes_max,
        upload_files_max=settings.upload_files_max,
    )


def _remote_pictures(
    settings: MediaSettings, clock: Callable[[], float], store: AvatarStore, pictures: Pictures, outgoing: Outgoing
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
    )
