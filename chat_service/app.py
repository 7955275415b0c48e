"""The composition of the chat service: what is opened, wired and closed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from chat_service.actions.attachments import Attachments
from chat_service.actions.calls import Calls
from chat_service.actions.chat import Chat, Limits
from chat_service.actions.clearing import PAUSE_S as CLEARING_PAUSE_S
from chat_service.actions.clearing import Clearing
from chat_service.actions.delivery import Delivery
from chat_service.actions.erasing import PAUSE_S as ERASING_PAUSE_S
from chat_service.actions.erasing import Erasing
from chat_service.actions.people import People
from chat_service.actions.presence import GRACE_S, Presence
from chat_service.actions.rooms import Rooms
from chat_service.actions.searching import PAUSE_S as INDEXING_PAUSE_S
from chat_service.actions.searching import Searching
from chat_service.domain.calls import RING_S
from chat_service.domain.changes import AnyDraft, Appended
from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import NotStored
from chat_service.feed import Feed
from chat_service.media import REMOVALS_NEWS, Media
from chat_service.profiles import NEWS_CHANNEL, Profiles
from chat_service.refusals import REFUSALS
from chat_service.routes import ROUTES
from chat_service.settings import ChatSettings
from chat_service.state import State
from chat_service.store.attachments import Attachments as AttachmentStore
from chat_service.store.closures import Closures
from chat_service.store.conversations import Conversations
from chat_service.store.erasures import Erasures
from chat_service.store.log import Log
from chat_service.store.people import PeopleStore
from chat_service.store.rooms import Rooms as RoomStore
from chat_service.store.search import Search
from chat_service.switchboard import Switchboard
from chat_service.websocket import RESUME_GRACE_S, RESUME_GRACE_S_MAX, ChatSocket
from chat_service.writer import GroupWriter
from servicekit.application import Application
from servicekit.database import Database
from servicekit.frames import CloseCode
from servicekit.middleware import BodyLimit, RequestContext
from servicekit.problems import exception_handlers
from servicekit.readers import LongReads
from servicekit.server import connections, running

MIGRATIONS = Path(__file__).parent / "migrations"


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long the service waits: for who may come back, for an answer, and before it looks or tries again."""

    presence_grace_s: float = GRACE_S
    ring_s: float = RING_S
    resume_grace_s: float = RESUME_GRACE_S
    resume_grace_s_max: float = RESUME_GRACE_S_MAX
    indexing_pause_s: float = INDEXING_PAUSE_S
    erasing_pause_s: float = ERASING_PAUSE_S
    clearing_pause_s: float = CLEARING_PAUSE_S


USUAL_WAITS = Waits()


def store_path(settings: ChatSettings) -> Path:
    return settings.data_dir / "chat" / "chat.db"


def create_app(
    settings: ChatSettings,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    waits: Waits = USUAL_WAITS,
) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with _opened(settings, clock, monotonic, waits) as state:
            yield state

    app = Application(
        routes=ROUTES,
        middleware=[Middleware(BodyLimit, bytes_max=settings.json_body_bytes_max)],
        exception_handlers=exception_handlers(REFUSALS),
        lifespan=lifespan,
    )
    return RequestContext(app)  # outermost: faults, too, are counted and carry their id


