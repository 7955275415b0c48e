"""The composition root: opens everything the auth service works with, and closes it again."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

from auth_service.actions.accounts import Accounts
from auth_service.actions.acts_of_chat import ACTS_CHANNEL, follow_acts_of_chat
from auth_service.actions.authentication import Authentication
from auth_service.actions.community import Community
from auth_service.actions.moderation import Moderation
from auth_service.actions.outside_writes import OutsideWrites
from auth_service.actions.password_resets import PasswordResets
from auth_service.actions.reminder import Reminder
from auth_service.actions.sessions import Sessions
from auth_service.common_passwords import LIBRARY, is_common
from auth_service.feed import Feed
from auth_service.links import Links
from auth_service.passwords import STRONG, Hasher, Passwords
from auth_service.peers import Chat, Media
from auth_service.refusals import REFUSALS
from auth_service.routes import ROUTES
from auth_service.secret import load_or_make_secret
from auth_service.settings import AuthSettings
from auth_service.state import State
from auth_service.store import (
    AccountStore,
    Admission,
    AuditStore,
    InstanceStore,
    InvitationStore,
    ModerationStore,
    OutsideWritesStore,
    PasswordResetStore,
    PeopleStore,
    SessionStore,
)
from auth_service.tokens import Tokens
from servicekit.application import application
from servicekit.bus import Bus
from servicekit.database import Database, LongReads
from servicekit.engines import open_database
from servicekit.hourly_rates import HourlyRate
from servicekit.peers import Peer
from servicekit.server import client_of_peers, running
from servicekit.startup_errors import make_private_folder, require_library

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: AuthSettings, *, clock: Callable[[], float] = time.time, hasher: Hasher = STRONG) -> ASGIApp:
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=settings.json_body_bytes_max,
        opened=lambda: _opened(settings, clock, hasher),
    )


@asynccontextmanager
async def _opened(settings: AuthSettings, clock: Callable[[], float], hasher: Hasher) -> AsyncIterator[State]:
    require_library(LIBRARY)
    secret = secret_of(settings)
    links = links_of(settings, secret)
    bus = Bus(settings.redis_url)
    feed = Feed(bus, clock=clock)
    async with open_store(settings) as database, client_of_peers() as http:
        tokens = Tokens(secret=secret, store=database.id, clock=clock, new_id=_new_id)
        with closing(Passwords(hasher=hasher, waiting_max=settings.passwords_waiting_max)) as passwords:
            account_store, session_store = AccountStore(database), SessionStore(database)
            accounts = Accounts(
                store=account_store,
                passwords=passwords,
                feed=feed,
                clock=clock,
                profile_changes=HourlyRate(
                    "profiles", settings.profile_changes_per_hour, bus=bus, clock=clock, monotonic=time.monotonic
                ),
            )
            sessions = Sessions(
                store=session_store,
                accounts=account_store,
                passwords=passwords,
                tokens=tokens,
                feed=feed,
                clock=clock,
                new_id=_new_id,
                token_lifetime_s=settings.token_lifetime_s,
                active_max=settings.sessions_listed_max,
            )
            moderation = moderation_on(database, settings, feed, clock)
            community = community_on(database, settings, links, feed, clock)
            reminder = Reminder(accounts=accounts, sessions=sessions, moderation=moderation, feed=feed)
            outside_writes = OutsideWrites(store=OutsideWritesStore(database), reminder=reminder)
            await community.tell_whether_claimed()
            acts = follow_acts_of_chat(AuditStore(database), Peer(http, settings.chat_url), database)
            async with running(bus.run(), reminder.run(), outside_writes.run(), moderation.forget_old(), acts.run()):
                await acts.listen(bus, ACTS_CHANNEL)
                yield State(
                    accounts=accounts,
                    admission=_admissions(settings, links),
                    authentication=Authentication(store=session_store, tokens=tokens, clock=clock),
                    chat=Chat(Peer(http, settings.chat_url)),
                    community=community,
                    links=links,
                    media=Media(Peer(http, settings.media_url)),
                    moderation=moderation,
                    password_resets=resets_on(database, passwords, links, feed, clock),
                    sessions=sessions,
                    rules=settings.rules(is_common_password=is_common),
                    database=database,
                    bus=bus,
                    key_set=tokens.key_set,
                )


def secret_of(settings: AuthSettings) -> str:
    """From which follow the signing key and the claim link. Raises CannotStart."""
    folder = settings.data_dir / "auth"
    make_private_folder(folder)  # hashes and the secret are nobody else's
    return settings.secret_key or load_or_make_secret(folder / "secret_key")


def links_of(settings: AuthSettings, secret: str) -> Links:
    return Links(secret=secret, public_url=settings.address_for_people, new_code=_new_id)


def moderation_on(database: Database, settings: AuthSettings, feed: Feed, clock: Callable[[], float]) -> Moderation:
    return Moderation(
        store=ModerationStore(database, bans_per_hour=settings.bans_per_hour),
        people=PeopleStore(database),
        audit=AuditStore(database),
        feed=feed,
        clock=clock,
    )


def community_on(
    database: Database, settings: AuthSettings, links: Links, feed: Feed, clock: Callable[[], float]
) -> Community:
    return Community(
        instance=InstanceStore(database, registration=settings.registration),
        invitations=InvitationStore(database, per_hour=settings.invitations_per_hour),
        links=links,
        feed=feed,
        clock=clock,
    )


def resets_on(
    database: Database, passwords: Passwords, links: Links, feed: Feed, clock: Callable[[], float]
) -> PasswordResets:
    return PasswordResets(
        store=PasswordResetStore(database),
        accounts=AccountStore(database),
        passwords=passwords,
        links=links,
        feed=feed,
        clock=clock,
    )


def _admissions(settings: AuthSettings, links: Links) -> Callable[[str | None], Admission]:
    def admission(code: str | None) -> Admission:
        code = (code or "").strip()
        return Admission(code, settings.registration, partial(links.is_claim_code, code))

    return admission


def _new_id() -> str:
    return secrets.token_urlsafe(16)


def open_store(settings: AuthSettings) -> AbstractAsyncContextManager[Database]:
    return open_database(
        settings.store_of("auth", "users.db"),
        MIGRATIONS,
        disk_free_bytes_min=settings.disk_free_bytes_min,
        long_reads=LongReads(at_once_max=settings.long_reads_per_person, time_s_max=settings.long_read_s_max),
    )
