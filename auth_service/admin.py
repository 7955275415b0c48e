"""`python -m auth_service admin …`: what whoever has the machine does on the store, beside the running service.

The instances that run notice it, and tell the others.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial

import msgspec

from auth_service import qr_codes
from auth_service.actions.community import Community
from auth_service.actions.moderation import Moderation
from auth_service.actions.password_resets import PasswordResets
from auth_service.app import community_on, links_of, moderation_on, open_store, resets_on, secret_of
from auth_service.domain.invitations import NewInvitation
from auth_service.domain.moderation import Ban, PeopleFilter, Person
from auth_service.domain.roles import THE_MACHINE, Role
from auth_service.feed import Feed
from auth_service.links import Links
from auth_service.passwords import STRONG, Passwords
from auth_service.settings import AuthSettings
from servicekit import logs
from servicekit.bus import Bus
from servicekit.commands import FurtherCommand

PAGE = 500
DAY_S = 24 * 3600


class Administration(msgspec.Struct, frozen=True):
    """What is open while a command runs."""

    community: Community
    links: Links
    moderation: Moderation
    password_resets: PasswordResets


Command = Callable[[Administration, argparse.Namespace], Awaitable[None]]


def admin_command(settings: AuthSettings) -> FurtherCommand:
    return FurtherCommand(
        "manage owners, people and links, beside the running service", _add_arguments, partial(_run, settings)
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, dest="admin_command", metavar="COMMAND")

    def add(name: str, run: Command, said: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=said)
        command.set_defaults(run=run)
        return command

    claim = add("claim-link", _claim_link, "the link that makes an owner of whoever opens it and signs in, once")
    claim.add_argument("--qr", action="store_true", help="with a QR code, as on a terminal")
    claim.add_argument("--if-unclaimed", action="store_true", help="nothing, where there is an owner")
    add("reset-link", _reset_link, "a link by which somebody chooses a new password").add_argument("username")
    role = add("role", _role, "give somebody a role")
    role.add_argument("username")
    role.add_argument("role", choices=[one.value for one in Role])
    ban = add("ban", _ban, "ban somebody, whoever they are; the last owner stays")
    ban.add_argument("username")
    ban.add_argument("--reason", default="")
    ban.add_argument("--erase-messages", action="store_true", help="take away all that they have said")
    add("unban", _unban, "end a ban").add_argument("username")
    invite = add("invite", _invite, "a link by which somebody may register")
    invite.add_argument("--uses", type=_from_1_to(10_000), default=1, metavar="N")
    invite.add_argument("--days", type=_from_1_to(365), default=7, metavar="N")
    users = add("users", _users, "list people: username, role, state, sessions, when they were last seen")
    users.add_argument("--query", default="", help="part of a username or nickname")
    users.add_argument("--role", choices=[one.value for one in Role])
    users.add_argument("--state", choices=["active", "banned"])


def _from_1_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"expected 1 to {most}")
        return int(text)

    return number


def _run(settings: AuthSettings, given: argparse.Namespace) -> None:
    logs.configure("auth", level="error", log_format="console")
    asyncio.run(_run_on_the_store(settings, given))


async def _run_on_the_store(settings: AuthSettings, given: argparse.Namespace) -> None:
    async with _administration(settings) as administration:
        await given.run(administration, given)


@asynccontextmanager
async def _administration(settings: AuthSettings) -> AsyncIterator[Administration]:
    links, feed, clock = links_of(settings, secret_of(settings)), Feed(Bus(settings.redis_url)), time.time
    with closing(Passwords(hasher=STRONG, waiting_max=1)) as passwords:
        async with open_store(settings) as database:
            yield Administration(
                community=community_on(database, settings, links, feed, clock),
                links=links,
                moderation=moderation_on(database, settings, feed, clock),
                password_resets=resets_on(database, passwords, links, feed, clock),
            )


async def _claim_link(administration: Administration, given: argparse.Namespace) -> None:
    instance = await administration.community.get_instance()
    if given.if_unclaimed and instance.claimed:
        return
    url = administration.links.claim_url(instance.claim_generation)
    _say(url)
    if given.qr or sys.stdout.isatty():
        _say(qr_codes.as_text(url).rstrip("\n"))


async def _reset_link(administration: Administration, given: argparse.Namespace) -> None:
    url, link = await administration.password_resets.make_link(THE_MACHINE, given.username)
    _say(f"{url} (until {_time(link.expires_at)})")


async def _role(administration: Administration, given: argparse.Namespace) -> None:
    standing = await administration.moderation.set_role(THE_MACHINE, given.username, Role(given.role))
    _say(f"{standing.username} is {standing.role}")


async def _ban(administration: Administration, given: argparse.Namespace) -> None:
    ban = Ban(given.reason, given.erase_messages)
    outcome = await administration.moderation.ban(THE_MACHINE, given.username, ban)
    _say(f"{outcome.username} is banned; {len(outcome.sessions_ended)} sessions ended")


async def _unban(administration: Administration, given: argparse.Namespace) -> None:
    await administration.moderation.end_ban(THE_MACHINE, given.username)
    _say(f"{given.username} is not banned")


async def _invite(administration: Administration, given: argparse.Namespace) -> None:
    new = NewInvitation(expires_in_s=given.days * DAY_S, uses_max=given.uses, room=None)
    invitation = await administration.community.invite(THE_MACHINE, new)
    url = administration.links.invitation_url(invitation.code)
    _say(f"{url} (until {_time(invitation.expires_at)})")


async def _users(administration: Administration, given: argparse.Namespace) -> None:
    wanted = PeopleFilter(given.query, Role(given.role) if given.role else None, given.state)
    after, is_last = "", False
    while not is_last:
        page = await administration.moderation.list_people(THE_MACHINE, wanted, after=after, limit=PAGE)
        for person in page:
            _say(_line(person))
        is_last = len(page) < PAGE
        after = page[-1].username if page else ""


def _line(person: Person) -> str:
    seen = "never" if person.last_seen_at is None else _time(person.last_seen_at)
    return f"{person.username:32} {person.role:9} {person.state:6} {person.sessions:4} {seen}"


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