@asynccontextmanager
async def _opened(
    settings: ChatSettings, clock: Callable[[], float], monotonic: Callable[[], float], waits: Waits
) -> AsyncIterator[State]:
    database = Database(
        store_path(settings),
        MIGRATIONS,
        disk_free_bytes_min=settings.disk_free_bytes_min,
        long_reads=_long_reads(settings),
    )
    sockets: set[ChatSocket] = set()
    quotas = _quotas(settings)
    async with connections(settings, clock) as neighbours:
        feed, conversations, contacts = (
            Feed(neighbours.bus),
            Conversations(database),
            PeopleStore(database, quotas=quotas),
        )
        presence = Presence(store=contacts, feed=feed, grace_s=waits.presence_grace_s)
        delivery = Delivery(store=conversations, feed=feed, presence=presence)
        people = People(
            store=contacts,
            profiles=Profiles(http=neighbours.http, auth_url=settings.auth_url),
            known_stores=database,
        )
        attachments = Attachments(
            store=AttachmentStore(database), media=Media(http=neighbours.http, media_url=settings.media_url)
        )
        removals = attachments.follow_removals(database)
        searching = Searching(store=Search(database), pause_s=waits.indexing_pause_s)
        log = Log(quotas=quotas)
        writer: GroupWriter[AnyDraft, Appended] = GroupWriter(database=database, log=log, failure=NotStored())
        chat = Chat(
            conversations=conversations,
            contacts=contacts,
            people=people,
            presence=presence,
            delivery=delivery,
            writer=writer,
            limits=_limits(settings),
            clock=clock,
            monotonic=monotonic,
        )

        calls = Calls(
            chat=chat,
            delivery=delivery,
            presence=presence,
            switchboard=Switchboard(neighbours.bus),
            clock=clock,
            ring_s=waits.ring_s,
        )
        erasing = Erasing(
            store=Erasures(database),
            writer=writer,
            delivery=delivery,
            forget=log.forget,
            now=chat.now,
            pause_s=waits.erasing_pause_s,
        )
        people.on_erased(erasing.begin)
        clearing = Clearing(store=Closures(database), on_released=feed.tell_of_releases, pause_s=waits.clearing_pause_s)
        rooms = Rooms(
            store=RoomStore(database, quotas=quotas),
            chat=chat,
            people=people,
            invitations_per_hour=settings.invitations_per_hour,
            taken_names_per_hour=settings.taken_names_per_hour,
            monotonic=monotonic,
        )

        def on_revoked(session_id: str) -> None:
            for socket in [one for one in sockets if one.identity.session_id == session_id]:
                socket.end_session()

        def on_forgotten() -> None:
            for socket in list(sockets):
                socket.close(CloseCode.TRY_AGAIN_LATER, "who is who is not certain now")

        people.following.on_forgotten(on_forgotten)
        neighbours.authentication.on_revoked(on_revoked)
        neighbours.bus.on_connected(people.following.tell_of_news)
        neighbours.bus.on_connected(removals.tell_of_news)
        neighbours.bus.on_connected(calls.on_connected)
        following = (people.following.run(), removals.run())
        background = (searching.run(), erasing.run(), clearing.run(), calls.run())
        async with running(writer.run(chat.stored), *background, *following):
            await neighbours.bus.subscribe(NEWS_CHANNEL, lambda _: people.following.tell_of_news())
            await neighbours.bus.subscribe(REMOVALS_NEWS, lambda _: removals.tell_of_news())
            yield State(
                attachments=attachments,
                authentication=neighbours.authentication,
                bus=neighbours.bus,
                calls=calls,
                chat=chat,
                clock=clock,
                database=database,
                replicas=(people.following, removals),
                history_page_max=settings.history_page_max,
                resume_grace_s=waits.resume_grace_s,
                resume_grace_s_max=waits.resume_grace_s_max,
                profiles=people.following,
                rooms=rooms,
                searching=searching,
                sockets=sockets,
            )
            await calls.close()
            await presence.close()
            await delivery.close()
    database.close()


def _limits(settings: ChatSettings) -> Limits:
    return Limits(
        message_length_max=settings.message_length_max,
        messages_per_second=settings.messages_per_second,
        messages_burst=settings.messages_burst,
        connections_per_person=settings.connections_per_person,
        resume_events_max=settings.resume_events_max,
    )


def _quotas(settings: ChatSettings) -> Quotas:
    return Quotas(**{name: getattr(settings, name) for name in Quotas.__struct_fields__})


def _long_reads(settings: ChatSettings) -> LongReads:
    return LongReads(at_once_max=settings.long_reads_per_person, time_s_max=settings.long_read_s_max)
